internal import CSQLite

/// Seals every personal value with the current key that is sealed with another or not at all, a bounded step
/// at a time so that other writes are not held up.
///
/// A step looks at the next rows of one table in the order of its key; rows written meanwhile are sealed with
/// the current key by their writer. A crash loses nothing: the database still knows that keys are mixed, and
/// the next start goes through all rows again.
struct Resealing: Sendable {
    /// Rows looked at per step: about 1 ms when all of them change.
    static let rowsPerStep = 100

    /// The key that was current when this began; a newer one means beginning again.
    private let current: UInt32
    private var table = 0
    /// The key of the last row looked at; empty = before the first.
    private var after: [String] = []

    init(current: UInt32) { self.current = current }

    private struct Statements: Sendable {
        let next: PreparedSQL
        let update: PreparedSQL
    }

    private static let statements: [Statements] = SealedTable.all.map { table in
        let columns = table.columns.map(\.name)
        let key = table.key.joined(separator: ", ")
        let places = table.key.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        let settings = columns.enumerated().map { "\($1) = ?\(table.key.count + $0 + 1)" }
        let row = table.key.enumerated().map { "\($1) = ?\($0 + 1)" }.joined(separator: " AND ")
        return Statements(
            next: PreparedSQL(
                "\(table.name).reseal read",
                """
                SELECT \(key), \(columns.joined(separator: ", ")) FROM \(table.name) \
                WHERE (\(key)) > (\(places)) ORDER BY \(key) LIMIT \(rowsPerStep)
                """),
            update: PreparedSQL(
                "\(table.name).reseal",
                "UPDATE \(table.name) SET \(settings.joined(separator: ", ")) WHERE \(row)"))
    }

    static let readStatements = statements.map(\.next)

    private struct Row {
        let key: [String]
        /// As stored; nil for NULL.
        let values: [RowReader.Stored]
    }

    /// - Returns: what is left to do; nil when every row was looked at.
    func step(_ connection: SQLiteConnection, _ sealer: Sealer) throws(SQLiteError) -> Resealing? {
        guard current == sealer.currentKey else { return Resealing(current: sealer.currentKey) }
        guard table < SealedTable.all.count else { return nil }
        if table == 0, after.isEmpty, try !KeyUse.isMixed(current, connection) { return nil }
        let shape = SealedTable.all[table]
        let rows = try connection.all(
            Self.statements[table].next,
            bind: { values in
                for place in shape.key.indices {
                    // The empty text comes before every id and, being no blob, before every token.
                    if after.isEmpty { values.add("") } else { Self.bind(after[place], of: shape, &values) }
                }
            },
            read: { row in
                Row(
                    key: shape.key.map { _ in shape.isOfPerson ? row.subject() : row.text() },
                    values: shape.columns.map { _ in row.stored() })
            })
        for row in rows { try reseal(row, of: shape, connection, sealer) }
        var next = self
        if let last = rows.last, rows.count == Self.rowsPerStep {
            next.after = last.key
            return next
        }
        next.table += 1
        next.after = []
        if next.table < SealedTable.all.count { return next }
        try KeyUse.forgetOthers(current, connection)
        return nil
    }

    private static func bind(_ part: String, of shape: SealedTable, _ values: inout StatementBinder) {
        if shape.isOfPerson { values.add(subject: part) } else { values.add(part) }
    }

    private func reseal(
        _ row: Row, of shape: SealedTable, _ connection: SQLiteConnection, _ sealer: Sealer
    ) throws(SQLiteError) {
        let key = row.key.joined(separator: "/")
        var isChanged = false
        var sealed: [[UInt8]?] = []
        for (column, value) in zip(shape.columns, row.values) {
            switch value {
            case .null: sealed.append(nil)
            case .text(let text):
                isChanged = true
                sealed.append(sealer.seal(text, column, row: key))
            case .blob(let bytes) where Sealer.keyID(of: bytes) == current: sealed.append(bytes)
            case .blob(let bytes):
                guard let text = sealer.open(bytes, column, row: key) else {
                    throw SQLiteError(code: SQLITE_ERROR, operation: "sealed value in \(shape.name).reseal")
                }
                isChanged = true
                sealed.append(sealer.seal(text, column, row: key))
            }
        }
        guard isChanged else { return }
        try connection.run(Self.statements[table].update) { values in
            for part in row.key { Self.bind(part, of: shape, &values) }
            for value in sealed { if let value { values.add(value) } else { values.null() } }
        }
    }
}
