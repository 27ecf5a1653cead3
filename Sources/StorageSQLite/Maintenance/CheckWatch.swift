internal import CSQLite
internal import Synchronization
internal import TelehealthModel

/// Whoever waits for a look through a database: told how far it is, and able to end it.
///
/// Isolation: any; the look is on one thread, ``stop()`` comes from others.
final class CheckWatch: Sendable {
    private struct State {
        var isStopped = false
        /// Of the connection that is looking, as a number: a pointer may not be sent to other threads.
        var handle: UInt?
    }

    let report: ProgressReport
    private let state = Mutex(State())

    init(_ report: @escaping ProgressReport = { _ in }) { self.report = report }

    /// Ends what a connection is looking at, and what it would begin.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            guard let handle = state.handle, let connection = OpaquePointer(bitPattern: handle) else { return }
            // Good from any thread while the connection is open, which the lock holds it.
            sqlite3_interrupt(connection)
        }
    }

    /// Runs what looks through a connection's database.
    ///
    /// - Throws: `SQLITE_INTERRUPT` when it was stopped.
    func following<Value>(
        _ connection: SQLiteConnection, _ body: () throws(SQLiteError) -> Value
    ) throws(SQLiteError) -> Value {
        state.withLock { $0.handle = UInt(bitPattern: connection.handle) }
        defer { withExtendedLifetime(connection) { state.withLock { $0.handle = nil } } }
        try checkStopped()
        return try body()
    }

    func checkStopped() throws(SQLiteError) {
        guard state.withLock({ $0.isStopped }) else { return }
        throw SQLiteError(code: SQLITE_INTERRUPT, operation: "check")
    }
}

/// Counts the rows that a check has looked at, and reports them now and then.
struct RowCount {
    /// Less than a millisecond's work.
    private static let rowsPerWord: Int64 = 512

    private let watch: CheckWatch
    /// nil where a table cannot be counted: what is wrong with it is the check's to say.
    private let total: Int64?
    private var done: Int64 = 0

    /// - Parameter tables: each as often as its rows are looked at.
    init(of tables: [String], _ connection: SQLiteConnection, _ watch: CheckWatch) throws(SQLiteError) {
        self.watch = watch
        total = try? Self.count(tables, connection)
        try tell()
    }

    private static func count(_ tables: [String], _ connection: SQLiteConnection) throws(SQLiteError) -> Int64 {
        var total: Int64 = 0
        let counts = ["0"] + tables.map { "(SELECT count(*) FROM \($0))" }
        try connection.each("SELECT \(counts.joined(separator: " + "))", label: "rows to check") {
            row throws(SQLiteError) in total = row.integer()
        }
        return total
    }

    /// One more.
    mutating func next() throws(SQLiteError) {
        done += 1
        if done % Self.rowsPerWord == 0 { try tell() }
    }

    private func tell() throws(SQLiteError) {
        try watch.checkStopped()
        // Rows that came since they were counted are looked at as well.
        watch.report(WorkProgress(.values, done: done, of: total.map { max($0, done) } ?? 0))
    }
}
