package import TelehealthModel

/// The scheduling feed's verbs, and the session that an appointment gets.
package enum AppointmentRules {
    /// What of an appointment's past decides on a change.
    package struct Past {
        /// The session that has not ended: it follows the appointment.
        let open: SessionState?
        /// Of a session that is over, in which the client was let in: a visit took place; nil = none did.
        let tookPlace: SessionStatus?
        /// The cancellation that came before the appointment.
        let cancellation: EarlyCancellation?

        package init(
            open: SessionState? = nil, tookPlace: SessionStatus? = nil, cancellation: EarlyCancellation? = nil
        ) {
            self.open = open
            self.tookPlace = tookPlace
            self.cancellation = cancellation
        }

        fileprivate func early(_ id: AppointmentID) -> Decision.Expectation {
            .earlyCancellation(id, sourceVersion: cancellation?.sourceVersion ?? 0)
        }
    }

    /// - Throws: `INVALID_FIELD`, `APPOINTMENT_CANCELLED`, `APPOINTMENT_STARTED`.
    package static func put(
        _ command: PutAppointment, existing: Appointment?, past: Past, caller: Caller, context: RuleContext
    ) throws(TelehealthError) -> (Decision, AppointmentOutcome) {
        try validate(command, context)
        let principal = Principal.caller(caller)
        var decision = Decision()
        decision.audit = [
            principal.audit(
                "PutAppointment", at: context.now, person: command.clientID, target: command.id.rawValue)
        ]
        guard let existing else {
            if let cancellation = past.cancellation {
                if command.sourceVersion > cancellation.sourceVersion {
                    throw TelehealthError(.appointmentCancelled)
                }
                return (decision, AppointmentOutcome(appointment: nil, isApplied: false))
            }
            let appointment = make(command, caller, context)
            decision.expectations = [.appointment(command.id, version: 0), past.early(command.id)]
            decision.changes = [.appointment(appointment)]
            return (decision, AppointmentOutcome(appointment: appointment, isApplied: true))
        }
        if command.sourceVersion <= existing.sourceVersion {
            return (decision, AppointmentOutcome(appointment: existing, isApplied: false))
        }
        if existing.status == .cancelled { throw TelehealthError(.appointmentCancelled) }
        var appointment = existing
        appointment.clientID = command.clientID
        appointment.guardianID = command.guardianID
        appointment.guardsAdult = command.guardsAdult
        appointment.clinicianID = command.clinicianID
        appointment.startsAt = command.startsAt
        appointment.endsAt = command.endsAt
        let movesPeopleOrTime = appointment != existing
        if movesPeopleOrTime { try require(appointment, mayFollow: existing, past) }
        appointment.timeZone = command.timeZone
        appointment.sourceVersion = command.sourceVersion
        stamp(&appointment, principal, context)
        decision.expectations = [
            .appointment(command.id, version: existing.version),
            .noOtherOpenSession(command.id, except: past.open?.session.id),
        ]
        decision.changes = [.appointment(appointment)]
        if movesPeopleOrTime, let open = past.open {
            var draft = SessionDraft(open, context)
            draft.follow(appointment)
            decision.merge(draft.seal(by: principal, action: "PutAppointment"))
        }
        return (decision, AppointmentOutcome(appointment: appointment, isApplied: true))
    }

    /// What took place decides, not the clock: until the client is let in, people and time may change, whoever
    /// waits. While the visit runs it may get longer and a guardian may come along; who is in it is its clinician's
    /// to say. After a visit that took place another is another appointment.
    ///
    /// - Throws: `APPOINTMENT_STARTED`.
    private static func require(_ next: Appointment, mayFollow former: Appointment, _ past: Past)
        throws(TelehealthError)
    {
        guard let open = past.open else {
            if past.tookPlace != nil { throw TelehealthError(.appointmentStarted) }
            return
        }
        guard open.session.startedAt != nil else { return }
        var allowed = former
        allowed.endsAt = max(former.endsAt, next.endsAt)
        if former.guardianID == nil { allowed.guardianID = next.guardianID }
        // A guardian whose powers ended comes along again.
        if next.guardsAdult { allowed.guardsAdult = true }
        if next != allowed { throw TelehealthError(.appointmentStarted) }
    }

    /// The feed may tell of things in any order: a version that is not above the stored one is judged first and
    /// changes nothing, and a cancellation without its appointment is kept, so that no late put books a ghost.
    ///
    /// - Throws: `INVALID_STATE` once a client was admitted in any session of the appointment.
    package static func cancel(
        _ command: CancelAppointment, existing: Appointment?, past: Past, caller: Caller, context: RuleContext
    ) throws(TelehealthError) -> (Decision, AppointmentOutcome) {
        let principal = Principal.caller(caller)
        var decision = Decision()
        decision.audit = [
            principal.audit(
                "CancelAppointment", at: context.now, person: existing?.clientID, target: command.id.rawValue)
        ]
        guard let existing else { return keepEarly(command, past, decision, context) }
        if command.sourceVersion <= existing.sourceVersion || existing.status == .cancelled {
            return (decision, AppointmentOutcome(appointment: existing, isApplied: false))
        }
        if let status = past.tookPlace { throw .invalidState(status) }
        var appointment = existing
        appointment.status = .cancelled
        appointment.sourceVersion = command.sourceVersion
        stamp(&appointment, principal, context)
        decision.expectations = [
            .appointment(command.id, version: existing.version),
            .noOtherOpenSession(command.id, except: past.open?.session.id),
        ]
        decision.changes = [.appointment(appointment)]
        if let open = past.open {
            var draft = SessionDraft(open, context)
            try draft.requireNoVisitYet()
            draft.close(cancelled: .appointmentCancelled, by: principal)
            decision.merge(draft.seal(by: principal, action: "CancelAppointment"))
        }
        return (decision, AppointmentOutcome(appointment: appointment, isApplied: true))
    }

    private static func keepEarly(
        _ command: CancelAppointment, _ past: Past, _ decision: Decision, _ context: RuleContext
    ) -> (Decision, AppointmentOutcome) {
        guard command.sourceVersion > past.cancellation?.sourceVersion ?? 0 else {
            return (decision, AppointmentOutcome(appointment: nil, isApplied: false))
        }
        var decision = decision
        decision.expectations = [.appointment(command.id, version: 0), past.early(command.id)]
        decision.changes = [
            .earlyCancellation(
                EarlyCancellation(
                    appointmentID: command.id, sourceVersion: command.sourceVersion, cancelledAt: context.now))
        ]
        return (decision, AppointmentOutcome(appointment: nil, isApplied: true))
    }

    /// - Throws: `NOT_ALLOWED` for the client's side, `APPOINTMENT_CANCELLED`, `SESSION_EXISTS`,
    ///   `TOO_LATE` after the appointment's end.
    package static func createSession(
        _ command: CreateSession, appointment: Appointment, open: SessionState?, caller: Caller,
        context: RuleContext
    ) throws(TelehealthError) -> (Decision, SessionState) {
        switch CallerMembership.of(caller, in: appointment) {
        case .staff, .participant(.clinician): break
        case .participant: throw TelehealthError(.notAllowed)
        case nil: throw TelehealthError(.appointmentNotFound)
        }
        if appointment.status == .cancelled { throw TelehealthError(.appointmentCancelled) }
        if let open {
            throw .sessionExists(open.session.id)
        }
        let closes = appointment.endsAt + context.policy.lateJoin
        if context.now > closes { throw .tooLate(closedAt: closes) }
        let id = SessionID(context.ids.uuid())
        // The role in the link only tells the front end which page to open; the token decides.
        let url = "\(context.policy.frontEndBaseURL)/telehealth/session/\(id)?role="
        var session = Session(
            id: id, appointmentID: appointment.id, clientID: appointment.clientID,
            guardianID: appointment.guardianID, clinicianID: appointment.clinicianID,
            startsAt: appointment.startsAt, endsAt: appointment.endsAt,
            admissionPolicy: command.admissionPolicy ?? context.policy.admission,
            clinicianJoinURL: url + "clinician", clientJoinURL: url + "client", createdAt: context.now,
            createdBy: caller.subject.rawValue)
        session.guardsAdult = appointment.guardsAdult
        var draft = SessionDraft(new: session, participants: [], context)
        draft.seat(appointment.clinicianID, .clinician)
        draft.seat(appointment.clientID, .client)
        if let guardian = appointment.guardianID { draft.seat(guardian, .guardian) }
        draft.emit(.created)
        draft.expectations = [
            .appointment(appointment.id, version: appointment.version),
            .noOtherOpenSession(appointment.id, except: nil),
        ]
        let decision = draft.seal(
            by: .caller(caller), action: "CreateSession", target: appointment.id.rawValue)
        return (decision, draft.state)
    }

    private static func make(_ command: PutAppointment, _ caller: Caller, _ context: RuleContext)
        -> Appointment
    {
        Appointment(
            id: command.id, clientID: command.clientID, guardianID: command.guardianID,
            guardsAdult: command.guardsAdult, clinicianID: command.clinicianID, startsAt: command.startsAt,
            endsAt: command.endsAt, timeZone: command.timeZone, status: .scheduled,
            sourceVersion: command.sourceVersion, version: 1, createdAt: context.now, updatedAt: context.now,
            createdBy: caller.subject.rawValue, lastModifiedBy: caller.subject.rawValue)
    }

    private static func stamp(
        _ appointment: inout Appointment, _ principal: Principal, _ context: RuleContext
    ) {
        appointment.version += 1
        appointment.updatedAt = context.now
        appointment.lastModifiedBy = principal.name
    }

    private static func validate(_ command: PutAppointment, _ context: RuleContext) throws(TelehealthError) {
        let ids: [(String, String?)] = [
            ("appointment_id", command.id.rawValue), ("client_id", command.clientID.rawValue),
            ("guardian_id", command.guardianID?.rawValue), ("clinician_id", command.clinicianID.rawValue),
        ]
        for case (let field, let text?) in ids where !AppointmentID.isValid(text) {
            throw .invalid(field, "must have 1 to 64 characters of A-Z a-z 0-9 . _ : -")
        }
        let people = [command.clientID, command.clinicianID] + (command.guardianID.map { [$0] } ?? [])
        if Set(people).count < people.count {
            throw .invalid("clinician_id", "patient, guardian and clinician must be different people")
        }
        if command.guardsAdult, command.guardianID == nil {
            throw .invalid("adult_guardian", "needs a guardian_id")
        }
        guard command.startsAt < command.endsAt else {
            throw .invalid("scheduled_end_time", "must be after scheduled_start_time")
        }
        guard command.endsAt - command.startsAt <= Policy.longestVisit else {
            throw .invalid("scheduled_end_time", "must be at most 12 hours after scheduled_start_time")
        }
        guard ZoneBook.knows(command.timeZone) else {
            throw .invalid("time_zone", "must be a name of the IANA time zone database")
        }
        if let bornOn = command.clientBirthDate, bornOn > context.place.latestDate(at: context.now) {
            throw .invalid("client_birth_date", "must not be in the future")
        }
        guard command.sourceVersion >= 1 else { throw .invalid("source_version", "must be 1 or more") }
    }
}
