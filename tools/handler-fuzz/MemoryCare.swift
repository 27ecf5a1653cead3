internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel

/// An operator's care for a store that needs none: backups are names, and what is looked through is sound.
final class MemoryCare: DatabaseMaintenance {
    private let backups = Mutex<[String: Int64]>([:])

    var storeState: StoreState { .writable }
    var storeSpace: StoreSpace? { nil }
    var databaseStatistics: DatabaseStatistics { DatabaseStatistics() }

    func backUp(fileName: String, progress: @escaping ProgressReport) async throws(StoreError) -> Int64 {
        progress(WorkProgress(.copying, done: 4096, of: 4096))
        let isNew = backups.withLock { $0.updateValue(4096, forKey: fileName) == nil }
        guard isNew else { throw .failed(code: 17, operation: "backup") }
        return 4096
    }

    func backupSize(fileName: String) -> Int64? { backups.withLock { $0[fileName] } }

    func integrityCheck(progress: @escaping ProgressReport) async throws(StoreError) -> [String] { [] }
}
