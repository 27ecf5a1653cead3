internal import CSQLite
internal import Storage

/// A read-only connection whose reads are bounded in time.
///
/// Isolation: the thread that borrowed it from ``ReaderPool``.
final class ReaderConnection {
    /// How many instructions of SQLite's machine run between two looks at the clock: about 0.1 ms.
    private static let instructionsPerCheck: Int32 = 10_000

    let connection: SQLiteConnection
    /// When the read in progress must have ended; read by SQLite's callback on this same thread.
    private let deadline: UnsafeMutablePointer<UInt64>
    private let readNanoseconds: UInt64

    init(path: String, configuration: StoreConfiguration, sealer: Sealer) throws(SQLiteError) {
        connection = try SQLiteConnection(path: path, access: .readOnly, vfs: configuration.vfs, sealer: sealer)
        let (seconds, attoseconds) = configuration.readDuration.components
        readNanoseconds = UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
        deadline = .allocate(capacity: 1)
        deadline.initialize(to: .max)
        // The pointer lives as long as the connection: both end in deinit, the connection's handler first.
        sqlite3_progress_handler(
            connection.handle, Self.instructionsPerCheck,
            { deadline in
                MonotonicClock.nanoseconds() > deadline!.load(as: UInt64.self) ? 1 : 0
            }, deadline)
        // 2 MiB: a reader's pages are dropped with every commit it sees, so more would stay empty. No mmap:
        // a bad sector would then end the process by SIGBUS instead of failing one read.
        try connection.execute(
            """
            PRAGMA query_only = ON;
            PRAGMA cache_size = -2048;
            PRAGMA mmap_size = 0;
            PRAGMA temp_store = MEMORY
            """,
            label: "reader settings")
    }

    deinit {
        sqlite3_progress_handler(connection.handle, 0, nil, nil)
        deadline.deallocate()
    }

    /// Runs `body` on one snapshot.
    func read<Result>(
        _ body: (SQLiteConnection) throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        deadline.pointee = MonotonicClock.nanoseconds() &+ readNanoseconds
        try connection.run(Transaction.begin)
        defer {
            // Ends the snapshot whatever happened; a read transaction has nothing to lose.
            if connection.isInTransaction { _ = try? connection.run(Transaction.commit) }
        }
        return try body(connection)
    }

    /// Runs a single statement, which is its own snapshot.
    func readOnce<Result>(
        _ body: (SQLiteConnection) throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        deadline.pointee = MonotonicClock.nanoseconds() &+ readNanoseconds
        return try body(connection)
    }
}
