internal import CSQLite

/// `telehealth_subject(x)` in SQL: the token of a person's id, for migrations of rows that hold it in clear. NULL and
/// tokens stay what they are.
enum SealingFunction {
    static let name = "telehealth_subject"

    static func register(on connection: SQLiteConnection, _ sealer: Sealer) throws(SQLiteError) {
        // Retained for the connection's life, given back by SQLite's call of the destructor when the
        // connection closes (and also when registering fails).
        let context = Unmanaged.passRetained(sealer).toOpaque()
        let code = sqlite3_create_function_v2(
            connection.handle, name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, context,
            { context, _, values in
                guard let value = values?[0], let data = sqlite3_user_data(context) else { return }
                guard sqlite3_value_type(value) == SQLITE_TEXT, let start = sqlite3_value_text(value) else {
                    return sqlite3_result_value(context, value)
                }
                let text = UnsafeBufferPointer(start: start, count: Int(sqlite3_value_bytes(value)))
                let sealer = Unmanaged<Sealer>.fromOpaque(data).takeUnretainedValue()
                let token = sealer.identifiers.token(String(decoding: text, as: UTF8.self))
                token.withUnsafeBytes { bytes in
                    sqlite3_result_blob(
                        context, bytes.baseAddress, Int32(bytes.count), telehealth_sqlite3_transient())
                }
            }, nil, nil,
            { data in
                guard let data else { return }
                Unmanaged<Sealer>.fromOpaque(data).release()
            })
        guard code == SQLITE_OK else { throw SQLiteError(code: code, operation: "register \(name)") }
    }
}
