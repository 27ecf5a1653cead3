import GRPCStandardAPI
import ProtobufWire
import RPCModel
import ServiceSimulation
import Synchronization
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

extension SimulatedService {
    /// A client of the service for one caller, which makes one attempt: what is refused is the test's to see.
    func client(_ role: Role, _ id: String) -> TelehealthClient { client(token: People.token(role, id)) }

    func client(token: String) -> TelehealthClient {
        var configuration = ClientConfiguration(target: "unused")
        configuration.maxAttempts = 1
        return TelehealthClient(over: channel, configuration: configuration, tokens: FixedToken(token))
    }

    var desk: TelehealthClient { client(.service, "desk") }
    var scheduler: TelehealthClient { client(.scheduler, "scheduler") }
    var admin: TelehealthClient { client(.admin, "admin") }
    /// The clinician of the clinic's appointment.
    var clinician: TelehealthClient { client(.clinician, "clinician-1") }
    var otherClinician: TelehealthClient { client(.clinician, "clinician-2") }
    /// The client of the clinic's appointment.
    var patient: TelehealthClient { client(.client, "client-1") }
    var guardian: TelehealthClient { client(.client, "guardian-1") }
    /// A client with no visit here.
    var stranger: TelehealthClient { client(.client, "client-2") }

    /// The clinic's visit.
    var visit: SessionState {
        get throws { try #require(clinic.rows.sessions.last) }
    }

    var sessionID: String { get throws { try visit.session.id.rawValue } }

    func participantID(_ role: ParticipantRole) throws -> String {
        try #require(try visit.participants.last { $0.role == role }).id.rawValue
    }

    var now: Google_Protobuf_Timestamp { clinic.time.now.wire }

    /// Makes a call that waits for the video provider, whose work is done meanwhile.
    func working<Answer: Sendable>(
        _ call: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        let isDone = Atomic(false)
        async let outcome = Self.outcome(isDone, call)
        while !isDone.load(ordering: .acquiring) {
            await clinic.work()
            await Task.yield()
        }
        return try await outcome.get()
    }

    private static func outcome<Answer: Sendable>(
        _ isDone: borrowing Atomic<Bool>, _ call: @Sendable () async throws -> Answer
    ) async -> Result<Answer, any Error> {
        defer { isDone.store(true, ordering: .releasing) }
        do { return .success(try await call()) } catch { return .failure(error) }
    }

    /// Makes a changing call three times under one request id: the repeat is given the first answer and changes
    /// nothing, and another body under the same id is refused.
    ///
    /// - Returns: the answer.
    func once<Request: ChangingRequest, Response: Message>(
        _ request: Request, sourceLocation: SourceLocation = #_sourceLocation,
        _ call: @Sendable (Request) async throws -> Response
    ) async throws -> Response {
        var request = request
        request.requestID = "5f1b6a52-0f3c-4f0e-9a55-0e2f8d1c7b31"
        let made = request
        let first = try await call(made)
        let rows = clinic.rows
        let repeated = try await call(made)
        #expect(repeated == first, "the repeat's answer", sourceLocation: sourceLocation)
        #expect(clinic.rows.isSame(as: rows), "the repeat changed something", sourceLocation: sourceLocation)
        // A field of a later version is part of the body.
        request.unknownFields.append(field: 2_000, varint: 1)
        let other = request
        let refused = await refusal { try await call(other) }
        #expect(refused == Refusal(.invalidArgument, "REQUEST_ID_REUSED"), sourceLocation: sourceLocation)
        return first
    }
}

extension SimulatedClinic.Rows {
    /// Whether nothing that a call can change is another; reading is kept in the audit log alone.
    func isSame(as other: Self) -> Bool {
        appointments == other.appointments && sessions == other.sessions && consents == other.consents
            && documents == other.documents && deadEffects == other.deadEffects
    }
}

/// How a call was refused, with everything that a program may read of it.
struct Refusal: Hashable, CustomTestStringConvertible {
    var code: RPCError.Code
    var reason: String
    var metadata: [String: String] = [:]
    var fields: [String] = []
    var missing: [String] = []

    init(
        _ code: RPCError.Code, _ reason: String, _ metadata: [String: String] = [:], fields: [String] = [],
        missing: [String] = []
    ) {
        self.code = code
        self.reason = reason
        self.metadata = metadata
        self.fields = fields
        self.missing = missing
    }

    init(_ error: RPCError) {
        code = error.code
        reason = error.reason ?? ""
        metadata = error.errorInfo?.metadata.dictionary ?? [:]
        fields = error.badFields.map(\.field)
        missing = error.missingConsents.map { "\($0.type) of \($0.personID)" }
    }

    var testDescription: String { "\(code) \(reason) \(metadata) \(fields) \(missing)" }

    /// A request whose fields are wrong.
    static func fields(_ names: String...) -> Refusal { Refusal(.invalidArgument, "INVALID_FIELD", fields: names) }
    static let noSession = Refusal(.notFound, "SESSION_NOT_FOUND")
    static let notAllowed = Refusal(.permissionDenied, "NOT_ALLOWED")
    static let pageTokenInvalid = Refusal(.invalidArgument, "PAGE_TOKEN_INVALID")
    static func invalidState(_ status: String) -> Refusal {
        Refusal(.failedPrecondition, "INVALID_STATE", ["status": status])
    }
}

/// The refusal of a call; nil when it was answered.
func refusal<Answer>(_ call: () async throws -> Answer) async -> Refusal? {
    do {
        _ = try await call()
    } catch let error as RPCError {
        return Refusal(error)
    } catch {
        Issue.record(error)
    }
    return nil
}

/// Every page of a listing, one after another.
///
/// - Parameter page: asks for the page of a token; gives its rows and the next token.
func pages<Row>(_ page: (String) async throws -> (rows: [Row], next: String)) async throws -> [[Row]] {
    var pages: [[Row]] = []
    var token = ""
    repeat {
        let (rows, next) = try await page(token)
        pages.append(rows)
        token = next
        try #require(pages.count < 100, "the listing has no end")
    } while !token.isEmpty
    return pages
}
