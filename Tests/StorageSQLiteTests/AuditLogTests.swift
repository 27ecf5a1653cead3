import AuditChain
import CSQLite
import DurableFile
import Foundation
import Storage
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import StorageSQLite

@Suite("The stored audit log") struct AuditLogTests {
    private func fill(_ store: SQLiteStore, rows: Int, from: Int = 0) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in from..<from + rows {
                group.addTask { try await store.record(Sample.audit("read-\(index)")) }
            }
            try await group.waitForAll()
        }
    }

    @Test("the chain continues over restarts, and so do its tree and its proofs")
    func continues() async throws {
        try await withTemporaryDirectory { directory in
            var rows = 0
            var roots: [Int64: MerkleHash] = [:]
            for part in [1, 255, 1, 300, 700] {
                let store = try SQLiteStore.open(directory: directory)
                try await fill(store, rows: part, from: rows)
                rows += part
                let end = store.auditTrail.auditEnd
                #expect(end.number == Int64(rows))
                roots[end.number] = end.tree.root
                let report = try await store.auditReport()
                #expect(report.findings == [])
                #expect(report.root == end.tree.root)
                await store.close()
            }
            let store = try SQLiteStore.open(directory: directory)
            let size = store.auditTrail.auditEnd.number
            for number in [1, 2, 256, 257, 512, 513, 1_024, size] {
                let proof = try #require(try await store.auditTrail.auditProof(of: number, treeSize: size))
                #expect(proof.holds, "row \(number)")
                #expect(proof.root == roots[size])
            }
            for (old, root) in roots {
                let path = try #require(try await store.auditTrail.auditConsistency(from: old, to: size))
                #expect(
                    MerkleProof.isConsistent(
                        from: old, oldRoot: root, to: size, newRoot: store.auditTrail.auditEnd.tree.root, path: path))
                let older = try #require(try await store.auditTrail.auditProof(of: old, treeSize: old))
                #expect(older.root == root)
            }
            #expect(try await store.auditTrail.auditProof(of: size + 1, treeSize: size) == nil)
            #expect(try await store.auditTrail.auditProof(of: 1, treeSize: size + 1) == nil)
            #expect(try await store.auditTrail.auditProof(of: 0, treeSize: size) == nil)
            await store.close()
        }
    }

    @Test("entries of changes and reads in one batch follow each other in the order of the queue")
    func keepsOrder() async throws {
        try await withTemporaryStore { store in
            for index in 0..<20 {
                var decision = Sample.creation("\(index)")
                decision.audit = [Sample.audit("first-\(index)"), Sample.audit("second-\(index)")]
                try await store.commit(decision)
                try await store.record(Sample.audit("read-\(index)"))
            }
            let actions = try await store.auditTrail.auditRecords(from: 1, limit: 100).map(\.action)
            #expect(actions == (0..<20).flatMap { ["first-\($0)", "second-\($0)", "read-\($0)"] })
        }
    }

    @Test("a decision that is not taken leaves no row")
    func leavesOutRefused() async throws {
        try await withTemporaryStore { store in
            try await store.commit(Sample.creation("a"))
            var decision = Sample.creation("a")
            decision.audit = [Sample.audit("twice")]
            #expect(try await store.apply(decision) == .conflict)
            try await store.record(Sample.audit("after"))
            #expect(try await store.auditTrail.auditRecords(from: 1, limit: 10).map(\.action) == ["after"])
            #expect(try await store.auditReport().findings == [])
        }
    }

    @Test("the database refuses to change or delete rows and nodes")
    func isGuarded() async throws {
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            try await fill(store, rows: 300)
            await store.close()
            for statement in [
                "UPDATE audit SET subject = 'x'", "DELETE FROM audit", "UPDATE audit_nodes SET hash = x'00'",
                "DELETE FROM audit_nodes",
            ] {
                #expect(edit(directory, statement) & 0xff == SQLITE_CONSTRAINT, "\(statement)")
            }
        }
    }

    static let tampering: [(statements: String, number: Int64, fault: AuditFinding.Fault)] = [
        ("UPDATE audit SET subject = 'x' WHERE number = 7", 7, .changed),
        ("UPDATE audit SET at = at + 1 WHERE number = 300", 300, .changed),
        ("UPDATE audit SET target = '' WHERE number = 1", 1, .changed),
        ("UPDATE audit SET mac = zeroblob(32) WHERE number = 300", 300, .changed),
        ("DELETE FROM audit WHERE number = 9", 9, .missing(through: 9)),
        ("DELETE FROM audit WHERE number BETWEEN 9 AND 99", 9, .missing(through: 99)),
        (
            """
            UPDATE audit SET number = -1 WHERE number = 5; UPDATE audit SET number = 5 WHERE number = 6;
            UPDATE audit SET number = 6 WHERE number = -1
            """, 5, .moved(from: 6)
        ),
        ("DELETE FROM audit WHERE number = 1", 1, .missing(through: 1)),
        ("DELETE FROM audit WHERE number > 200", 201, .cutShort(size: 301)),
        ("UPDATE audit_nodes SET hash = zeroblob(32)", 1, .nodeChanged),
        ("DELETE FROM audit_nodes", 1, .nodeChanged),
    ]

    @Test("whoever drops the triggers and edits the file is found out", arguments: tampering.indices)
    func findsTampering(_ index: Int) async throws {
        let (statements, number, fault) = Self.tampering[index]
        try await withTemporaryDirectory { directory in
            let heads = Folder.parent(of: directory) + "/heads"
            let store = try SQLiteStore.open(directory: directory)
            try await fill(store, rows: 301)
            let archive = try AuditHeadArchive.open(
                directory: heads, keyFile: heads + ".key", trail: store.auditTrail, time: FixedTime())
            _ = try archive.keepHead()
            await store.close()
            #expect(
                edit(
                    directory,
                    """
                    DROP TRIGGER audit_chain_no_update; DROP TRIGGER audit_chain_no_delete;
                    DROP TRIGGER audit_nodes_no_update; DROP TRIGGER audit_nodes_no_delete; \(statements)
                    """) == SQLITE_OK)
            let kept = try #require(try AuditHeadArchive.kept(in: heads))
            let again = try SQLiteStore.open(directory: directory)
            let report = try await again.auditReport(heads: kept.heads, headKey: kept.key)
            #expect(report.first == AuditFinding(number: number, fault: fault))
            await again.close()
        }
    }

    @Test("a head is kept once, survives a half-written line, and is signed by the key of the file")
    func keepsHeads() async throws {
        try await withTemporaryDirectory { directory in
            let heads = Folder.parent(of: directory) + "/witness/heads"
            let store = try SQLiteStore.open(directory: directory)
            try await fill(store, rows: 3)
            for _ in 0..<2 {
                let archive = try AuditHeadArchive.open(
                    directory: heads, keyFile: heads + ".key", trail: store.auditTrail, time: FixedTime())
                #expect(try archive.keepHead().size == 3)
                #expect(try archive.keepHead().size == 3)
            }
            let file = try #require(FileHandle(forWritingAtPath: heads + "/audit-heads.jsonl"))
            try file.seekToEnd()
            try file.write(contentsOf: Data("{\"size\":4,\"mac\":".utf8))
            try file.close()
            try await fill(store, rows: 1)
            let archive = try AuditHeadArchive.open(
                directory: heads, keyFile: heads + ".key", trail: store.auditTrail, time: FixedTime())
            _ = try archive.keepHead()
            let kept = try #require(try AuditHeadArchive.kept(in: heads))
            #expect(kept.heads.map(\.size) == [3, 4])
            #expect(kept.heads.allSatisfy(kept.key.verifies))
            #expect(try await store.auditReport(heads: kept.heads, headKey: kept.key).headsChecked == 2)
            await store.close()
        }
    }

    @Test("the public key's file is left alone by a start, and replaced when it is another's or none")
    func keepsPublicKeyFile() async throws {
        try await withTemporaryDirectory { directory in
            let heads = Folder.parent(of: directory) + "/heads"
            let path = heads + "/audit-heads.pub"
            let store = try SQLiteStore.open(directory: directory)
            let start = {
                _ = try AuditHeadArchive.open(
                    directory: heads, keyFile: heads + ".key", trail: store.auditTrail, time: FixedTime())
            }
            try start()
            let made = try #require(FileManager.default.contents(atPath: path))
            var (first, second) = (stat(), stat())
            #expect(stat(path, &first) == 0)
            try start()
            #expect(stat(path, &second) == 0 && second.st_ino == first.st_ino)
            for spoiling in ["0", ""] {
                try SmallFile.replace(path, Array(spoiling.utf8), .open)
                try start()
                #expect(FileManager.default.contents(atPath: path) == made)
            }
            unlink(path)
            try start()
            #expect(FileManager.default.contents(atPath: path) == made)
            await store.close()
        }
    }

    @Test("rows from before the chain are copied behind a row that says how many they are")
    func chainsEarlierRows() async throws {
        try await withTemporaryDirectory { directory in
            let connection = try SQLiteConnection(path: directory + "/telehealth.db", access: .createOrWrite, vfs: nil)
            try Migrator.bringUpToDate(connection, migrations: [Migration.all[0]])
            try connection.execute(
                """
                INSERT INTO audit (at, subject, role, action, outcome, session_id) VALUES
                (1, 'a', 'client', 'GetSession', 'denied', 's-1'), (2, 'system', NULL, 'sweep', 'allowed', NULL)
                """, label: "test")
            for _ in 0..<2 {
                let store = try SQLiteStore.open(directory: directory)
                let rows = try await store.auditTrail.auditRecords(from: 1, limit: 10)
                #expect(rows.map(\.action) == ["chainEarlierRows", "GetSession", "sweep"])
                #expect(rows.first?.target == "rows:2")
                #expect(rows[1].role == "client" && rows[1].sessionID == "s-1" && rows[1].at.microseconds == 1)
                #expect(try await store.auditReport().findings == [])
                await store.close()
            }
        }
    }

    @Test("denials beyond the first few are answered by the sum that holds them")
    func sumsDenials() async throws {
        var configuration = StoreConfiguration()
        configuration.denialWindow = .milliseconds(50)
        try await withTemporaryStore(configuration) { store in
            let denial = AuditEntry(
                at: Sample.at(0), subject: "a", role: .client, actor: nil, action: "GetSession", outcome: .denied)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<500 { group.addTask { try await store.record(denial) } }
                try await group.waitForAll()
            }
            let rows = try await store.auditTrail.auditRecords(from: 1, limit: 1_000)
            #expect(rows.map(\.count).reduce(0, +) == 500)
            #expect(rows.count < 500 / 5)
        }
    }

    @Test("closing answers denials that wait for their window")
    func closesWithHeldDenials() async throws {
        var configuration = StoreConfiguration()
        configuration.denialWindow = .seconds(3_600)
        try await withTemporaryDirectory { directory in
            let store = try SQLiteStore.open(directory: directory, configuration: configuration)
            let denial = AuditEntry(
                at: Sample.at(0), subject: "a", role: .client, actor: nil, action: "GetSession", outcome: .denied)
            for _ in 0..<DenialLedger.ownRowsMax { try await store.record(denial) }
            async let held: Void = store.record(denial)
            while store.statistics.queuedWrites > 0 { await Task.yield() }
            await store.close()
            // Held before the close, or refused by it: never left without an answer.
            do { try await held } catch StoreError.closed {}
        }
    }

    @Test("entries of the audit log leave room for changes in the queue")
    func boundsEntries() async throws {
        let queue = WriterQueue(limit: 3, recordsLimit: 2)
        let results = await withTaskGroup(of: Result<Void, StoreError>.self) { group in
            for index in 0..<4 {
                group.addTask {
                    await withCheckedContinuation { done in
                        let job = WriterJob.record(Sample.audit("\(index)")) { error in
                            done.resume(returning: error.map { .failure($0) } ?? .success(()))
                        }
                        if let refusal = queue.submit(job) { done.resume(returning: .failure(refusal)) }
                    }
                }
            }
            while queue.counts.refused < 2 { await Task.yield() }
            var batch: [WriterJob] = []
            _ = queue.take(into: &batch, patience: 0)
            #expect(batch.count == 2)
            for job in batch { job.fail(.closed) }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { if case .failure(.overloaded) = $0 { true } else { false } } == 2)
    }

    @Test("a page ends after so many rows looked at, and goes on where it ended")
    func pagesThroughRareRows() async throws {
        try await withTemporaryStore { store in
            try await fill(store, rows: 6_000)
            try await store.record(Sample.audit("rare"))
            var query = AuditQuery()
            query.action = "rare"
            var pages = 0
            var found: [AuditRecord] = []
            repeat {
                let page = try await store.auditTrail.auditPage(query)
                found += page.records
                query.after = page.next
                pages += 1
            } while query.after != nil
            #expect(found.map(\.action) == ["rare"])
            #expect(pages == 2)
        }
    }
}

private struct FixedTime: TimeSource {
    var now: Timestamp { Sample.at(0) }
    var uptime: Duration { .zero }
    func sleep(for duration: Duration) async throws(CancellationError) {}
}
