internal import TelehealthModel

enum ScreenShareRow {
    static let table = Table(
        "screen_shares", key: ["id"], columns: ["session_id", "participant_id", "started_at", "stopped_at"])
    static let upsert = PreparedSQL("screen_shares.upsert", table.upsertText())
    static let ofSession = PreparedSQL(
        "screen_shares.read", table.selectText("WHERE session_id = ?1 ORDER BY started_at, id"))

    static func bind(_ row: ScreenShare, _ values: inout StatementBinder) {
        values.add(row.id)
        values.add(row.sessionID)
        values.add(row.participantID)
        values.add(row.startedAt)
        values.add(row.stoppedAt)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> ScreenShare {
        var share = ScreenShare(
            id: row.identifier(), sessionID: row.identifier(), participantID: row.identifier(),
            startedAt: row.instant())
        share.stoppedAt = row.optionalInstant()
        return share
    }
}
