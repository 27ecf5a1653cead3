internal import TelehealthCore

enum ParticipantRow {
    static let table = Table(
        "participants", key: ["session_id", "id"],
        columns: [
            "subject_id", "role", "external_user_id", "state", "invitation_id", "checked_at",
            "check_location_state",
            "check_location_address", "check_contact_name", "check_contact_phone", "check_private",
            "check_reliable", "check_device", "first_waiting_at", "waiting_since", "admitted_at",
            "first_joined_at", "left_at", "attendee_id", "attendee_generation", "held", "audio", "video",
            "content", "device_id",
        ])
    static let upsert = PreparedSQL("participants.upsert", table.upsertText())
    static let ofSession = PreparedSQL(
        "participants.read", table.selectText("WHERE session_id = ?1 ORDER BY id"))

    static func bind(_ row: Participant, _ values: inout StatementBinder) {
        values.add(row.sessionID)
        values.add(row.id)
        values.add(row.subjectID)
        values.add(row.role)
        values.add(row.externalUserID)
        values.add(row.state)
        values.add(row.invitationID)
        let check = row.preVisitCheck
        values.add(check?.checkedAt)
        values.add(check?.locationState)
        values.add(check?.locationAddress)
        values.add(check?.emergencyContactName)
        values.add(check?.emergencyContactPhone)
        values.add(check?.isLocationPrivate ?? false)
        values.add(check?.hasReliableConnection ?? false)
        values.add(check?.device)
        values.add(row.firstWaitingAt)
        values.add(row.waitingSince)
        values.add(row.admittedAt)
        values.add(row.firstJoinedAt)
        values.add(row.leftAt)
        values.add(row.attendeeID)
        values.add(row.attendeeGeneration)
        values.add(row.isHeld)
        values.add(row.capabilities.audio)
        values.add(row.capabilities.video)
        values.add(row.capabilities.content)
        values.add(row.deviceID)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> Participant {
        let sessionID = row.identifier(SessionID.self)
        var participant = Participant(
            id: row.identifier(), sessionID: sessionID, subjectID: row.identifier(), role: try row.choice(),
            externalUserID: row.text(), state: try row.choice(),
            invitationID: row.optionalIdentifier())
        if let checkedAt = row.optionalInstant() {
            participant.preVisitCheck = PreVisitCheck(
                locationState: row.text(), locationAddress: row.text(), emergencyContactName: row.text(),
                emergencyContactPhone: row.text(), isLocationPrivate: row.flag(),
                hasReliableConnection: row.flag(), device: try row.choice(), checkedAt: checkedAt)
        } else {
            for _ in 0..<7 { row.skip() }
        }
        participant.firstWaitingAt = row.optionalInstant()
        participant.waitingSince = row.optionalInstant()
        participant.admittedAt = row.optionalInstant()
        participant.firstJoinedAt = row.optionalInstant()
        participant.leftAt = row.optionalInstant()
        participant.attendeeID = row.optionalText()
        participant.attendeeGeneration = row.optionalCount()
        participant.isHeld = row.flag()
        participant.capabilities = MediaCapabilities(
            audio: try row.choice(), video: try row.choice(), content: try row.choice())
        participant.deviceID = row.optionalText()
        return participant
    }
}
