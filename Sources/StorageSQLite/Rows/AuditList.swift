internal import AuditChain
internal import TelehealthEngine
internal import TelehealthModel

/// Pages of the audit log in (time, number) order, each read along the index that narrows it most.
enum AuditList {
    /// What narrows a listing first; the rest of a query is looked at row by row.
    enum Key: CaseIterable {
        case session, person, subject, time

        init(_ query: AuditQuery) {
            self =
                query.sessionID != nil
                ? .session : query.person != nil ? .person : query.subject != nil ? .subject : .time
        }

        /// Each chooses rows that no other one does; together they are all rows of the key.
        fileprivate var conditions: [String] {
            switch self {
            case .session: ["session_id = ?5 AND "]
            case .person:
                [
                    "subject = ?5 AND \(SchemaV9.isOwn) AND ",
                    "person = ?5 AND \(SchemaV9.isOfOthers) AND person IS NOT NULL AND ",
                ]
            case .subject: ["subject = ?5 AND \(SchemaV9.isOwn) AND ", "subject = ?5 AND \(SchemaV9.isOfOthers) AND "]
            case .time: [""]
            }
        }

        /// Rows in the given range and order, merged from an index for each condition.
        fileprivate func text(_ range: String, order: String) -> String {
            conditions.map { AuditRow.table.selectText("WHERE \($0)\(range)") }.joined(separator: " UNION ALL ")
                + " ORDER BY \(order) LIMIT ?4"
        }
    }

    private static let oldestFirst = Key.allCases.map { key in
        PreparedSQL(
            "audit.list by \(key)",
            key.text("at >= ?1 AND (at, number) > (?1, ?2) AND at < ?3", order: "at, number"))
    }
    private static let newestFirst = Key.allCases.map { key in
        PreparedSQL(
            "audit.list by \(key), newest first",
            key.text("at <= ?1 AND (at, number) < (?1, ?2) AND at >= ?3", order: "at DESC, number DESC"))
    }

    static let statements = oldestFirst + newestFirst

    /// Whether the query chooses every row of its index and times.
    static func choosesAlone(_ query: AuditQuery) -> Bool {
        let keys = [query.sessionID != nil, query.person != nil, query.subject != nil].count { $0 }
        return keys <= 1 && query.action == nil && query.outcome == nil
    }

    /// Rows after the query's position, whether or not the query chooses them.
    static func rows(
        _ query: AuditQuery, limit: Int, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> [AuditRecord] {
        let key = Key(query)
        let index = Key.allCases.firstIndex(of: key) ?? 0
        let statement = query.isDescending ? newestFirst[index] : oldestFirst[index]
        return try connection.all(
            statement, bind: { bind(query, key, limit, &$0) }, read: { row in AuditRow.read(&row) })
    }

    private static func bind(
        _ query: AuditQuery, _ key: Key, _ limit: Int, _ values: inout StatementBinder
    ) {
        if query.isDescending {
            // "before" leaves its own instant out; no row has a number below 1.
            values.add(query.after?.at ?? query.before ?? Timestamp(microseconds: .max))
            values.add(query.after?.number ?? 0)
            values.add(query.from ?? Timestamp(microseconds: .min))
        } else {
            values.add(query.after?.at ?? query.from ?? Timestamp(microseconds: .min))
            values.add(query.after?.number ?? 0)
            values.add(query.before ?? Timestamp(microseconds: .max))
        }
        values.add(limit)
        switch key {
        case .session: values.add(query.sessionID)
        case .person: values.add(query.person)
        case .subject: values.add(query.subject)
        case .time: break
        }
    }
}
