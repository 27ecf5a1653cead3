internal import Storage
internal import TelehealthModel

enum EmergencyRow {
    static let table = Table(
        "emergency_accesses", key: ["id"],
        columns: ["at", "subject", "role", "session_id", "action", "reason"])
    static let insert = PreparedSQL("emergency_accesses.insert", table.insertText)

    static func bind(_ row: EmergencyAccess, _ values: inout StatementBinder) {
        values.add(row.id)
        values.add(row.at)
        values.add(row.subject)
        values.add(row.role)
        values.add(row.sessionID)
        values.add(row.action)
        values.add(sealed: row.reason, .emergencyReason, row: row.id)
    }
}
