internal import TelehealthModel

enum SessionEventRow {
    static let table = Table(
        "session_events", key: ["session_id", "sequence"],
        columns: [
            "at", "kind", "status", "participant_id", "recording_id", "screen_share_id", "generation",
            "reason",
        ])
    static let insert = PreparedSQL("session_events.insert", table.insertText)
    static let after = PreparedSQL(
        "session_events.read",
        table.selectText("WHERE session_id = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3"))
    /// An event of a session that was pruned already must come up for pruning again.
    static let reopenPruning = PreparedSQL(
        "sessions.reopen pruning",
        "UPDATE sessions SET oldest_event_at = ?2 WHERE id = ?1 AND oldest_event_at IS NULL")

    static func bind(_ row: SessionEvent, _ values: inout StatementBinder) {
        values.add(row.sessionID)
        values.add(row.sequence)
        values.add(row.at)
        values.add(row.kind)
        values.add(row.status)
        values.add(row.participantID)
        values.add(row.recordingID)
        values.add(row.screenShareID)
        values.add(row.generation)
        values.add(row.reason?.word)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> SessionEvent {
        let (session, sequence, at): (SessionID, Int64, Timestamp) = (row.identifier(), row.integer(), row.instant())
        let (kind, status): (SessionEvent.Kind, SessionStatus) = (try row.choice(), try row.choice())
        return SessionEvent(
            sessionID: session, sequence: sequence, at: at, kind: kind, status: status,
            participantID: row.optionalIdentifier(), recordingID: row.optionalIdentifier(),
            screenShareID: row.optionalIdentifier(), generation: row.optionalCount(),
            reason: row.optionalText().map { SessionEvent.Reason($0, of: kind, status) })
    }
}
