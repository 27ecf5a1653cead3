internal import CSQLite
internal import Storage
internal import TelehealthModel

/// Reads the columns of a statement's current row one after another, the first one first.
struct RowReader {
    private let statement: OpaquePointer
    private let label: String
    private var column: Int32 = 0
    private let sealer: Sealer?
    /// Set by a sealed value that did not open; whoever made the reader throws it away then.
    private(set) var fault: SQLiteError?

    /// For a reader that passes damaged rows over.
    mutating func forgetFault() { fault = nil }

    init(_ statement: SQLiteStatement, label: String, sealer: Sealer?) {
        self.statement = statement.handle
        self.label = label
        self.sealer = sealer
    }

    private mutating func next() -> Int32 {
        defer { column += 1 }
        return column
    }

    /// Whether the next column is NULL; if so it is passed.
    private mutating func skipNull() -> Bool {
        guard sqlite3_column_type(statement, column) == SQLITE_NULL else { return false }
        column += 1
        return true
    }

    mutating func skip() { column += 1 }

    mutating func integer() -> Int64 { sqlite3_column_int64(statement, next()) }

    /// Copied before the next call on the statement, which may free SQLite's bytes.
    mutating func text() -> String {
        let index = next()
        guard let start = sqlite3_column_text(statement, index) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, index))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    mutating func bytes() -> [UInt8] {
        let index = next()
        guard let start = sqlite3_column_blob(statement, index) else { return [] }
        return [UInt8](
            UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, index))))
    }

    mutating func stored() -> StoredValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_NULL:
            skip()
            return .null
        case SQLITE_BLOB: return .blob(bytes())
        default: return .text(text())
        }
    }

    /// A text of a personal column. One that is not sealed is not ours, unless the database is from before there
    /// were key rings and not sealed through yet (``ClearTextPermit``).
    mutating func sealed(_ column: SealedColumn, row: String) -> String {
        if sqlite3_column_type(statement, self.column) == SQLITE_TEXT, sealer?.takesClearTexts == true { return text() }
        return opened { sealer, value in sealer.open(value, column, row: row) }
    }

    /// A person's id; see ``StatementBinder/add(subject:)``. Never a text: a migration made all of them tokens.
    mutating func subject() -> String { opened { sealer, value in sealer.identifiers.id(value) } }

    /// The same in an append-only row, which stays as it was written: in clear, from before there were key rings.
    mutating func subjectOrText() -> String {
        sqlite3_column_type(statement, column) == SQLITE_TEXT ? text() : subject()
    }

    /// The row's MAC, held against what was read of the row.
    mutating func checkMAC(_ table: MACTable, _ values: [String?]) {
        let mac = bytes()
        guard fault == nil else { return }
        if sealer?.rows.verifies(mac, table.name, values) != true { fault = .damagedRow("MAC in " + label) }
    }

    /// The same in a row that is checked as a whole afterwards: bytes that are not a token of the ring give
    /// ``forgedSubject``, so that the check names the row instead of ending at it.
    mutating func checkedSubject() -> String {
        guard sqlite3_column_type(statement, column) == SQLITE_BLOB else { return text() }
        return sealer?.identifiers.id(bytes()) ?? Self.forgedSubject
    }
    /// No caller's id: they hold no control characters.
    static let forgedSubject = "\u{1A}forged"

    mutating func optionalCheckedSubject() -> String? { skipNull() ? nil : checkedSubject() }

    private mutating func opened(_ open: (Sealer, [UInt8]) -> String?) -> String {
        let isBlob = sqlite3_column_type(statement, column) == SQLITE_BLOB
        let value = bytes()
        if isBlob, let sealer, let text = open(sealer, value) { return text }
        fault = .damagedRow("sealed value in " + label)
        return ""
    }

    /// - Throws: ``SQLiteError/damagedRow(_:)`` when the text is none of the type's values: a row this program never
    ///   wrote.
    mutating func choice<Choice: RawRepresentable>(
        _: Choice.Type = Choice.self
    ) throws(SQLiteError) -> Choice where Choice.RawValue == String {
        guard let value = Choice(rawValue: text()) else { throw damage }
        return value
    }

    /// For a row whose values make no sense together.
    var damage: SQLiteError { .damagedRow("value in " + label) }
}

extension RowReader {
    mutating func count() -> Int { Int(integer()) }
    mutating func flag() -> Bool { integer() != 0 }
    mutating func instant() -> Timestamp { Timestamp(microseconds: integer()) }
    mutating func identifier<ID: Identifier>(_: ID.Type = ID.self) -> ID { ID(rawValue: text()) }

    mutating func identifier(_: SubjectID.Type = SubjectID.self) -> SubjectID { SubjectID(rawValue: subject()) }

    mutating func optionalIdentifier(_: SubjectID.Type = SubjectID.self) -> SubjectID? {
        skipNull() ? nil : identifier()
    }
    mutating func optionalSubject() -> String? { skipNull() ? nil : subject() }
    mutating func optionalSealed(_ column: SealedColumn, row: String) -> String? {
        skipNull() ? nil : sealed(column, row: row)
    }

    mutating func optionalInteger() -> Int64? { skipNull() ? nil : integer() }
    mutating func optionalCount() -> Int? { skipNull() ? nil : count() }
    mutating func optionalText() -> String? { skipNull() ? nil : text() }
    mutating func optionalInstant() -> Timestamp? { skipNull() ? nil : instant() }
    mutating func optionalIdentifier<ID: Identifier>(_: ID.Type = ID.self) -> ID? {
        skipNull() ? nil : identifier()
    }
    mutating func optionalChoice<Choice: RawRepresentable>(
        _: Choice.Type = Choice.self
    ) throws(SQLiteError) -> Choice? where Choice.RawValue == String {
        skipNull() ? nil : try choice()
    }
}
