internal import CSQLite
internal import Storage

/// Owns one `sqlite3 *` and the statements prepared on it.
///
/// Isolation: one thread at a time; SQLite's own per-connection mutex is off.
final class SQLiteConnection {
    enum Access { case createOrWrite, readOnly }

    /// Room for one statement's texts; a whole row of ours seldom reaches 4 KiB, a consent text may and is
    /// copied.
    private static let scratchByteCount = 16 * 1024

    let handle: OpaquePointer
    private let scratch: UnsafeMutableRawBufferPointer
    private var statements: [SQLiteStatement?] = []
    /// For rows with personal columns; nil where none are read or written.
    private let sealer: Sealer?

    /// - Parameter vfs: the operating system layer by name; nil = SQLite's default.
    init(path: String, access: Access, vfs: String?, sealer: Sealer? = nil) throws(SQLiteError) {
        SQLiteLibrary.configureOnce()
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE
        switch access {
        case .createOrWrite: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .readOnly: flags |= SQLITE_OPEN_READONLY
        }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags, vfs)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)  // SQLite gives a handle even when opening fails
            throw SQLiteError(code: code == SQLITE_OK ? SQLITE_NOMEM : code, operation: "open")
        }
        handle = opened
        self.sealer = sealer
        scratch = .allocate(byteCount: Self.scratchByteCount, alignment: 16)
    }

    deinit {
        statements.removeAll()  // a connection with live statements would stay open
        sqlite3_close_v2(handle)
        scratch.deallocate()
    }

    /// False inside a transaction; SQLite leaves one by itself after some errors.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Runs SQL that is needed once: settings, schema. Rows are passed over.
    func execute(_ text: String, label: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, text, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(code: code, operation: label) }
    }

    /// The first column of every row, as text. Not kept prepared.
    func texts(_ text: String, label: String) throws(SQLiteError) -> [String] {
        let statement = try SQLiteStatement(text, label: label, connection: handle)
        var rows: [String] = []
        try step(statement, label) { (row) throws(SQLiteError) in
            rows.append(row.text())
            return true
        }
        return rows
    }

    /// Runs a statement to its end.
    /// - Returns: how many rows it inserted, updated or deleted.
    @discardableResult
    func run(
        _ sql: PreparedSQL, bind: (inout StatementBinder) -> Void = { _ in }
    ) throws(SQLiteError) -> Int {
        let statement = try bound(sql, bind)
        let code = sqlite3_step(statement.handle)
        sqlite3_reset(statement.handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else {
            throw SQLiteError(code: code, operation: sql.label)
        }
        return Int(sqlite3_changes(handle))
    }

    /// - Returns: the first row, nil when there is none.
    func first<Row>(
        _ sql: PreparedSQL, bind: (inout StatementBinder) -> Void = { _ in },
        read: (inout RowReader) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> Row? {
        var first: Row?
        try step(bound(sql, bind), sql.label) { (row) throws(SQLiteError) in
            first = try read(&row)
            return false
        }
        return first
    }

    /// - Returns: every row. `read` runs no other statement of this connection.
    func all<Row>(
        _ sql: PreparedSQL, bind: (inout StatementBinder) -> Void = { _ in },
        read: (inout RowReader) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> [Row] {
        var rows: [Row] = []
        try step(bound(sql, bind), sql.label) { (row) throws(SQLiteError) in
            rows.append(try read(&row))
            return true
        }
        return rows
    }

    /// The rows that are sound; damaged ones are passed over and counted, so that they do not hide the others.
    ///
    /// - Parameter limit: how many sound rows are wanted. A LIMIT in the statement would count damaged rows, too.
    func allSound<Row>(
        _ sql: PreparedSQL, limit: Int = .max, bind: (inout StatementBinder) -> Void = { _ in },
        read: (inout RowReader) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> (rows: [Row], damaged: Int) {
        var rows: [Row] = []
        var damaged = 0
        guard limit > 0 else { return (rows, damaged) }
        try step(bound(sql, bind), sql.label) { (row) throws(SQLiteError) in
            do throws(SQLiteError) {
                let value = try read(&row)
                if let fault = row.fault { throw fault }
                rows.append(value)
            } catch {
                guard error.scope == .row else { throw error }
                row.forgetFault()
                damaged += 1
            }
            return rows.count < limit
        }
        return (rows, damaged)
    }

    /// Visits every row of a statement that is needed once and not kept prepared, one at a time.
    func each(
        _ text: String, label: String, visit: (inout RowReader) throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        let statement = try SQLiteStatement(text, label: label, connection: handle)
        try step(statement, label) { (row) throws(SQLiteError) in
            try visit(&row)
            return true
        }
    }

    /// Calls `visit` per row until it returns false, then makes the statement ready for its next use.
    private func step(
        _ statement: SQLiteStatement, _ label: String, visit: (inout RowReader) throws(SQLiteError) -> Bool
    ) throws(SQLiteError) {
        defer { sqlite3_reset(statement.handle) }
        while true {
            let code = sqlite3_step(statement.handle)
            switch code {
            case SQLITE_DONE: return
            case SQLITE_ROW:
                var row = RowReader(statement, label: label, sealer: sealer)
                let goesOn = try visit(&row)
                if let fault = row.fault { throw fault }
                guard goesOn else { return }
            default: throw SQLiteError(code: code, operation: label)
            }
        }
    }

    private func bound(
        _ sql: PreparedSQL, _ bind: (inout StatementBinder) -> Void
    ) throws(SQLiteError) -> SQLiteStatement {
        let statement = try prepared(sql)
        var binder = StatementBinder(statement, scratch: scratch, sealer: sealer)
        bind(&binder)
        guard binder.result == SQLITE_OK else {
            throw SQLiteError(code: binder.result, operation: "bind " + sql.label)
        }
        return statement
    }

    private func prepared(_ sql: PreparedSQL) throws(SQLiteError) -> SQLiteStatement {
        if sql.slot < statements.count, let statement = statements[sql.slot] { return statement }
        let statement = try SQLiteStatement(sql.text, label: sql.label, connection: handle)
        while statements.count <= sql.slot { statements.append(nil) }
        statements[sql.slot] = statement
        return statement
    }
}
