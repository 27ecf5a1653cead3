internal import DurableFile
internal import Glibc
internal import Storage
public import TelehealthEngine
public import TelehealthModel

extension SQLiteStore: DatabaseMaintenance {
    public var storeState: StoreState {
        let statistics = statistics
        return statistics.isReadOnly ? .readOnly : statistics.isFull ? .full : .writable
    }

    public var storeSpace: StoreSpace? {
        DeviceSpace.of(path).map { StoreSpace(free: $0.free, size: $0.size) }
    }

    public var databaseStatistics: DatabaseStatistics {
        let counted = statistics
        var result = DatabaseStatistics()
        result.commits = counted.commits
        result.decisions = counted.decisionsCommitted
        result.conflicts = counted.decisionsInConflict
        result.commitMean = .nanoseconds(counted.commitNanoseconds / UInt64(max(counted.commits, 1)))
        result.commitMax = .nanoseconds(counted.commitNanosecondsMax)
        result.queuedWrites = counted.queuedWrites
        result.refusedWrites = counted.writesRefused
        result.walPages = counted.walPages
        return result
    }

    /// - Parameter fileName: a plain name, without a directory.
    public func backUp(
        fileName: String, progress: @escaping ProgressReport
    ) async throws(StoreError) -> Int64 {
        precondition(!fileName.contains("/"), "a backup's name holds no directory")
        do throws(FileFailure) { try Folder.make(backupDirectory) } catch {
            throw .failed(code: error.code, operation: "make the backup directory")
        }
        try await backup(to: "\(backupDirectory)/\(fileName)", progress: progress)
        return backupSize(fileName: fileName) ?? 0
    }

    public func backupSize(fileName: String) -> Int64? {
        var status = stat()
        return stat("\(backupDirectory)/\(fileName)", &status) == 0 ? Int64(status.st_size) : nil
    }
}
