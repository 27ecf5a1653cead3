internal import TelehealthModel

enum MeetingRow {
    static let table = Table(
        "meetings", key: ["session_id", "generation"],
        columns: [
            "client_request_token", "state", "meeting_id", "meeting_arn", "control_region", "media_region",
            "created_at", "active_at", "ended_at", "failure", "has_placement", "audio_host_url", "audio_fallback_url",
            "signaling_url", "turn_control_url", "screen_data_url", "screen_viewing_url",
            "screen_sharing_url",
            "event_ingestion_url",
        ])
    static let upsert = PreparedSQL("meetings.upsert", table.upsertText())
    static let ownerOfMeeting = PreparedSQL(
        "meetings.owner by id", "SELECT session_id FROM meetings WHERE meeting_id = ?1 LIMIT 1")
    static let ownerOfToken = PreparedSQL(
        "meetings.owner by token",
        "SELECT session_id FROM meetings WHERE client_request_token = ?1 LIMIT 1")
    static let ofSession = PreparedSQL(
        "meetings.read", table.selectText("WHERE session_id = ?1 ORDER BY generation"))

    static func bind(_ row: MeetingGeneration, _ values: inout StatementBinder) {
        values.add(row.sessionID)
        values.add(row.generation)
        values.add(row.clientRequestToken)
        values.add(row.state)
        values.add(row.meetingID)
        values.add(row.meetingARN)
        values.add(row.controlRegion)
        values.add(row.mediaRegion)
        values.add(row.createdAt)
        values.add(row.activeAt)
        values.add(row.endedAt)
        values.add(row.failure)
        values.add(row.placement != nil)
        values.add(row.placement?.audioHostURL)
        values.add(row.placement?.audioFallbackURL)
        values.add(row.placement?.signalingURL)
        values.add(row.placement?.turnControlURL)
        values.add(row.placement?.screenDataURL)
        values.add(row.placement?.screenViewingURL)
        values.add(row.placement?.screenSharingURL)
        values.add(row.placement?.eventIngestionURL)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> MeetingGeneration {
        let sessionID = row.identifier(SessionID.self)
        let generation = row.count()
        let token = row.text()
        let state = try row.choice(MeetingGeneration.State.self)
        let meetingID = row.optionalText()
        let meetingARN = row.optionalText()
        var meeting = MeetingGeneration(
            sessionID: sessionID, generation: generation, clientRequestToken: token,
            controlRegion: row.text(),
            mediaRegion: row.text(), createdAt: row.instant())
        meeting.state = state
        meeting.meetingID = meetingID
        meeting.meetingARN = meetingARN
        meeting.activeAt = row.optionalInstant()
        meeting.endedAt = row.optionalInstant()
        meeting.failure = try row.optionalChoice()
        guard row.flag() else { return meeting }
        var placement = MediaPlacement()
        placement.audioHostURL = row.optionalText()
        placement.audioFallbackURL = row.optionalText()
        placement.signalingURL = row.optionalText()
        placement.turnControlURL = row.optionalText()
        placement.screenDataURL = row.optionalText()
        placement.screenViewingURL = row.optionalText()
        placement.screenSharingURL = row.optionalText()
        placement.eventIngestionURL = row.optionalText()
        meeting.placement = placement
        return meeting
    }
}
