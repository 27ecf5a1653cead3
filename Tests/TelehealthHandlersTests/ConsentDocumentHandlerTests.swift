import Crypto
import ProtobufWire
import RPCModel
import ServiceSimulation
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

@Suite("ConsentDocumentService", .timeLimit(.minutes(3))) struct ConsentDocumentHandlerTests {
    private typealias Put = Telehealth_V1_PutConsentDocumentRequest

    private static func put(_ version: String, language: String = "en-US", text: String = "I agree.", after: Int64? = nil)
        -> Put
    {
        .with {
            $0.type = "recording"
            $0.version = version
            $0.language = language
            $0.text = text
            if let after { $0.effectiveTime = .with { $0.seconds = 1_795_424_400 + after } }
        }
    }

    private static func hash(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    private func list(
        _ service: SimulatedService, _ ask: (inout Telehealth_V1_ListConsentDocumentsRequest) -> Void
    ) async throws -> [String] {
        let request = Telehealth_V1_ListConsentDocumentsRequest.with(ask)
        return try await service.patient.consentDocuments.list(request).documents
            .map { "\($0.type) \($0.version) \($0.language)" }
    }

    @Test func `every field of a text is kept, its language in canonical form, and read again`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let request = Self.put("2.0", language: "ES-us", text: "De acuerdo.", after: 60)
        let put = try await service.once(request) { try await service.admin.consentDocuments.put($0) }
        let expected = Telehealth_V1_ConsentDocument.with {
            $0.view = .full
            $0.type = "recording"
            $0.version = "2.0"
            $0.language = "es-US"
            $0.text = "De acuerdo."
            $0.textSha256 = Self.hash("De acuerdo.")
            $0.effectiveTime = request.effectiveTime
            $0.createTime = service.now
            $0.createCaller = "admin"
        }
        #expect(put.document == expected)
        let read = try await service.patient.consentDocuments.get(
            .with { ($0.type, $0.version, $0.language) = ("recording", "2.0", "es-US") })
        #expect(read.document == expected)
    }

    @Test func `the text in force is the newest that has begun, in the asked language or in English`() async throws {
        let service = try await SimulatedService(stage: .empty)
        await service.clinic.live(for: .seconds(1))
        _ = try await service.admin.consentDocuments.put(Self.put("2.0", text: "Now.", after: 1))
        _ = try await service.admin.consentDocuments.put(Self.put("3.0", text: "Later.", after: 60))
        func text(_ language: String) async throws -> String? {
            try await service.patient.consentDocuments.get(
                .with { ($0.type, $0.language) = ("recording", language) }
            ).document?.text
        }
        #expect(try await text("") == "Now.")
        #expect(try await text("en-US") == "Now.")
        await service.clinic.live(for: .seconds(60))
        #expect(try await text("en-US") == "Later.")
    }

    @Test func `another text under a version that exists is refused`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let refused = await refusal {
            try await service.admin.consentDocuments.put(Self.put("1.0", text: "I do not."))
        }
        #expect(refused == Refusal(.alreadyExists, "DOCUMENT_VERSION_EXISTS"))
    }

    @Test func `a listing shows no wording and holds to type, language and what is in force`() async throws {
        let service = try await SimulatedService(stage: .empty)
        await service.clinic.live(for: .seconds(1))
        _ = try await service.admin.consentDocuments.put(Self.put("2.0", text: "Newer.", after: 1))
        _ = try await service.admin.consentDocuments.put(Self.put("2.0", language: "es", text: "Nuevo.", after: 1))
        let whole = try await service.patient.consentDocuments.list(.with { $0.type = "recording" }).documents
        #expect(whole.allSatisfy { $0.view == .basic && $0.text.isEmpty && $0.textSha256.count == 32 })
        #expect(
            try await list(service) { $0.type = "recording" }
                == ["recording 2.0 en-US", "recording 2.0 es", "recording 1.0 en-US"])
        #expect(
            try await list(service) { ($0.type, $0.inForceOnly) = ("recording", true) }
                == ["recording 2.0 en-US", "recording 2.0 es"])
        #expect(try await list(service) { ($0.type, $0.language) = ("recording", "es") } == ["recording 2.0 es"])
        #expect(Set(try await list(service) { $0.inForceOnly = true }).isSuperset(of: ["recording 2.0 es"]))
    }

    @Test func `pages of a listing hold every text once, and a token fits no other listing`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let all = try await list(service) { _ in }
        #expect(all.count > 2)
        let paged = try await pages { token in
            let page = try await service.patient.consentDocuments.list(
                .with { ($0.pageSize, $0.pageToken) = (2, token) })
            return (page.documents.map { "\($0.type) \($0.version) \($0.language)" }, page.nextPageToken)
        }
        #expect(paged.flatMap(\.self) == all && paged.dropLast().allSatisfy { $0.count == 2 })
        let token = try await service.patient.consentDocuments.list(.with { $0.pageSize = 2 }).nextPageToken
        let strange = await refusal {
            try await service.patient.consentDocuments.list(.with { ($0.type, $0.pageToken) = ("recording", token) })
        }
        #expect(strange == .pageTokenInvalid)
    }

    @Test func `a text that nobody registered is not found, and a type that nobody knows is refused`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let unknown = await refusal {
            try await service.patient.consentDocuments.get(.with { ($0.type, $0.version) = ("recording", "9") })
        }
        #expect(unknown == Refusal(.notFound, "DOCUMENT_NOT_FOUND"))
        let strange = await refusal {
            try await service.patient.consentDocuments.get(.with { $0.type = "no_such_type" })
        }
        #expect(strange == .fields("type"))
    }

    @Test func `wrong fields of a text are all named`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let refused = await refusal {
            try await service.admin.consentDocuments.put(
                .with { ($0.type, $0.version, $0.language, $0.text) = ("nothing", "1", "not a language", "  ") })
        }
        #expect(refused == .fields("type", "language", "text"))
    }

    @Test func `the policies of the places say what each asks for, and which place is home`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let answer = try await service.patient.consentDocuments.listPlacePolicies()
        #expect(answer.homePlace == "US-GA")
        #expect(answer.policies.map(\.place) == ["US-CA", "US-GA", "default"])
        let home = try #require(answer.policies.first { $0.place == "US-GA" })
        #expect(!home.version.isEmpty && !home.title.isEmpty && home.ageOfMajority == 18)
        #expect(home.timeZones == ["America/New_York"])
        let known = Set(home.citations.map(\.id))
        #expect(known.count == home.citations.count && home.citations.allSatisfy { !$0.source.isEmpty && !$0.says.isEmpty })
        #expect(home.requirements.allSatisfy { Set($0.citationIds).isSubset(of: known) })
        #expect(
            home.requirements.first
                == .with {
                    $0.action = .join
                    $0.roles = [.client]
                    $0.types = ["georgia_telehealth"]
                    $0.methods = [.electronic, .paper]
                    $0.validity = .with { $0.seconds = 365 * 86_400 }
                    $0.renewalWindow = .with { $0.seconds = 30 * 86_400 }
                    $0.versionGrace = .with { $0.seconds = 30 * 86_400 }
                    $0.citationIds = ["telehealth-act", "telemental-health", "medicaid-telehealth"]
                })
        #expect(
            home.evidence == [
                .with { ($0.method, $0.required) = (.paper, [.scanReference]) },
                .with { ($0.method, $0.required) = (.verbal, [.note]) },
            ])
    }
}
