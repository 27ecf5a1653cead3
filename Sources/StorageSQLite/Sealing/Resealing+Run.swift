internal import Storage

extension Resealing {
    /// Rows looked at per step: about 1 ms when all of them change.
    static let rowsPerStep = 100

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

    private struct Row {
        let key: [StoredValue]
        let values: [StoredValue]
    }

    /// - Returns: what is left to do; nil when every row is sealed with the current key.
    func step(_ connection: SQLiteConnection, _ sealer: Sealer) throws(SQLiteError) -> Resealing? {
        guard current == sealer.currentKey else { return Resealing(current: sealer.currentKey) }
        if table == 0, after.isEmpty, try !KeyUse.isMixed(current, connection) { return nil }
        let shape = SealedTable.all[table]
        let rows = try connection.all(
            Self.statements[table].next,
            bind: { values in
                for place in shape.key.indices {
                    // The empty text comes before every id and, being no blob, before every token.
                    values.add(after.isEmpty ? .text("") : after[place])
                }
            },
            read: { row in
                Row(key: shape.key.map { _ in row.stored() }, values: shape.columns.map { _ in row.stored() })
            })
        var next = self
        for row in rows where try !reseal(row, of: shape, connection, sealer) { next.damagedRows += 1 }
        if let last = rows.last, rows.count == Self.rowsPerStep {
            next.after = last.key
            return next
        }
        next.table += 1
        next.after = []
        if !next.isOver || next.damagedRows > 0 { return next }
        try KeyUse.forgetOthers(current, connection)
        try ClearTextPermit.end(connection)
        return nil
    }

    /// - Returns: false when a value of the row does not open; nothing of the row is changed then.
    private func reseal(
        _ row: Row, of shape: SealedTable, _ connection: SQLiteConnection, _ sealer: Sealer
    ) throws(SQLiteError) -> Bool {
        guard let key = shape.context(row.key, sealer) else { return false }
        var isChanged = false
        var sealed: [[UInt8]?] = []
        for (column, value) in zip(shape.columns, row.values) {
            switch value {
            case .null: sealed.append(nil)
            case .text(let text):
                guard sealer.takesClearTexts else { return false }
                isChanged = true
                sealed.append(sealer.seal(text, column, row: key))
            case .blob(let bytes) where Sealer.keyID(of: bytes) == current: sealed.append(bytes)
            case .blob(let bytes):
                guard let text = sealer.open(bytes, column, row: key) else { return false }
                isChanged = true
                sealed.append(sealer.seal(text, column, row: key))
            }
        }
        guard isChanged else { return true }
        try connection.run(Self.statements[table].update) { values in
            for part in row.key { values.add(part) }
            for value in sealed { if let value { values.add(value) } else { values.null() } }
        }
        return true
    }
}
