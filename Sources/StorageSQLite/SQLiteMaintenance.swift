internal import DurableFile
internal import Glibc
public import Storage
public import TelehealthEngine
public import TelehealthModel

extension SQLiteStore {
    /// What an operator does to the database, and is told about it.
    public var maintenance: SQLiteMaintenance { SQLiteMaintenance(store: self) }
}

/// Checks, backups and new keys of a store's database.
///
/// Isolation: any.
public struct SQLiteMaintenance: DatabaseMaintenance {
    let store: SQLiteStore

    public var storeState: StoreState {
        let statistics = store.statistics
        return statistics.isReadOnly ? .readOnly : statistics.isFull ? .full : .writable
    }

    public var storeSpace: StoreSpace? {
        DeviceSpace.of(store.path).map { StoreSpace(free: $0.free, size: $0.size) }
    }

    public var databaseStatistics: DatabaseStatistics {
        let counted = store.statistics
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
        do throws(FileFailure) { try Folder.make(store.backupDirectory) } catch {
            throw .failed(code: error.code, operation: "make the backup directory")
        }
        try await backup(to: "\(store.backupDirectory)/\(fileName)", progress: progress)
        return backupSize(fileName: fileName) ?? 0
    }

    public func backupSize(fileName: String) -> Int64? {
        var status = stat()
        return stat("\(store.backupDirectory)/\(fileName)", &status) == 0 ? Int64(status.st_size) : nil
    }

    /// Looks through the whole file for damage and broken references, and opens every sealed value; seconds for a
    /// large one, on a thread of its own. Cancelling the task ends it.
    /// - Returns: what is wrong, one sentence each; empty = sound.
    public func integrityCheck(
        progress: @escaping ProgressReport = { _ in }
    ) async throws(StoreError) -> [String] {
        let (path, configuration, sealer) = (store.path, store.configuration, store.sealer)
        return try await store.checking(CheckWatch(progress)) { watch in
            IntegrityCheck.run(path: path, configuration: configuration, sealer: sealer, watch)
        }
    }

    /// Copies the database as of the end of the copy into a new file (mode 0600), while work goes on.
    ///
    /// The file appears under its name only when it is complete, checked and on the device; checked includes
    /// every sealed value. One that is not sound appears as `path.damaged`.
    /// - Throws: ``TelehealthModel/StoreError/failed(code:operation:)`` when `path` exists or cannot be
    ///   written; ``TelehealthModel/StoreError/damaged(operation:)`` when the copy is not sound;
    ///   ``TelehealthModel/StoreError/overloaded`` while another backup runs.
    public func backup(
        to path: String, progress: @escaping ProgressReport = { _ in }
    ) async throws(StoreError) {
        let copied = await withCheckedContinuation { done in
            if let refusal = store.writer.queue.submit(.backup(path: path, progress: progress, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        try copied.get()
        let sealer = store.sealer
        let finished = await withCheckedContinuation {
            (done: CheckedContinuation<Result<Void, StoreError>, Never>) in
            let started = WorkerThread.start(name: "store-backup", givesWay: true) {
                done.resume(returning: BackupFile.finish(path, sealer, progress: progress))
            }
            if !started { done.resume(returning: .failure(.overloaded)) }
        }
        try finished.get()
    }

    /// Takes over a key ring with another current key, then seals every row with it, in small steps between
    /// other writes.
    ///
    /// Also what is to be done once after opening: then rows from before there was a ring are sealed. Returns
    /// when no row is sealed with any key but the ring's current one; nearly at once when that is so already.
    public func seal(with ring: KeyRing) async throws(StoreError) {
        let adopted = await withCheckedContinuation { done in
            if let refusal = store.writer.queue.submit(.adopt(ring, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        try adopted.get()
        let sealed = await withCheckedContinuation { done in
            if let refusal = store.writer.queue.submit(.reseal(Resealing(current: ring.currentID), done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        try sealed.get()
    }
}
