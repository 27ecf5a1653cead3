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

@Suite("OperationsService", .timeLimit(.minutes(3))) struct OperationsHandlerTests {
    /// What long work reported, in its order.
    private final class Told: Sendable {
        private let list = Mutex<[Telehealth_V1_WorkProgress]>([])
        var all: [Telehealth_V1_WorkProgress] { list.withLock { $0 } }
        var note: WorkProgressReport { { progress in self.list.withLock { $0.append(progress) } } }
    }

    @Test func `the status has every figure of the database in its own field`() async throws {
        let service = try await SimulatedService(stage: .refused)
        let care = service.care
        care.condition.space = StoreSpace(free: 11, size: 12)
        care.condition.statistics.commits = 1
        care.condition.statistics.decisions = 2
        care.condition.statistics.conflicts = 3
        care.condition.statistics.commitMean = .milliseconds(4)
        care.condition.statistics.commitMax = .milliseconds(5)
        care.condition.statistics.queuedWrites = 6
        care.condition.statistics.refusedWrites = 7
        care.condition.statistics.walPages = 8
        let failed = service.clinic.rows.deadEffects.count
        let status = try await service.admin.operations.getServiceStatus()
        #expect(failed > 0 && status.failedOperations == failed)
        #expect(
            status
                == .with {
                    $0.startTime = status.startTime
                    $0.writable = true
                    $0.storeState = .writable
                    $0.storeFreeBytes = 11
                    $0.storeSizeBytes = 12
                    $0.pendingOperations = status.pendingOperations
                    $0.failedOperations = Int64(failed)
                    $0.database = .with {
                        $0.commits = 1
                        $0.decisions = 2
                        $0.conflicts = 3
                        $0.commitMean = .with { $0.nanos = 4_000_000 }
                        $0.commitMax = .with { $0.nanos = 5_000_000 }
                        $0.queuedWrites = 6
                        $0.refusedWrites = 7
                        $0.walPages = 8
                    }
                })
    }

    @Test func `the status names the start of the service and the watches that are open`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let begun = service.now
        await service.clinic.live(for: .seconds(30))
        var status = try await service.admin.operations.getServiceStatus()
        #expect(status.startTime == begun && status.openWatches == 0)
        var watch = service.clinician.sessions.watch(try service.sessionID).makeAsyncIterator()
        _ = try await watch.next()
        status = try await service.admin.operations.getServiceStatus()
        #expect(status.openWatches == 1)
    }

    @Test(arguments: [(StoreState.full, Telehealth_V1_StoreState.full), (.readOnly, .readOnly)])
    func `a store that takes no changes is told, though the audit row of asking cannot be written`(
        state: StoreState, wire: Telehealth_V1_StoreState
    ) async throws {
        let service = try await SimulatedService(stage: .empty)
        service.care.condition.state = state
        service.clinic.failRecording(with: .full)
        let status = try await service.admin.operations.getServiceStatus()
        #expect(!status.writable && status.storeState == wire)
    }

    @Test func `nobody learns of a store that works when asking cannot be recorded`() async throws {
        let service = try await SimulatedService(stage: .empty)
        service.clinic.failRecording(with: .full)
        let refused = await refusal {
            try await service.admin.operations.getServiceStatus()
        }
        #expect(refused?.code == .unavailable && refused?.reason == "AUDIT_UNAVAILABLE")
    }

    @Test func `a backup tells how far it is, then what it made, and a repeat copies nothing`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let told = Told()
        let backup = try await service.once(Telehealth_V1_BackupDatabaseRequest()) {
            try await service.admin.operations.backUpDatabase($0, progress: told.note)
        }
        #expect(backup == .with { ($0.fileName, $0.byteCount) = ("telehealth-20261123T090000.000000Z.db", 4096) })
        #expect(told.all.contains(.with { ($0.phase, $0.done, $0.total) = (.copying, 4096, 4096) }))
    }

    @Test func `a check tells what is wrong, a sentence each`() async throws {
        let service = try await SimulatedService(stage: .empty)
        service.care.condition.problems = ["row 1 is missing from index a", "row 2 is missing from index b"]
        let told = Told()
        let problems = try await service.admin.operations.checkDatabase(progress: told.note)
        #expect(problems == service.care.condition.problems)
        #expect(told.all.first == .with { ($0.phase, $0.done, $0.total) = (.structure, 1, 2) })
    }

    @Test func `operations that were given up are listed page by page with all that is known of them`() async throws {
        let service = try await SimulatedService(stage: .refused)
        let listed = try await pages { token in
            let page = try await service.admin.operations.listFailedOperations(
                .with { ($0.pageSize, $0.pageToken) = (1, token) })
            return (page.operations, page.nextPageToken)
        }
        #expect(listed.allSatisfy { $0.count == 1 })
        let rows = listed.flatMap(\.self)
        #expect(rows.map(\.operationID) == service.clinic.rows.deadEffects.map(\.rawValue).sorted())
        let visit = try service.sessionID
        let meeting = try #require(rows.first { $0.kind == .createMeeting })
        #expect(
            meeting
                == .with {
                    $0.operationID = meeting.operationID
                    $0.sessionID = visit
                    $0.kind = .createMeeting
                    $0.state = .failed
                    $0.attempts = 3
                    $0.lastError = meeting.lastError
                    $0.createTime = meeting.createTime
                })
        #expect(meeting.lastError.contains("ServiceUnavailableException") && meeting.createTime != nil)
        let strange = await refusal {
            try await service.admin.operations.listFailedOperations(.with { $0.pageToken = "bm9uZQ" })
        }
        #expect(strange == .pageTokenInvalid)
    }

    @Test func `an operation that was given up is tried again, once for each request`() async throws {
        let service = try await SimulatedService(stage: .refused)
        let id = try #require(service.clinic.rows.deadEffects.first).rawValue
        let retry = Telehealth_V1_RetryOperationRequest.with { $0.operationID = id }
        _ = try await service.admin.operations.retryOperation(retry)
        #expect(!service.clinic.rows.deadEffects.map(\.rawValue).contains(id))
        let again = await refusal {
            try await service.admin.operations.retryOperation(retry)
        }
        #expect(again == Refusal(.failedPrecondition, "OPERATION_NOT_FAILED"))
        let unknown = await refusal {
            try await service.admin.operations.retryOperation(.with { $0.operationID = "nothing" })
        }
        #expect(unknown == Refusal(.notFound, "OPERATION_NOT_FOUND"))
    }

    @Test func `a recording is known by the provider's names for a support case`() async throws {
        let service = try await SimulatedService(stage: .over)
        let state = try service.visit
        let recording = try #require(state.recordings.last)
        let answer = try await service.admin.operations.getRecordingProviderDetails(
            .with { $0.recordingID = recording.id.rawValue })
        let meeting = try #require(state.meetings.last)
        #expect(
            answer.chime
                == .with {
                    $0.meetingID = meeting.meetingID ?? ""
                    $0.meetingArn = meeting.meetingARN ?? ""
                    $0.controlRegion = "us-east-1"
                    $0.capturePipelineID = recording.capturePipelineID ?? ""
                    $0.capturePipelineArn = recording.capturePipelineARN ?? ""
                    $0.concatenationPipelineID = recording.concatenationPipelineID ?? ""
                    $0.bucket = "recordings"
                    $0.keyPrefix = recording.prefix + "/"
                })
        #expect(answer.chime?.meetingID.isEmpty == false && answer.chime?.concatenationPipelineID.isEmpty == false)
        let unknown = await refusal {
            try await service.admin.operations.getRecordingProviderDetails(.with { $0.recordingID = "nothing" })
        }
        #expect(unknown == Refusal(.notFound, "RECORDING_NOT_FOUND"))
    }
}
