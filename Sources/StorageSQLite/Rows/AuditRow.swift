internal import TelehealthCore

enum AuditRow {
    /// The key is a number the database counts up.
    static let table = Table(
        "audit", key: [],
        columns: ["at", "subject", "role", "actor", "action", "outcome", "session_id", "target", "reason"])
    static let insert = PreparedSQL("audit.insert", table.insertText)

    static func bind(_ row: AuditEntry, _ values: inout StatementBinder) {
        values.add(row.at)
        values.add(subject: row.subject)
        values.add(row.role)
        values.add(subject: row.actor)
        values.add(row.action)
        values.add(row.outcome)
        values.add(row.sessionID)
        values.add(row.target)
        values.add(row.reason)
    }
}
