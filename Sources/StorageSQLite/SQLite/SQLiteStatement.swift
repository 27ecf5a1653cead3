internal import CSQLite

/// Owns one `sqlite3_stmt *`: finalized exactly once, before its connection closes (``SQLiteConnection`` sees
/// to it).
///
/// Isolation: whoever holds the connection.
final class SQLiteStatement {
    let handle: OpaquePointer

    init(_ text: String, label: String, connection: OpaquePointer) throws(SQLiteError) {
        var statement: OpaquePointer?
        // PERSISTENT: these live as long as the connection.
        let code = sqlite3_prepare_v3(
            connection, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else {
            throw SQLiteError(code: code == SQLITE_OK ? SQLITE_MISUSE : code, operation: "prepare " + label)
        }
        handle = statement
    }

    deinit { sqlite3_finalize(handle) }
}
