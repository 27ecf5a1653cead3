internal import TelehealthCore

enum RequestRow {
    static let table = Table(
        "requests", key: ["subject", "method", "request_id"],
        columns: ["request_hash", "session_id", "appointment_id", "result_id", "created_at", "expires_at"])
    static let insertIfAbsent = PreparedSQL("requests.insert", table.insertText + " ON CONFLICT DO NOTHING")
    static let upsert = PreparedSQL("requests.upsert", table.upsertText())
    static let byKey = PreparedSQL(
        "requests.read", table.selectText("WHERE subject = ?1 AND method = ?2 AND request_id = ?3"))

    static func bind(_ key: RequestRecord.Key, _ values: inout StatementBinder) {
        values.add(key.subject)
        values.add(key.method)
        values.add(key.requestID)
    }

    static func bind(_ row: RequestRecord, _ values: inout StatementBinder) {
        bind(row.key, &values)
        values.add(row.requestHash)
        values.add(row.sessionID)
        values.add(row.appointmentID)
        values.add(row.resultID)
        values.add(row.createdAt)
        values.add(row.expiresAt)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> RequestRecord {
        RequestRecord(
            key: .init(subject: row.text(), method: row.text(), requestID: row.text()), requestHash: row.bytes(),
            sessionID: row.optionalIdentifier(), appointmentID: row.optionalIdentifier(),
            resultID: row.optionalText(), createdAt: row.instant(), expiresAt: row.instant())
    }
}
