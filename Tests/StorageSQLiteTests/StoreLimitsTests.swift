import Storage
import Synchronization
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import StorageSQLite

@Suite("The store's limits") struct StoreLimitsTests {
    @Test("a full queue refuses, and what was in it is still answered")
    func boundedQueue() async throws {
        let queue = WriterQueue(limit: 2)
        let results = await withTaskGroup(of: Result<ApplyResult, StoreError>.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    await withCheckedContinuation { done in
                        if let refusal = queue.submit(.apply(Decision(), done)) {
                            done.resume(returning: .failure(refusal))
                        }
                    }
                }
            }
            var results: [Result<ApplyResult, StoreError>] = []
            for _ in 0..<3 { results.append(await group.next()!) }
            var batch: [WriterJob] = []
            #expect(queue.take(into: &batch, patience: nil))
            #expect(batch.count == 2)
            for case .apply(_, let done) in batch { done.resume(returning: .success(.committed)) }
            for await result in group { results.append(result) }
            return results
        }
        #expect(results.count { $0 == .failure(.overloaded) } == 3)
        #expect(results.count { $0 == .success(.committed) } == 2)
        #expect(queue.counts.refused == 3)
    }

    @Test("a read that takes too long is interrupted and the connection serves the next one")
    func boundedReads() async throws {
        var configuration = StoreConfiguration()
        configuration.readDuration = .milliseconds(1)
        configuration.readersMax = 1
        try await withTemporaryStore(configuration) { store in
            try await store.commit(Sample.creation("a"))
            let endless =
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
            #expect(throws: StoreError.overloaded) {
                try store.readers.read { (connection) throws(SQLiteError) in
                    try connection.texts(endless, label: "endless")
                }
            }
            #expect(try await store.latestSession(of: "appt-a") != nil)
        }
    }

    /// Held by hand until its connection commits: what no read of the store may do for long.
    private func snapshot(
        of store: SQLiteStore, _ configuration: StoreConfiguration
    ) throws -> ReaderConnection {
        let reader = try ReaderConnection(
            path: store.path, configuration: configuration, sealer: Sealer(.fresh(now: 0)))
        try reader.connection.run(Transaction.begin)
        _ = try reader.connection.texts("SELECT id FROM sessions", label: "test")
        return reader
    }

    @Test("a WAL that cannot be emptied raises the alarm, and it ends when it can")
    func walAlarm() async throws {
        let log = ConditionLog()
        var configuration = StoreConfiguration()
        configuration.checkpointPages = 10
        configuration.idleCheckpointPages = 5
        configuration.walAlarmPages = 200  // above what the schema itself writes
        configuration.readDuration = .seconds(60)
        configuration.onCondition = { log.note($0) }
        try await withTemporaryStore(configuration) { store in
            try await store.commit(Sample.creation("first"))
            let reader = try snapshot(of: store, configuration)
            var index = 0
            while log.conditions.isEmpty, index < 1_000 {
                try await store.commit(Sample.creation("\(index)"))
                index += 1
            }
            guard case .walOverLimit = log.conditions.first else {
                Issue.record("no alarm after \(index) commits: \(log.conditions)")
                return
            }
            try reader.connection.run(Transaction.commit)
            while log.conditions.count == 1, index < 2_000 {
                try await store.commit(Sample.creation("\(index)"))
                index += 1
            }
            guard case .walUnderLimit = log.conditions.last else {
                Issue.record("the alarm did not end: \(log.conditions)")
                return
            }
            // The figure is as of the latest commit: one behind the checkpoint that emptied the WAL.
            try await store.commit(Sample.creation("last"))
            #expect(store.statistics.walPages <= 200)
        }
    }

    @Test("a long read does not make every commit try a checkpoint again")
    func longRead() async throws {
        var configuration = StoreConfiguration()
        configuration.idleCheckpointPages = 100
        configuration.readDuration = .seconds(60)
        try await withTemporaryStore(configuration) { store in
            try await store.commit(Sample.creation("first"))
            let reader = try snapshot(of: store, configuration)
            let before = store.statistics
            for index in 0..<200 {
                try await store.commit(Sample.creation("\(index)"))
                // Long enough for the writer to find that nothing more came.
                try await Task.sleep(for: .milliseconds(7))
            }
            let (after, pages) = (store.statistics, store.statistics.walPages)
            #expect(pages > 400, "what is read cannot leave the WAL")
            #expect(after.checkpoints - before.checkpoints <= pages / 100 + 1)
            try reader.connection.run(Transaction.commit)
        }
    }

    @Test("many callers share a commit")
    func groupCommit() async throws {
        try await withTemporaryStore { store in
            let callers = 200
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<callers {
                    group.addTask {
                        for round in 0..<5 { try await store.commit(Sample.creation("\(caller)-\(round)")) }
                    }
                }
                try await group.waitForAll()
            }
            let statistics = store.statistics
            #expect(statistics.decisionsCommitted == callers * 5)
            #expect(statistics.commits * 20 <= statistics.decisionsCommitted, "at least 20 per commit")
            #expect(statistics.cachedSessions == callers * 5)
        }
    }
}
