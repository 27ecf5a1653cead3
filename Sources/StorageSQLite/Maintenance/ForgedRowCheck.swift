internal import AuditChain
internal import Storage

/// Finds rows that somebody else than the service wrote, one row at a time: those that say who may see a visit and do
/// not fit their MAC (``RowSeal``), and those with a text where a sealed value or a token belongs.
///
/// No data key is needed, so a copy whose keys were removed since can be checked as well.
enum ForgedRowCheck {
    /// Rows named; more are only counted.
    static let namedMax = 20

    struct Result: Sendable {
        /// "table KEY" of the first ones.
        var names: [String] = []
        var count = 0

        fileprivate mutating func note(_ name: String) {
            guard !names.contains(name) else { return }
            count += 1
            if names.count < namedMax { names.append(name) }
        }

        var sentences: [String] {
            let more = count - names.count
            return names.map { "\($0) was written by somebody else: it does not fit its MAC, or is not sealed" }
                + (more > 0 ? ["\(more) more rows were written by somebody else"] : [])
        }

        var findings: [AuditFinding] { names.map { AuditFinding(number: 0, fault: .rowForged($0)) } }
    }

    static func run(
        _ connection: SQLiteConnection, _ sealer: Sealer, _ watch: CheckWatch
    ) throws(SQLiteError) -> Result {
        var rows = try RowCount(of: tables(connection), connection, watch)
        return try run(connection, sealer, &rows)
    }

    /// Those whose rows it counts; none in a copy from before there were MACs.
    static func tables(_ connection: SQLiteConnection) throws(SQLiteError) -> [String] {
        try carriesMAC(.sessions, connection) ? MACTable.all.map(\.name) : []
    }

    static func run(
        _ connection: SQLiteConnection, _ sealer: Sealer, _ rows: inout RowCount
    ) throws(SQLiteError) -> Result {
        var result = Result()
        guard try carriesMAC(.sessions, connection) else { return result }
        for table in MACTable.all {
            let columns = (table.columns + [MACTable.column]).joined(separator: ", ")
            try connection.each("SELECT \(columns) FROM \(table.name)", label: "\(table.name).check MACs") {
                row throws(SQLiteError) in
                try rows.next()
                let values = table.columns.map { _ in text(row.stored(), sealer) }
                guard !sealer.rows.verifies(row.bytes(), table.name, values) else { return }
                let key = zip(table.columns, values).filter { table.key.contains($0.0) }.compactMap(\.1)
                result.note("\(table.name) \(key.joined(separator: "/"))")
            }
        }
        for table in TokenTable.all where !table.holdsTextsToo {
            try findTexts(in: table, connection, sealer, &result)
        }
        return result
    }

    private static func findTexts(
        in table: TokenTable, _ connection: SQLiteConnection, _ sealer: Sealer, _ result: inout Result
    ) throws(SQLiteError) {
        var columns = table.columns
        if try !ClearTextPermit.stands(connection, sealer) {
            columns += SealedTable.all.filter { $0.name == table.name }.flatMap(\.columns).map(\.name)
        }
        let isClear = columns.map { "typeof(\($0)) NOT IN ('blob', 'null')" }.joined(separator: " OR ")
        let key = table.key.isEmpty ? "'(a person)'" : table.key.joined(separator: " || '/' || ")
        try connection.each("SELECT \(key) FROM \(table.name) WHERE \(isClear)", label: "\(table.name).check texts") {
            row throws(SQLiteError) in result.note("\(table.name) \(row.text())")
        }
    }

    /// False for a copy from before there were MACs.
    private static func carriesMAC(_ table: MACTable, _ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
        try connection.texts("SELECT name FROM pragma_table_info('\(table.name)')", label: "\(table.name).columns")
            .contains(MACTable.column)
    }

    /// A value as the MAC knows it; bytes that are not a token give what no row was ever sealed with.
    private static func text(_ value: StoredValue, _ sealer: Sealer) -> String? {
        switch value {
        case .null: nil
        case .text(let text): text
        case .blob(let token): sealer.identifiers.id(token) ?? RowReader.forgedSubject
        }
    }
}
