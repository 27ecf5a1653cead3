import ProtobufWire
import RPCModel
import Synchronization
import TelehealthAPI
import TelehealthTesting
import Testing

@testable import TelehealthClient

@Suite("Long work of the client", .timeLimit(.minutes(1))) struct LongWorkTests {
    typealias Response = Telehealth_V1_BackupDatabaseResponse

    private let told = Told()

    private func progress(_ done: Int64) -> Response {
        .with {
            $0.message = .progress(
                .with {
                    $0.phase = .copying
                    $0.done = done
                    $0.total = 3
                })
        }
    }

    private func script(_ messages: [Response], _ ending: StreamEnding = .over)
        -> StreamScript<Response>
    {
        StreamScript(messages: messages, ending: ending)
    }

    private let result = Response.with { $0.message = .result(.with { $0.fileName = "copy.db" }) }

    @Test func `progress is told in its order, and the result is returned`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.operations.backupDatabase.answerNext([script([progress(1), progress(2), progress(3), result])])
            let backup = try await client.operations.backUpDatabase(progress: told.note)
            #expect(backup.fileName == "copy.db")
            #expect(told.all == [1, 2, 3])
        }
    }

    @Test func `a stream that broke is asked for again under its first request id`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.operations.backupDatabase.answerNext([
                script([progress(1)], .failure(RPCError(.unavailable, "the service restarts"))),
                script([result]),
            ])
            let backup = try await client.operations.backUpDatabase(progress: told.note)
            #expect(backup.fileName == "copy.db")
            #expect(told.all == [1])
            let ids = loopback.service.operations.backupDatabase.requests.map(\.requestID)
            #expect(ids.count == 2)
            #expect(Set(ids).count == 1)
            #expect(ids.first?.count == 36)
        }
    }

    @Test func `an error behind progress is thrown and not repeated`() async throws {
        try await Loopback.run { loopback, client in
            let damaged = RPCError.refusal(.dataDamaged)
            loopback.service.operations.backupDatabase.answerNext([script([progress(1)], .failure(damaged)), script([result])])
            let error = await #expect(throws: RPCError.self) {
                try await client.operations.backUpDatabase(progress: told.note)
            }
            #expect(error?.code == .dataLoss)
            #expect(told.all == [1])
            #expect(loopback.service.calls.count == 1)
        }
    }

    @Test func `a stream that ends well without a result is an error`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.operations.backupDatabase.answerNext([script([progress(1)])])
            let error = await #expect(throws: RPCError.self) { try await client.operations.backUpDatabase() }
            #expect(error?.code == .internal)
        }
    }

    @Test func `a message of a later version is passed over`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.operations.backupDatabase.answerNext([script([Response(), result])])
            let backup = try await client.operations.backUpDatabase(progress: told.note)
            #expect(backup.fileName == "copy.db")
            #expect(told.all == [])
        }
    }

    private final class Told: Sendable {
        private let list = Mutex<[Int64]>([])
        var all: [Int64] { list.withLock { $0 } }
        var note: WorkProgressReport { { progress in self.list.withLock { $0.append(progress.done) } } }
    }
}
