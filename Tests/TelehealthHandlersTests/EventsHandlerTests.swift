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

@Suite("EventsService", .timeLimit(.minutes(3))) struct EventsHandlerTests {
    private func joined(_ service: SimulatedService, _ number: Int) throws -> String {
        let state = try service.visit
        let user = try #require(state.participants.first { $0.role == .client }).externalUserID
        return service.clinic.event("AttendeeJoined", of: state, user: user, number: number)
    }

    @Test func `a batch is counted by what became of each entry, and an entry counts once`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (first, second) = (try joined(service, 1), try joined(service, 2))
        let unknown = second.replacing("chime:AttendeeJoined", with: "chime:SomethingNew")
            .replacing("fuzz-2", with: "fuzz-3")
        let batch = Telehealth_V1_IngestMeetingEventsRequest.with { $0.events = [first, "no JSON", second, first, unknown] }
        let answer = try await service.desk.events.ingest(batch)
        #expect(
            answer
                == .with {
                    $0.accepted = 2
                    $0.duplicates = 1
                    $0.ignored = 1
                    $0.ignoredByReason = [.with { ($0.reason, $0.count) = (.unknownType, 1) }]
                    $0.malformed = [.with { ($0.index, $0.reason) = (1, .notJson) }]
                })
        let again = try await service.admin.events.ingest(.with { $0.events = [first, second] })
        #expect(again == .with { $0.duplicates = 2 })
    }

    @Test func `each reason to ignore or to refuse an entry has its own word`() {
        let ignored = EventIntakeReport.IgnoredReason.allCases.map(\.wire)
        let malformed = EventIntakeReport.MalformedReason.allCases.map(\.wire)
        #expect(Set(ignored).count == ignored.count && ignored.allSatisfy { $0.isRecognized && $0 != .unspecified })
        #expect(Set(malformed).count == malformed.count && malformed.allSatisfy { $0.isRecognized && $0 != .unspecified })
    }

    @Test func `an empty batch is refused`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let refused = await refusal { try await service.desk.events.ingest(.init()) }
        #expect(refused == .fields("events"))
    }
}
