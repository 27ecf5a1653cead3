internal import Storage
internal import TelehealthModel

enum ParticipantRow {
    /// What a place is made with; ``Participant`` has them as constants. The index of the invited stands on them.
    private static let constant = ["subject_id", "role", "external_user_id", "invitation_id"]
    static let table = Table(
        "participants", key: ["session_id", "id"],
        columns: [
            "subject_id", "role", "external_user_id", "state", "invitation_id", "checked_at",
            "check_location_state",
            "check_location_address", "check_contact_name", "check_contact_phone", "check_private",
            "check_reliable", "check_device", "first_waiting_at", "waiting_since", "admitted_at",
            "first_joined_at", "left_at", "attendee_id", "attendee_generation", "held", "audio", "video",
            "content", "device_id", MACTable.column,
        ])
    /// Binds as ``insert`` does.
    static let update = PreparedSQL(
        "participants.update",
        table.updateText(setting: table.columns.filter { !table.key.contains($0) && !constant.contains($0) }))
    static let insert = PreparedSQL("participants.insert", table.insertText)
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
        let key = check == nil ? "" : sealingKey(row.sessionID, row.id)
        values.add(sealed: check?.locationState, .locationState, row: key)
        values.add(sealed: check?.locationAddress, .locationAddress, row: key)
        values.add(sealed: check?.emergencyContactName, .contactName, row: key)
        values.add(sealed: check?.emergencyContactPhone, .contactPhone, row: key)
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
        values.add(macOf: .participants, bound(row))
    }

    private static func bound(_ row: Participant) -> [String?] {
        [
            row.sessionID.rawValue, row.id.rawValue, row.subjectID.rawValue, row.role.rawValue, row.state.rawValue,
            row.invitationID?.rawValue,
        ]
    }

    private static func sealingKey(_ session: SessionID, _ id: ParticipantID) -> String {
        "\(session.rawValue)/\(id.rawValue)"
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> Participant {
        let sessionID = row.identifier(SessionID.self)
        let id = row.identifier(ParticipantID.self)
        var participant = Participant(
            id: id, sessionID: sessionID, subjectID: row.identifier(), role: try row.choice(),
            externalUserID: row.text(), state: try row.choice(),
            invitationID: row.optionalIdentifier())
        if let checkedAt = row.optionalInstant() {
            let key = sealingKey(sessionID, id)
            participant.preVisitCheck = PreVisitCheck(
                locationState: row.sealed(.locationState, row: key),
                locationAddress: row.sealed(.locationAddress, row: key),
                emergencyContactName: row.sealed(.contactName, row: key),
                emergencyContactPhone: row.sealed(.contactPhone, row: key), isLocationPrivate: row.flag(),
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
        row.checkMAC(.participants, bound(participant))
        return participant
    }
}
