internal import Storage
internal import TelehealthModel

enum SessionRow {
    /// Columns that are in indexes: an update that leaves them alone leaves the indexes alone too.
    private static let indexed = [
        "appointment_id", "client_id", "guardian_id", "clinician_id", "starts_at", "is_open", "created_at",
    ]
    private static let others = [
        "ends_at", "status", "status_updated_at", "admission_policy", "clinician_join_url", "client_join_url",
        "waiting_room_entered_at", "clinician_arrived_at", "started_at", "ended_at", "end_reason", "end_note",
        "cancel_reason", "no_show_party", "current_generation", "last_event_sequence", "last_effect_sequence",
        "version", "updated_at", "created_by", "last_modified_by", "adult_guardian", "no_show_undone_at",
        MACTable.column, "feed_position",
    ]
    static let table = Table("sessions", key: ["id"], columns: indexed + others)

    static let upsert = PreparedSQL("sessions.upsert", table.upsertText())
    static let insertIfAbsent = PreparedSQL(
        "sessions.insert", table.insertText + " ON CONFLICT (id) DO NOTHING")
    /// The usual update: hits the row only when no indexed column moves. Binds as ``upsert`` does.
    static let updateInPlace: PreparedSQL = {
        let settings = others.map { "\($0) = \(table.parameter($0))" }.joined(separator: ", ")
        let unmoved = indexed.map { "\($0) IS NOT DISTINCT FROM \(table.parameter($0))" }
        return PreparedSQL(
            "sessions.update",
            "UPDATE sessions SET \(settings) WHERE id = ?1 AND \(unmoved.joined(separator: " AND "))")
    }()
    static let version = PreparedSQL(
        "sessions.version", "SELECT version, last_event_sequence FROM sessions WHERE id = ?1")
    static let lastEventSequence = PreparedSQL(
        "sessions.sequence", "SELECT last_event_sequence FROM sessions WHERE id = ?1")
    static let openOfAppointment = PreparedSQL(
        "sessions.open of appointment", "SELECT id FROM sessions WHERE appointment_id = ?1 AND is_open = 1")

    static let byID = PreparedSQL("sessions.read", table.selectText("WHERE id = ?1"))
    static let latestOfAppointment = PreparedSQL(
        "sessions.latest of appointment",
        "SELECT id FROM sessions WHERE appointment_id = ?1 ORDER BY created_at DESC, id DESC LIMIT 1")
    static let openOfSubject = PreparedSQL(
        "sessions.open of subject",
        """
        SELECT id FROM sessions WHERE client_id = ?1 AND is_open = 1 \
        UNION SELECT id FROM sessions WHERE guardian_id = ?1 AND is_open = 1 \
        UNION SELECT id FROM sessions WHERE clinician_id = ?1 AND is_open = 1 \
        UNION SELECT session_id FROM participants WHERE subject_id = ?1 AND \(SchemaV3.isInvited) \
        AND EXISTS \
        (SELECT 1 FROM sessions WHERE sessions.id = participants.session_id AND is_open = 1) ORDER BY 1
        """)
    private static let mayNeedSweep =
        "(status <> '\(SessionStatus.scheduled.rawValue)' OR clinician_arrived_at IS NOT NULL OR ends_at < ?3)"
    static let openByStart = PreparedSQL(
        "sessions.open by start",
        "SELECT id FROM sessions WHERE is_open = 1 AND starts_at < ?1 AND \(mayNeedSweep) "
            + "ORDER BY starts_at, id LIMIT ?2")
    static let openByStartAfter = PreparedSQL(
        "sessions.open by start",
        """
        SELECT id FROM sessions WHERE is_open = 1 AND starts_at < ?1 AND \(mayNeedSweep) \
        AND (starts_at, id) > ((SELECT s.starts_at FROM sessions AS s WHERE s.id = ?4), ?4) \
        ORDER BY starts_at, id LIMIT ?2
        """)

    /// - Parameter position: of this change in the feed.
    static func bind(_ row: Session, position: Int64, _ values: inout StatementBinder) {
        values.add(row.id)
        values.add(row.appointmentID)
        values.add(row.clientID)
        values.add(row.guardianID)
        values.add(row.clinicianID)
        values.add(row.startsAt)
        values.add(!row.status.isTerminal)
        values.add(row.createdAt)
        values.add(row.endsAt)
        values.add(row.status)
        values.add(row.statusUpdatedAt)
        values.add(row.admissionPolicy)
        values.add(row.clinicianJoinURL)
        values.add(row.clientJoinURL)
        values.add(row.waitingRoomEnteredAt)
        values.add(row.clinicianArrivedAt)
        values.add(row.startedAt)
        values.add(row.endedAt)
        values.add(row.endReason)
        values.add(sealed: row.endNote, .endNote, row: row.id.rawValue)
        values.add(row.cancelReason)
        values.add(row.noShowParty)
        values.add(row.currentGeneration)
        values.add(row.lastEventSequence)
        values.add(row.lastEffectSequence)
        values.add(row.version)
        values.add(row.updatedAt)
        values.add(subject: row.createdBy)
        values.add(subject: row.lastModifiedBy)
        values.add(row.guardsAdult)
        values.add(row.noShowUndoneAt)
        values.add(macOf: .sessions, bound(row))
        values.add(position)
    }

    private static func bound(_ row: Session) -> [String?] {
        [
            row.id.rawValue, row.appointmentID.rawValue, row.clientID.rawValue, row.guardianID?.rawValue,
            row.clinicianID.rawValue, row.status.rawValue,
        ]
    }

    /// A row's position in a list; the reader stays at the row's begin.
    static func position(_ row: RowReader) -> (startsAt: Timestamp, id: SessionID) {
        var row = row
        let id = row.identifier(SessionID.self)
        for _ in 0..<4 { row.skip() }
        return (row.instant(), id)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> Session {
        let id = row.identifier(SessionID.self)
        let appointmentID = row.identifier(AppointmentID.self)
        let clientID = row.identifier(SubjectID.self)
        let guardianID = row.optionalIdentifier(SubjectID.self)
        let clinicianID = row.identifier(SubjectID.self)
        let startsAt = row.instant()
        row.skip()  // is_open follows from the status
        let createdAt = row.instant()
        let endsAt = row.instant()
        let status = try row.choice(SessionStatus.self)
        let statusUpdatedAt = row.instant()
        var session = Session(
            id: id, appointmentID: appointmentID, clientID: clientID, guardianID: guardianID,
            clinicianID: clinicianID, startsAt: startsAt, endsAt: endsAt, admissionPolicy: try row.choice(),
            clinicianJoinURL: row.text(), clientJoinURL: row.text(), createdAt: createdAt, createdBy: "")
        session.status = status
        session.statusUpdatedAt = statusUpdatedAt
        session.waitingRoomEnteredAt = row.optionalInstant()
        session.clinicianArrivedAt = row.optionalInstant()
        session.startedAt = row.optionalInstant()
        session.endedAt = row.optionalInstant()
        session.endReason = try row.optionalChoice()
        session.endNote = row.optionalSealed(.endNote, row: id.rawValue)
        session.cancelReason = try row.optionalChoice()
        session.noShowParty = try row.optionalChoice()
        session.currentGeneration = row.count()
        session.lastEventSequence = row.integer()
        session.lastEffectSequence = row.integer()
        session.version = row.integer()
        session.updatedAt = row.instant()
        session.createdBy = row.subject()
        session.lastModifiedBy = row.subject()
        session.guardsAdult = row.flag()
        session.noShowUndoneAt = row.optionalInstant()
        row.checkMAC(.sessions, bound(session))
        return session
    }
}
