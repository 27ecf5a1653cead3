internal import CSQLite
internal import Storage

/// Functions in SQL for migrations, of rows that are there before this program knew them.
///
/// `telehealth_subject(x)` is the token of a person's id held in clear; NULL and tokens stay what they are.
/// `telehealth_row_mac(table, …)` is the row's MAC (``RowSeal``) over the columns given.
enum SealingFunction {
    static let name = "telehealth_subject"
    static let macName = "telehealth_row_mac"

    static func register(on connection: SQLiteConnection, _ sealer: Sealer) throws(SQLiteError) {
        try register(name, arguments: 1, on: connection, sealer) { context, _, values in
            guard let value = values?[0], let data = sqlite3_user_data(context) else { return }
            guard sqlite3_value_type(value) == SQLITE_TEXT else { return sqlite3_result_value(context, value) }
            let sealer = Unmanaged<Sealer>.fromOpaque(data).takeUnretainedValue()
            SealingFunction.answer(context, sealer.identifiers.token(SealingFunction.text(value)))
        }
        try register(macName, arguments: -1, on: connection, sealer) { context, count, values in
            guard let values, let data = sqlite3_user_data(context), count > 1 else { return }
            let sealer = Unmanaged<Sealer>.fromOpaque(data).takeUnretainedValue()
            let arguments = UnsafeBufferPointer(start: values, count: Int(count))
            let columns = arguments.dropFirst().map { SealingFunction.column($0, sealer) }
            SealingFunction.answer(context, sealer.rows.mac(SealingFunction.text(arguments[0]), columns))
        }
    }

    private typealias Body =
        @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void

    private static func register(
        _ name: String, arguments: Int32, on connection: SQLiteConnection, _ sealer: Sealer, _ body: Body
    ) throws(SQLiteError) {
        // Retained for the connection's life, given back by SQLite's call of the destructor when the
        // connection closes (and also when registering fails).
        let context = Unmanaged.passRetained(sealer).toOpaque()
        let code = sqlite3_create_function_v2(
            connection.handle, name, arguments, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, context, body,
            nil, nil,
            { data in
                guard let data else { return }
                Unmanaged<Sealer>.fromOpaque(data).release()
            })
        guard code == SQLITE_OK else { throw SQLiteError(code: code, operation: "register \(name)") }
    }

    /// A value as the MAC knows it: ids in clear, numbers in decimal.
    private static func column(_ value: OpaquePointer?, _ sealer: Sealer) -> String? {
        switch sqlite3_value_type(value) {
        case SQLITE_NULL: return nil
        case SQLITE_BLOB:
            guard let start = sqlite3_value_blob(value) else { return "" }
            let bytes = [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value))))
            return sealer.identifiers.id(bytes) ?? RowReader.forgedSubject
        default: return text(value)
        }
    }

    private static func text(_ value: OpaquePointer?) -> String {
        guard let start = sqlite3_value_text(value) else { return "" }
        return String(
            decoding: UnsafeBufferPointer(start: start, count: Int(sqlite3_value_bytes(value))), as: UTF8.self)
    }

    private static func answer(_ context: OpaquePointer?, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            sqlite3_result_blob(context, bytes.baseAddress, Int32(bytes.count), telehealth_sqlite3_transient())
        }
    }
}
