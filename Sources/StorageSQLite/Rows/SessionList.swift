internal import TelehealthEngine
internal import TelehealthModel

/// The statements behind ``SessionQuery``: one per index that can drive it, with the other filters as
/// conditions.
enum SessionList {
    /// ?1 client, ?2 clinician, ?3 appointment (NULL = any), ?4 and ?5 the (start, id) to begin after,
    /// ?6 the start to stop before, ?7 to ?12 the statuses, ?13 the limit, ?14 guardian (NULL = any), ?15 who was
    /// invited, ?16 whose being sent away hides a session (NULL = nobody's).
    private static func text(_ driver: String) -> String {
        let others = [
            "client_id": "?1", "clinician_id": "?2", "appointment_id": "?3", "guardian_id": "?14",
        ]
            .filter { $0.key != driver }.sorted { $0.value < $1.value }
            .map { "(\($0.value) IS NULL OR \($0.key) = \($0.value))" }
        let driving = [
            "client_id": "client_id = ?1", "clinician_id": "clinician_id = ?2",
            "appointment_id": "appointment_id = ?3", "guardian_id": "guardian_id = ?14",
            "invited": isInvited,
        ]
        let conditions =
            [driving[driver]].compactMap { $0 } + others + [
                "(starts_at, id) > (?4, ?5)", "starts_at < ?6", "status IN (?7, ?8, ?9, ?10, ?11, ?12)",
                isOpenTo,
            ]
        return SessionRow.table.selectText(
            "WHERE \(conditions.joined(separator: " AND ")) ORDER BY starts_at, id LIMIT ?13")
    }

    private static let ofClient = PreparedSQL("sessions.list of client", text("client_id"))
    private static let ofClinician = PreparedSQL("sessions.list of clinician", text("clinician_id"))
    private static let ofAppointment = PreparedSQL("sessions.list of appointment", text("appointment_id"))
    private static let ofGuardian = PreparedSQL("sessions.list of guardian", text("guardian_id"))
    /// The roster's rows do not know when their sessions begin, so all of one person's are looked at and sorted.
    private static let ofInvited = PreparedSQL("sessions.list of invited", text("invited"))
    private static let isInvited = """
        id IN (SELECT session_id FROM participants WHERE subject_id = ?15 AND \(SchemaV3.isInvited) \
        AND state NOT IN ('removed', 'denied'))
        """
    private static let isOpenTo = """
        (?16 IS NULL OR NOT EXISTS (SELECT 1 FROM participants AS p WHERE p.session_id = sessions.id \
        AND p.subject_id = ?16 AND p.state IN ('removed', 'denied')))
        """
    private static let ofAnybody = PreparedSQL("sessions.list", text(""))

    static let statements = [ofClient, ofClinician, ofAppointment, ofGuardian, ofInvited, ofAnybody]

    /// The narrowest index first: an appointment has one or two sessions, a client tens, a clinician
    /// thousands.
    static func statement(_ query: SessionQuery) -> PreparedSQL {
        if query.invitedID != nil { return ofInvited }
        if query.appointmentID != nil { return ofAppointment }
        if query.clientID != nil { return ofClient }
        if query.guardianID != nil { return ofGuardian }
        if query.clinicianID != nil { return ofClinician }
        return ofAnybody
    }

    static func bind(_ query: SessionQuery, limit: Int, _ values: inout StatementBinder) {
        values.add(query.clientID)
        values.add(query.clinicianID)
        values.add(query.appointmentID)
        // Every id sorts after the empty text, so (from, "") lets all rows of that start in.
        let from = query.startsFrom ?? Timestamp(microseconds: .min)
        if let after = query.after, after.startsAt >= from {
            values.add(after.startsAt)
            values.add(after.id)
        } else {
            values.add(from)
            values.add("")
        }
        values.add(query.startsBefore ?? Timestamp(microseconds: .max))
        let statuses = query.statuses.isEmpty ? SessionStatus.allCases : query.statuses
        for slot in SessionStatus.allCases.indices { values.add(statuses[min(slot, statuses.count - 1)]) }
        values.add(limit)
        values.add(query.guardianID)
        values.add(query.invitedID)
        values.add(query.openTo)
    }
}
