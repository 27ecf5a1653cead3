internal import TelehealthModel

enum EarlyCancellationRow {
    static let table = Table(
        "early_cancellations", key: ["appointment_id"], columns: ["source_version", "cancelled_at"])
    static let upsert = PreparedSQL("early_cancellations.upsert", table.upsertText())
    static let byID = PreparedSQL("early_cancellations.read", table.selectText("WHERE appointment_id = ?1"))
    static let version = PreparedSQL(
        "early_cancellations.version", "SELECT source_version FROM early_cancellations WHERE appointment_id = ?1")

    static func bind(_ row: EarlyCancellation, _ values: inout StatementBinder) {
        values.add(row.appointmentID)
        values.add(row.sourceVersion)
        values.add(row.cancelledAt)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> EarlyCancellation {
        EarlyCancellation(
            appointmentID: row.identifier(), sourceVersion: row.integer(), cancelledAt: row.instant())
    }
}
