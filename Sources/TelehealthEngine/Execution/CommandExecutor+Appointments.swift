public import TelehealthModel
public import TelehealthRules

extension CommandExecutor {
    /// - Throws: `INVALID_FIELD`, `APPOINTMENT_CANCELLED`, `APPOINTMENT_STARTED`, `REQUEST_ID_REUSED`.
    public func putAppointment(_ command: PutAppointment, _ invocation: Invocation)
        async throws(TelehealthError) -> AppointmentOutcome
    {
        try await change("PutAppointment", invocation) { _, changed throws(TelehealthError) in
            try await outcome(of: command.id, changed)
        } decide: { () throws(TelehealthError) in
            let existing = try await stored(command.id)
            var (decision, outcome) = try AppointmentRules.put(
                command, existing: existing, past: try await past(of: command.id, existing),
                caller: invocation.caller, context: context())
            if outcome.isApplied, let bornOn = command.clientBirthDate {
                let history = try await reading { () async throws(StoreError) in
                    try await store.consents(of: command.clientID)
                }
                ConsentRules.note(bornOn, history, in: &decision)
            }
            return ruling(command.id, decision, outcome)
        }
    }

    /// Cancels the appointment and its session; one that is not known yet is cancelled before it comes.
    ///
    /// - Throws: `INVALID_STATE` once a client was admitted, `REQUEST_ID_REUSED`.
    public func cancelAppointment(_ command: CancelAppointment, _ invocation: Invocation)
        async throws(TelehealthError) -> AppointmentOutcome
    {
        try await change("CancelAppointment", invocation) { _, changed throws(TelehealthError) in
            try await outcome(of: command.id, changed)
        } decide: { () throws(TelehealthError) in
            let existing = try await stored(command.id)
            let (decision, outcome) = try AppointmentRules.cancel(
                command, existing: existing, past: try await past(of: command.id, existing),
                caller: invocation.caller, context: context())
            return ruling(command.id, decision, outcome)
        }
    }

    /// A request that changed something has the appointment's id as its result, so that a repetition answers the same.
    private func ruling(_ id: AppointmentID, _ decision: Decision, _ outcome: AppointmentOutcome)
        -> CommandResult<AppointmentOutcome, AppointmentID?>
    {
        CommandResult(decision: decision, outcome: outcome, appointmentID: id, made: outcome.isApplied ? id : nil)
    }

    private func outcome(of id: AppointmentID, _ changed: AppointmentID?) async throws(TelehealthError)
        -> AppointmentOutcome
    {
        AppointmentOutcome(appointment: try await stored(id), isApplied: changed != nil)
    }

    private func stored(_ id: AppointmentID) async throws(TelehealthError) -> Appointment? {
        try await reading { () async throws(StoreError) in try await store.appointment(id) }
    }

    /// - Throws: `APPOINTMENT_NOT_FOUND`.
    public func appointment(_ id: AppointmentID, _ invocation: Invocation) async throws(TelehealthError)
        -> Appointment
    {
        let appointment: Appointment
        do { appointment = try await visible(id, invocation.caller) } catch {
            try await recordDenial(
                action: "GetAppointment", sessionID: nil, target: id.rawValue, invocation,
                reason: error.reason.rawValue)
            throw error
        }
        try await auditRead(
            "GetAppointment", person: appointment.clientID, target: id.rawValue, invocation)
        return appointment
    }

    /// - Throws: `APPOINTMENT_NOT_FOUND`, `SESSION_EXISTS`, `APPOINTMENT_CANCELLED`, `TOO_LATE`,
    ///   `NOT_ALLOWED`, `REQUEST_ID_REUSED`.
    public func createSession(_ command: CreateSession, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        try await change("CreateSession", invocation) { record, _ throws(TelehealthError) in
            guard let id = record.sessionID else { throw TelehealthError(.sessionNotFound) }
            let (state, standing) = try await visible(id, invocation.caller)
            return Visibility.redact(state, for: standing)
        } decide: { () throws(TelehealthError) in
            let appointment = try await visible(command.appointmentID, invocation.caller)
            let (decision, state) = try AppointmentRules.createSession(
                command, appointment: appointment, open: try await openSession(of: command.appointmentID),
                caller: invocation.caller, context: context())
            let standing = CallerMembership.of(invocation.caller, in: state) ?? .staff(invocation.caller.role)
            return CommandResult(
                decision: decision, outcome: Visibility.redact(state, for: standing),
                sessionID: state.session.id, appointmentID: appointment.id, made: NothingMade())
        }
    }

    func visible(_ id: AppointmentID, _ caller: Caller) async throws(TelehealthError) -> Appointment {
        guard let appointment = try await stored(id), let standing = CallerMembership.of(caller, in: appointment) else {
            throw TelehealthError(.appointmentNotFound)
        }
        if standing == .participant(.guardian), try await !hasGuardian(appointment) {
            throw TelehealthError(.appointmentNotFound)
        }
        return appointment
    }

    /// The open session, and whether a visit took place: an appointment has few sessions, and each is looked at.
    private func past(of id: AppointmentID, _ existing: Appointment?) async throws(TelehealthError)
        -> AppointmentRules.Past
    {
        guard existing != nil else {
            return AppointmentRules.Past(
                cancellation: try await reading { () async throws(StoreError) in
                    try await store.earlyCancellation(of: id)
                })
        }
        let open = try await openSession(of: id)
        var query = SessionQuery()
        query.appointmentID = id
        query.limit = 200
        while true {
            let asked = query
            let rows = try await reading { () async throws(StoreError) in try await store.sessions(asked) }
            if let row = rows.first(where: { $0.startedAt != nil && $0.id != open?.session.id }) {
                return AppointmentRules.Past(open: open, tookPlace: row.status)
            }
            guard rows.count == query.limit, let last = rows.last else {
                return AppointmentRules.Past(open: open)
            }
            query.after = (last.startsAt, last.id)
        }
    }

    private func openSession(of id: AppointmentID) async throws(TelehealthError) -> SessionState? {
        let latest = try await reading { () async throws(StoreError) in try await store.latestSession(of: id)
        }
        guard let latest, !latest.session.status.isTerminal else { return nil }
        return latest
    }
}
