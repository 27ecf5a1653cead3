internal import CSQLite
internal import Storage

/// Moves the WAL's pages into the database file, on the writer's thread, between two batches.
///
/// Small passive checkpoints: they wait for no reader and move what no reader needs. When all is moved and no
/// reader is left in the WAL, the next commit begins the WAL again, so it stays a few MiB long.
struct Checkpointer {
    private let connection: SQLiteConnection
    private let configuration: StoreConfiguration
    /// Pages in the WAL after the latest commit, as SQLite's hook reports them; written on the writer's
    /// thread only.
    private let walPagesReported: UnsafeMutablePointer<Int>
    /// Pages at the WAL's begin that a checkpoint was tried for. What a reader kept from being moved is moved with what
    /// comes later: to try again after each commit would cost every commit a sync, for as long as somebody reads.
    private var triedPages = 0
    private var isOverLimit = false
    /// When the WAL is over its limit: the length at which the next waiting checkpoint is worth its wait.
    private var nextTruncation: Int

    /// `walPagesReported` must outlive the connection.
    init(
        _ connection: SQLiteConnection, _ configuration: StoreConfiguration,
        walPagesReported: UnsafeMutablePointer<Int>
    ) {
        self.connection = connection
        self.configuration = configuration
        self.walPagesReported = walPagesReported
        nextTruncation = configuration.walAlarmPages
        sqlite3_wal_hook(
            connection.handle,
            { pages, _, _, count in
                pages!.storeBytes(of: Int(count), as: Int.self)
                return SQLITE_OK
            }, walPagesReported)
    }

    var walPages: Int { walPagesReported.pointee }

    /// Whether enough is in the WAL for a checkpoint when nothing else is to be done.
    var wantsPause: Bool {
        let pages = walPages
        return pages - (pages < triedPages ? 0 : triedPages) >= configuration.idleCheckpointPages
    }

    /// Looks after the WAL between two batches.
    /// - Returns: nanoseconds spent in a checkpoint; nil when none was due.
    mutating func tend(isIdle: Bool) throws(SQLiteError) -> UInt64? {
        let pages = walPages
        if pages < triedPages { triedPages = 0 }  // the WAL began again
        noteLength(pages)
        let due = isIdle ? configuration.idleCheckpointPages : configuration.checkpointPages
        guard pages - triedPages >= due else { return nil }
        let start = MonotonicClock.nanoseconds()
        try checkpoint(truncating: pages >= nextTruncation)
        return MonotonicClock.nanoseconds() - start
    }

    /// Moves everything and empties the WAL, waiting a moment for readers: at the end, or when it grew too
    /// long.
    mutating func truncate() throws(SQLiteError) { try checkpoint(truncating: true) }

    /// Makes what room it can on a full disk.
    mutating func relieve() { try? checkpoint(truncating: false) }

    private mutating func checkpoint(truncating: Bool) throws(SQLiteError) {
        triedPages = walPages
        var pages: Int32 = 0
        let mode = truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let code = sqlite3_wal_checkpoint_v2(connection.handle, "main", mode, &pages, nil)
        let error = SQLiteError(code: code, operation: "checkpoint")
        if code == SQLITE_OK {
            if truncating {
                walPagesReported.pointee = Int(max(pages, 0))
                triedPages = walPages
                nextTruncation = configuration.walAlarmPages
            }
            noteLength(walPages)
            return
        }
        switch error.scope {
        case .full, .temporary:
            // The WAL keeps everything; try again when it has grown by another quarter of its limit.
            if truncating { nextTruncation = walPages + configuration.walAlarmPages / 4 }
        case .constraint, .statement, .row, .device: throw error
        }
    }

    private mutating func noteLength(_ pages: Int) {
        let isOver = pages > configuration.walAlarmPages
        guard isOver != isOverLimit else { return }
        isOverLimit = isOver
        configuration.onCondition(isOver ? .walOverLimit(pages: pages) : .walUnderLimit(pages: pages))
    }
}
