internal import Synchronization
package import TelehealthEngine
package import TelehealthModel

/// An operator's care for a store that needs none: backups are names, and what it says of itself is as somebody set it.
package final class MemoryCare: DatabaseMaintenance {
    package struct Condition: Sendable {
        package var state = StoreState.writable
        package var space: StoreSpace?
        package var statistics = DatabaseStatistics()
        /// What a check finds.
        package var problems: [String] = []
    }

    private let backups = Mutex<[String: Int64]>([:])
    private let stored = Mutex(Condition())

    package init() {}

    package var condition: Condition {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }

    package var storeState: StoreState { condition.state }
    package var storeSpace: StoreSpace? { condition.space }
    package var databaseStatistics: DatabaseStatistics { condition.statistics }

    package func backUp(fileName: String, progress: @escaping ProgressReport) async throws(StoreError) -> Int64 {
        progress(WorkProgress(.copying, done: 4096, of: 4096))
        let isNew = backups.withLock { $0.updateValue(4096, forKey: fileName) == nil }
        guard isNew else { throw .failed(code: 17, operation: "backup") }
        return 4096
    }

    package func backupSize(fileName: String) -> Int64? { backups.withLock { $0[fileName] } }

    package func integrityCheck(progress: @escaping ProgressReport) async throws(StoreError) -> [String] {
        progress(WorkProgress(.structure, done: 1, of: 2))
        return condition.problems
    }
}
