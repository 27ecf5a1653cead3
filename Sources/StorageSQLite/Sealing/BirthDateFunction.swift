internal import CSQLite
internal import Storage

/// `telehealth_birth_date(subject_id, born_on)` in SQL: the day as text, for migrations that decide by age. NULL for a
/// value that does not open; a text from before there were key rings stays what it is.
enum BirthDateFunction {
    static let name = "telehealth_birth_date"

    static func register(on connection: SQLiteConnection, _ sealer: Sealer) throws(SQLiteError) {
        // As of ``SealingFunction``: retained for the connection's life.
        let context = Unmanaged.passRetained(sealer).toOpaque()
        let code = sqlite3_create_function_v2(
            connection.handle, name, 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, context,
            { context, _, values in
                guard let subject = values?[0], let value = values?[1], let data = sqlite3_user_data(context)
                else {
                    return
                }
                guard sqlite3_value_type(value) == SQLITE_BLOB else {
                    return sqlite3_result_value(context, value)
                }
                let sealer = Unmanaged<Sealer>.fromOpaque(data).takeUnretainedValue()
                guard let id = sealer.identifiers.id(BirthDateFunction.bytes(subject)),
                    let day = sealer.open(BirthDateFunction.bytes(value), .bornOn, row: id)
                else { return sqlite3_result_null(context) }
                sqlite3_result_text(context, day, -1, telehealth_sqlite3_transient())
            }, nil, nil,
            { data in
                guard let data else { return }
                Unmanaged<Sealer>.fromOpaque(data).release()
            })
        guard code == SQLITE_OK else { throw SQLiteError(code: code, operation: "register \(name)") }
    }

    private static func bytes(_ value: OpaquePointer) -> [UInt8] {
        guard let start = sqlite3_value_blob(value) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value))))
    }
}
