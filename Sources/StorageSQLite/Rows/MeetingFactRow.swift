internal import TelehealthModel
internal import TelehealthRules

enum MeetingFactRow {
    static let table = Table(
        "meeting_events", key: ["session_id", "event_id"],
        columns: ["generation", "kind", "at", "participant_id", "pipeline_id", "received_at"])
    static let insert = PreparedSQL("meeting_events.insert", table.insertText)
    static let ofSession = PreparedSQL(
        "meeting_events.read", table.selectText("WHERE session_id = ?1 ORDER BY event_id"))
    static let count = PreparedSQL(
        "meeting_events.count", "SELECT count(*) FROM meeting_events WHERE session_id = ?1")

    static func bind(_ row: MeetingFact, _ values: inout StatementBinder) {
        values.add(row.sessionID)
        values.add(row.id)
        values.add(row.generation)
        values.add(row.kind)
        values.add(row.at)
        values.add(row.participantID)
        values.add(row.pipelineID)
        values.add(row.receivedAt)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> MeetingFact {
        let session = row.identifier(SessionID.self)
        return MeetingFact(
            id: row.text(), sessionID: session, generation: row.count(), kind: try row.choice(),
            at: row.instant(), participantID: row.optionalIdentifier(), pipelineID: row.optionalText(),
            receivedAt: row.instant())
    }
}

enum PresenceRow {
    static let table = Table(
        "presence_intervals", key: ["session_id", "event_id"],
        columns: ["participant_id", "generation", "started_at", "ended_at", "end_cause", "resumed_at"])
    static let upsert = PreparedSQL("presence_intervals.upsert", table.upsertText())
    static let ofSession = PreparedSQL(
        "presence_intervals.read", table.selectText("WHERE session_id = ?1 ORDER BY event_id"))

    static func bind(_ row: PresenceInterval, _ values: inout StatementBinder) {
        values.add(row.sessionID)
        values.add(row.id)
        values.add(row.participantID)
        values.add(row.generation)
        values.add(row.startedAt)
        values.add(row.endedAt)
        values.add(row.endCause)
        values.add(row.resumedAt)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> PresenceInterval {
        let session = row.identifier(SessionID.self)
        var interval = PresenceInterval(
            id: row.text(), sessionID: session, participantID: row.identifier(), generation: row.count(),
            startedAt: row.instant())
        interval.endedAt = row.optionalInstant()
        interval.endCause = try row.optionalChoice()
        interval.resumedAt = row.optionalInstant()
        return interval
    }
}
