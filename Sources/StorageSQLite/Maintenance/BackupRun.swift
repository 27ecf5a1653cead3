internal import CSQLite
internal import Storage
internal import TelehealthModel

/// A copy in progress, made of small steps on the writer's connection: what the writer commits in between
/// goes into the copy too, so it never begins again and ends as the database stands at its end.
final class BackupRun {
    /// 1 MiB a step, about 1 ms: as long as a small batch of writes.
    private static let pagesPerStep: Int32 = 256

    let answer: Answer<Void>
    private let progress: ProgressReport
    private let pageByteCount: Int64
    private let destination: SQLiteConnection
    private let backup: OpaquePointer

    init(
        source: SQLiteConnection, path: String, progress: @escaping ProgressReport, answer: Answer<Void>
    ) throws(StoreError) {
        try BackupFile.create(path)
        let destination: SQLiteConnection
        var pageByteCount: Int64 = 0
        do throws(SQLiteError) {
            try source.each("PRAGMA page_size", label: "page size") { row throws(SQLiteError) in
                pageByteCount = row.integer()
            }
            destination = try SQLiteConnection(
                path: BackupFile.partialPath(path), access: .createOrWrite, vfs: nil)
            // Synced once at the end, on another thread than the writer's.
            try destination.execute("PRAGMA synchronous = OFF", label: "backup settings")
        } catch {
            throw StoreError(error)
        }
        guard let backup = sqlite3_backup_init(destination.handle, "main", source.handle, "main") else {
            throw StoreError(
                SQLiteError(code: sqlite3_extended_errcode(destination.handle), operation: "backup begin"))
        }
        self.answer = answer
        self.progress = progress
        self.pageByteCount = pageByteCount
        self.destination = destination
        self.backup = backup
    }

    deinit { sqlite3_backup_finish(backup) }  // before the destination closes

    /// - Returns: whether the copy is complete.
    func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_backup_step(backup, Self.pagesPerStep)
        let (left, total) = (Int64(sqlite3_backup_remaining(backup)), Int64(sqlite3_backup_pagecount(backup)))
        progress(WorkProgress(.copying, done: (total - left) * pageByteCount, of: total * pageByteCount))
        switch code {
        case SQLITE_OK: return false
        case SQLITE_DONE: return true
        default: throw SQLiteError(code: code, operation: "backup step")
        }
    }
}
