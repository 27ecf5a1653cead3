internal import CSQLite
internal import Storage
internal import TelehealthModel

/// Sets a statement's parameters one after another, `?1` first.
///
/// Texts and blobs are copied into the connection's scratch memory and bound by address, which spares SQLite
/// one allocation per value; what does not fit is bound with SQLite's own copy. The scratch memory holds
/// until the connection's next statement, so a statement is stepped to its end before another one is bound.
struct StatementBinder {
    private let statement: OpaquePointer
    private let scratch: UnsafeMutableRawBufferPointer
    private var used = 0
    private var index: Int32 = 0
    private let sealer: Sealer?
    /// The first failure, or `SQLITE_OK`.
    private(set) var result = SQLITE_OK

    init(_ statement: SQLiteStatement, scratch: UnsafeMutableRawBufferPointer, sealer: Sealer?) {
        self.statement = statement.handle
        self.scratch = scratch
        self.sealer = sealer
    }

    private mutating func note(_ code: Int32) {
        if result == SQLITE_OK { result = code }
    }

    mutating func null() {
        index += 1
        note(sqlite3_bind_null(statement, index))
    }

    mutating func add(_ value: Int64) {
        index += 1
        note(sqlite3_bind_int64(statement, index, value))
    }

    mutating func add(_ text: String) {
        index += 1
        let span = text.utf8.span
        let count = span.count
        if count <= scratch.count - used {
            let start = scratch.baseAddress! + used
            span.withUnsafeBufferPointer { bytes in
                if count > 0 { start.copyMemory(from: bytes.baseAddress!, byteCount: count) }
            }
            used += count
            note(
                telehealth_sqlite3_bind_text_static(
                    statement, index, start.assumingMemoryBound(to: CChar.self), UInt64(count)))
        } else {
            let code = span.withUnsafeBufferPointer { bytes in
                bytes.baseAddress!.withMemoryRebound(to: CChar.self, capacity: count) { start in
                    telehealth_sqlite3_bind_text_copy(statement, index, start, UInt64(count))
                }
            }
            note(code)
        }
    }

    mutating func add(_ bytes: [UInt8]) {
        index += 1
        let count = bytes.count
        if count <= scratch.count - used {
            // Also of an empty blob: a null address would bind NULL.
            let start = scratch.baseAddress! + used
            bytes.withUnsafeBytes { buffer in
                if let base = buffer.baseAddress { start.copyMemory(from: base, byteCount: count) }
            }
            used += count
            note(telehealth_sqlite3_bind_blob_static(statement, index, start, UInt64(count)))
        } else {
            let code = bytes.withUnsafeBytes { buffer in
                telehealth_sqlite3_bind_blob_copy(statement, index, buffer.baseAddress, UInt64(count))
            }
            note(code)
        }
    }

    /// A value as it was read.
    mutating func add(_ stored: StoredValue) {
        switch stored {
        case .null: null()
        case .text(let text): add(text)
        case .blob(let bytes): add(bytes)
        }
    }

    /// A text of a personal column, sealed for its row (``SealedTable/key``).
    mutating func add(sealed text: String?, _ column: SealedColumn, row: String) {
        guard let text else { return null() }
        guard let sealer else { return refuse() }
        add(sealer.seal(text, column, row: row))
    }

    /// A person's id, in the form in which the database knows it.
    mutating func add(subject id: String?) {
        guard let id else { return null() }
        guard let sealer else { return refuse() }
        add(sealer.identifiers.token(id))
    }

    /// The MAC of a row over what it says (``RowSeal``).
    mutating func add(macOf table: MACTable, _ values: [String?]) {
        guard let sealer else { return refuse() }
        add(sealer.rows.mac(table.name, values))
    }

    /// A connection without a sealer was opened for something else than rows.
    private mutating func refuse() {
        index += 1
        note(SQLITE_MISUSE)
    }
}

extension StatementBinder {
    mutating func add(_ value: Subject) { add(subject: value.rawValue) }
    mutating func add(_ value: Subject?) { add(subject: value?.rawValue) }
    mutating func add(_ value: SubjectID) { add(subject: value.rawValue) }
    mutating func add(_ value: SubjectID?) { add(subject: value?.rawValue) }
    mutating func add(_ value: Int) { add(Int64(value)) }
    mutating func add(_ value: Bool) { add(value ? 1 as Int64 : 0) }
    mutating func add(_ value: Timestamp) { add(value.microseconds) }
    mutating func add(_ value: some Identifier) { add(value.rawValue) }
    mutating func add<Choice: RawRepresentable>(_ value: Choice) where Choice.RawValue == String {
        add(value.rawValue)
    }

    mutating func add(_ value: Int64?) { if let value { add(value) } else { null() } }
    mutating func add(_ value: Int?) { if let value { add(value) } else { null() } }
    mutating func add(_ value: String?) { if let value { add(value) } else { null() } }
    mutating func add(_ value: Timestamp?) { if let value { add(value) } else { null() } }
    mutating func add<ID: Identifier>(_ value: ID?) { if let value { add(value) } else { null() } }
    mutating func add<Choice: RawRepresentable>(_ value: Choice?) where Choice.RawValue == String {
        if let value { add(value) } else { null() }
    }
}
