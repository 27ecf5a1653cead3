internal import TelehealthModel
internal import TelehealthRules

enum RequestRow {
    /// The id leads the key: ids that begin with their time (UUID version 7) then arrive in key order, and
    /// the requests of one batch share a page instead of touching one each.
    static let table = Table(
        "requests", key: ["request_id", "method", "subject"],
        columns: ["request_hash", "session_id", "appointment_id", "result_id", "created_at", "expires_at"])
    static let insertIfAbsent = PreparedSQL("requests.insert", table.insertText + " ON CONFLICT DO NOTHING")
    static let upsert = PreparedSQL("requests.upsert", table.upsertText())
    static let byKey = PreparedSQL(
        "requests.read", table.selectText("WHERE request_id = ?1 AND method = ?2 AND subject = ?3"))

    static func bind(_ key: RequestRecord.Key, _ values: inout StatementBinder) {
        values.add(key.requestID)
        values.add(key.method)
        values.add(key.subject)
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
        let requestID = row.text()
        let method = row.text()
        return RequestRecord(
            key: .init(subject: Subject(row.subject()), method: method, requestID: requestID), requestHash: row.bytes(),
            sessionID: row.optionalIdentifier(), appointmentID: row.optionalIdentifier(),
            resultID: row.optionalText(), createdAt: row.instant(), expiresAt: row.instant())
    }
}
