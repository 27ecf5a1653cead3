/// Finds rows of the outbox that no worker can claim: their kind is unknown, or they lack what it needs.
enum EffectRowCheck {
    /// - Returns: a sentence for each of the first rows, and one for the rest.
    static func problems(
        _ connection: SQLiteConnection, problemsMax: Int, _ rows: inout RowCount
    ) throws(SQLiteError) -> [String] {
        var problems: [String] = []
        var count = 0
        let table = EffectRow.table
        try connection.each("SELECT id, \(table.list) FROM \(table.name)", label: "\(table.name).check") {
            row throws(SQLiteError) in
            try rows.next()
            let id = row.text()
            do throws(SQLiteError) { _ = try EffectRow.read(&row) } catch {
                guard error.scope == .row else { throw error }
                count += 1
                if count <= problemsMax {
                    problems.append("row \(id) of \(table.name) is damaged: it is of no known kind, or lacks a value")
                }
            }
        }
        let rest = count - problems.count
        return problems + (rest > 0 ? ["\(rest) more rows of \(table.name) are damaged"] : [])
    }
}
