import Storage

/// Opens every sealed value and every token of a database: the file's structure can be sound while they are not.
///
/// One row at a time, so its memory is bounded whatever the file's size; about 1 us a value.
struct SealedValueCheck {
    let sealer: Sealer
    /// Sentences kept; more are only counted.
    let problemsMax: Int
    private(set) var problems: [String] = []
    private var damaged = 0
    private var rows: RowCount

    init(_ sealer: Sealer, problemsMax: Int, _ rows: RowCount) {
        self.sealer = sealer
        self.problemsMax = problemsMax
        self.rows = rows
    }

    /// - Returns: a sentence for each value that does not open and each row that somebody else wrote, and one for those
    ///   beyond the limit.
    static func problems(
        _ connection: SQLiteConnection, _ sealer: Sealer, problemsMax: Int, _ watch: CheckWatch
    ) throws(SQLiteError) -> [String] {
        let tables =
            SealedTable.all.map(\.name) + TokenTable.all.map(\.name) + (try ForgedRowCheck.tables(connection))
            + [EffectRow.table.name]
        var check = SealedValueCheck(
            sealer, problemsMax: problemsMax, try RowCount(of: tables, connection, watch))
        for table in SealedTable.all { try check.look(table, connection) }
        for table in TokenTable.all { try check.look(table, connection) }
        let rest = check.damaged - check.problems.count
        let forged = try ForgedRowCheck.run(connection, sealer, &check.rows)
        return check.problems + (rest > 0 ? ["\(rest) more values are damaged"] : []) + forged.sentences
            + (try EffectRowCheck.problems(connection, problemsMax: problemsMax, &check.rows))
    }

    private mutating func look(_ table: SealedTable, _ connection: SQLiteConnection) throws(SQLiteError) {
        let columns = (table.key + table.columns.map(\.name)).joined(separator: ", ")
        try connection.each("SELECT \(columns) FROM \(table.name)", label: "\(table.name).check") {
            row throws(SQLiteError) in
            try rows.next()
            let key = table.key.map { _ in row.stored() }
            let values = table.columns.map { _ in row.stored() }
            let context = table.context(key, sealer)
            for (column, value) in zip(table.columns, values) where !isSound(value, column, context) {
                note(table.name, column.name, table.isOfPerson ? "" : context ?? "")
            }
        }
    }

    private func isSound(_ value: StoredValue, _ column: SealedColumn, _ context: String?) -> Bool {
        switch value {
        case .null: return true
        case .text: return sealer.takesClearTexts
        case .blob(let bytes):
            guard let context else { return false }
            return sealer.open(bytes, column, row: context) != nil
        }
    }

    private mutating func look(_ table: TokenTable, _ connection: SQLiteConnection) throws(SQLiteError) {
        let columns = (table.key + table.columns).joined(separator: ", ")
        try connection.each("SELECT \(columns) FROM \(table.name)", label: "\(table.name).check") {
            row throws(SQLiteError) in
            try rows.next()
            let key = table.key.map { _ in row.text() }
            for column in table.columns {
                let isSound =
                    switch row.stored() {
                    case .null: true
                    case .text: table.holdsTextsToo
                    case .blob(let token): sealer.identifiers.opens(token)
                    }
                if !isSound { note(table.name, column, key.joined(separator: "/")) }
            }
        }
    }

    /// Nothing of a person: the row is named by ids of our own, or not at all.
    private mutating func note(_ table: String, _ column: String, _ row: String) {
        damaged += 1
        guard problems.count < problemsMax else { return }
        let place = "\(table).\(column) of \(row.isEmpty ? "a row" : "row \(row)")"
        problems.append("\(place) does not open: it is damaged, or not sealed")
    }
}
