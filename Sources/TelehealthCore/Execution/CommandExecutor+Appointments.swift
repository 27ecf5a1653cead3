extension CommandExecutor {
    /// - Throws: `INVALID_FIELD`, `APPOINTMENT_CANCELLED`, `APPOINTMENT_STARTED`, `REQUEST_ID_REUSED`.
    public func putAppointment(_ command: PutAppointment, _ invocation: Invocation)
        async throws(TelehealthError) -> AppointmentOutcome
    {
        try await change("PutAppointment", invocation) { _ throws(TelehealthError) in
            let appointment = try await visible(command.id, invocation.caller)
            return AppointmentOutcome(
                appointment: appointment, isApplied: appointment.sourceVersion == command.sourceVersion)
        } decide: { () throws(TelehealthError) in
            let existing = try await reading { () async throws(StoreError) in
                try await store.appointment(command.id)
            }
            var (decision, outcome) = try AppointmentRules.put(
                command, existing: existing,
                past: existing == nil ? AppointmentRules.Past() : try await past(of: command.id),
                caller: invocation.caller, context: context())
            if outcome.isApplied, let bornOn = command.clientBirthDate {
                let history = try await reading { () async throws(StoreError) in
                    try await store.consents(of: command.clientID)
                }
                ConsentRules.note(bornOn, history, in: &decision)
            }
            return Ruling(decision: decision, outcome: outcome, appointmentID: command.id)
        }
    }

    /// Cancels the appointment and its session.
    ///
    /// - Throws: `APPOINTMENT_NOT_FOUND`, `INVALID_STATE` once a client was admitted, `REQUEST_ID_REUSED`.
    public func cancelAppointment(_ command: CancelAppointment, _ invocation: Invocation)
        async throws(TelehealthError) -> Appointment
    {
        try await change("CancelAppointment", invocation) { _ throws(TelehealthError) in
            try await visible(command.id, invocation.caller)
        } decide: { () throws(TelehealthError) in
            let existing = try await visible(command.id, invocation.caller)
            let (decision, appointment) = try AppointmentRules.cancel(
                command, existing: existing, open: try await openSession(of: command.id),
                caller: invocation.caller, context: context())
            return Ruling(decision: decision, outcome: appointment, appointmentID: command.id)
        }
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
        try await change("CreateSession", invocation) { record throws(TelehealthError) in
            guard let id = record.sessionID else { throw TelehealthError(.sessionNotFound) }
            let (state, standing) = try await visible(id, invocation.caller)
            return Visibility.redact(state, for: standing)
        } decide: { () throws(TelehealthError) in
            let appointment = try await visible(command.appointmentID, invocation.caller)
            let (decision, state) = try AppointmentRules.createSession(
                command, appointment: appointment, open: try await openSession(of: command.appointmentID),
                caller: invocation.caller, context: context())
            let standing = Standing.of(invocation.caller, in: state) ?? .staff(invocation.caller.role)
            return Ruling(
                decision: decision, outcome: Visibility.redact(state, for: standing),
                sessionID: state.session.id, appointmentID: appointment.id)
        }
    }

    func visible(_ id: AppointmentID, _ caller: Caller) async throws(TelehealthError) -> Appointment {
        let appointment = try await reading { () async throws(StoreError) in try await store.appointment(id) }
        guard let appointment, let standing = Standing.of(caller, in: appointment) else {
            throw TelehealthError(.appointmentNotFound)
        }
        if standing == .participant(.guardian), try await !hasGuardian(appointment) {
            throw TelehealthError(.appointmentNotFound)
        }
        return appointment
    }

    /// The open session, and whether a visit took place: an appointment has few sessions, and each is looked at.
    private func past(of id: AppointmentID) async throws(TelehealthError) -> AppointmentRules.Past {
        let open = try await openSession(of: id)
        var query = SessionQuery()
        query.appointmentID = id
        query.limit = 200
        while true {
            let asked = query
            let rows = try await reading { () async throws(StoreError) in try await store.sessions(asked) }
            if rows.contains(where: { $0.startedAt != nil && $0.id != open?.session.id }) {
                return AppointmentRules.Past(open: open, tookPlace: true)
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
