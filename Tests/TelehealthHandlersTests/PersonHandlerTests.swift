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

@Suite("PersonService", .timeLimit(.minutes(3))) struct PersonHandlerTests {
    private func export(_ client: TelehealthClient, _ person: String) async throws -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        for try await piece in client.people.exportRecord(person) { pieces.append(piece) }
        return pieces
    }

    @Test func `the pieces of a record are one FHIR bundle of the person's consents, visits and accesses`()
        async throws
    {
        let service = try await SimulatedService(stage: .over)
        let pieces = try await export(service.admin, "client-1")
        #expect(pieces.dropLast().allSatisfy { $0.count == 64 * 1024 })
        let text = String(decoding: pieces.joined(), as: UTF8.self)
        #expect(text.hasPrefix(#"{"#) && text.hasSuffix("}"))
        #expect(text.contains(#""resourceType":"Bundle""#))
        for kind in ["Consent", "Encounter", "AuditEvent"] {
            #expect(text.contains(#""resourceType":"\#(kind)""#), "\(kind)")
        }
        #expect(text.contains(try service.sessionID))
    }

    @Test func `a record that is longer than one message comes in several`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        for _ in 0..<200 { _ = try await service.patient.sessions.get(.with { $0.key = .sessionID(visit) }) }
        let pieces = try await export(service.admin, "client-1")
        #expect(pieces.count > 1)
        #expect(pieces.joined().last == UInt8(ascii: "}"))
    }

    @Test func `somebody else's record is not found`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let error = await #expect(throws: RPCError.self) { try await export(service.stranger, "client-1") }
        #expect(error.map(Refusal.init) == Refusal(.notFound, "PERSON_NOT_FOUND"))
    }

    @Test func `an empty id is refused before anything is read`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let error = await #expect(throws: RPCError.self) { try await export(service.admin, "") }
        #expect(error.map(Refusal.init) == .fields("person_id"))
    }
}
