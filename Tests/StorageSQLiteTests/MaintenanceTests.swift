import Foundation
import Synchronization
import TelehealthModel
import Testing

@testable import StorageSQLite

@Suite("Backup and check") struct MaintenanceTests {
    @Test("a backup taken while work goes on is whole and holds everything that was committed before it")
    func backup() async throws {
        try await withTemporaryStoreDirectory(.withRingOfTests) { directory, store in
            try await store.commitAll((0..<300).map { Sample.creation("\($0)") })
            let copy = directory + "/copy"
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for index in 300..<400 { try await store.commit(Sample.creation("\(index)")) }
                }
                try await store.maintenance.backup(to: copy + "/telehealth.db")
                try await group.waitForAll()
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: copy) == ["telehealth.db"])
            let mode = try FileManager.default.attributesOfItem(atPath: copy + "/telehealth.db")[
                .posixPermissions]
            #expect(mode as? Int == 0o600)

            let restored = try SQLiteStore.open(directory: copy, configuration: .withRingOfTests)
            for index in 0..<300 { #expect(try await restored.session(SessionID("session-\(index)")) != nil) }
            #expect(try await restored.maintenance.integrityCheck() == [])
            // What came later is in it up to some commit and not beyond.
            let later = try await (300..<400).asyncMap {
                try await restored.session(SessionID("session-\($0)")) != nil
            }
            #expect(later == later.sorted { $0 && !$1 })
            await restored.close()
        }
    }

    @Test("a backup never overwrites a file")
    func backupKeepsFiles() async throws {
        try await withTemporaryStoreDirectory { directory, store in
            let path = directory + "/precious"
            try Data("x".utf8).write(to: URL(fileURLWithPath: path))
            await #expect(throws: StoreError.self) { try await store.maintenance.backup(to: path) }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("x".utf8))
            await #expect(throws: StoreError.self) { try await store.maintenance.backup(to: directory + "/nowhere/copy") }
            try await store.commit(Sample.creation("a"))
        }
    }

    @Test func `a copy reports every byte and then every row, and a check of the same rows`() async throws {
        try await withTemporaryStoreDirectory { directory, store in
            try await store.commitAll((0..<600).map { Sample.creation("\($0)") })
            let (copied, checked) = (Told(), Told())
            try await store.maintenance.backup(to: directory + "/copy", progress: copied.note)
            let size = Int64(try Data(contentsOf: URL(fileURLWithPath: directory + "/copy")).count)
            let copying = copied.of(.copying)
            #expect(copying.last == WorkProgress(.copying, done: size, of: size))
            #expect(copying.count > 1)
            #expect(copied.phases == [.copying, .structure, .values])

            #expect(try await store.maintenance.integrityCheck(progress: checked.note) == [])
            #expect(checked.phases == [.structure, .values])
            #expect(checked.of(.values).first?.total == copied.of(.values).first?.total)
            for rows in [copied.of(.values), checked.of(.values)] {
                #expect(rows.first?.done == 0)
                #expect(rows.count > 2)
                #expect(rows.map(\.done) == rows.map(\.done).sorted())
                #expect(rows.allSatisfy { $0.done <= $0.total })
            }
        }
    }

    @Test(arguments: [WorkProgress.Phase.structure, .values])
    func `a check whose task is cancelled ends, in the middle of its rows too`(phase: WorkProgress.Phase) async throws {
        try await withTemporaryStoreDirectory { _, store in
            try await store.commitAll((0..<600).map { Sample.creation("\($0)") })
            let told = Told()
            let task = Mutex<Task<[String], any Error>?>(nil)
            let check = Task {
                // Not before the task is known to whoever cancels it.
                while task.withLock({ $0 == nil }) { await Task.yield() }
                return try await store.maintenance.integrityCheck { progress in
                    told.note(progress)
                    if progress.phase == phase { task.withLock { $0?.cancel() } }
                }
            }
            task.withLock { $0 = check }
            await #expect(throws: StoreError.self) { try await check.value }
            #expect(told.all.last?.phase == phase)
            #expect(try await store.maintenance.integrityCheck() == [])
        }
    }

    /// What a progress report was told.
    private final class Told: Sendable {
        private let list = Mutex<[WorkProgress]>([])
        var all: [WorkProgress] { list.withLock { $0 } }
        /// In their order, each once.
        var phases: [WorkProgress.Phase] {
            all.map(\.phase).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
        }
        var note: ProgressReport { { progress in self.list.withLock { $0.append(progress) } } }
        func of(_ phase: WorkProgress.Phase) -> [WorkProgress] { all.filter { $0.phase == phase } }
    }

    @Test("the check finds damaged pages, and nothing in a sound file")
    func integrityCheck() async throws {
        try await withTemporaryStoreDirectory { directory, store in
            try await store.commitAll((0..<200).map { Sample.creation("\($0)") })
            #expect(try await store.maintenance.integrityCheck() == [])
            await store.close()
            let path = directory + "/telehealth.db"
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            for page in try leafPages(of: "sessions_by_client", path) {
                try file.seek(toOffset: (page - 1) * 4096 + 100)
                try file.write(contentsOf: Data(repeating: 0x5A, count: 3_000))
            }
            try file.close()
            let damaged = try SQLiteStore.open(directory: directory)
            #expect(try await !damaged.maintenance.integrityCheck().isEmpty)
            await damaged.close()
        }
    }

    private func leafPages(of name: String, _ path: String) throws -> [UInt64] {
        let connection = try SQLiteConnection(path: path, access: .readOnly, vfs: nil)
        let pages = try connection.texts(
            "SELECT pageno FROM dbstat WHERE name = '\(name)' AND pagetype = 'leaf'", label: "pages")
        return try pages.map { try #require(UInt64($0)) }
    }
}

extension Sequence {
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
