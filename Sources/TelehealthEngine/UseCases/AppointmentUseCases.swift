public import TelehealthModel
public import TelehealthRules

/// What callers do with appointments: book, change, cancel and read them.
///
/// Isolation: the caller's.
public struct AppointmentUseCases: Sendable {
    let pipeline: CommandPipeline

    /// - Throws: `INVALID_FIELD`, `APPOINTMENT_CANCELLED`, `APPOINTMENT_STARTED`, `REQUEST_ID_REUSED`.
    public func put(_ command: PutAppointment, _ invocation: Invocation)
        async throws(TelehealthError) -> AppointmentOutcome
    {
        try await change("PutAppointment", command.id, invocation) {
            existing, past, context throws(TelehealthError) in
            var (decision, outcome) = try AppointmentRules.put(
                command, existing: existing, past: past, caller: invocation.caller, context: context)
            if outcome.isApplied, let bornOn = command.clientBirthDate {
                let history = try await reading(await pipeline.store.consents(of: command.clientID))
                ConsentRules.note(bornOn, history, in: &decision)
            }
            return (decision, outcome)
        }
    }

    /// Cancels the appointment and its session; one that is not known yet is cancelled before it comes.
    ///
    /// - Throws: `INVALID_STATE` once a client was admitted, `REQUEST_ID_REUSED`.
    public func cancel(_ command: CancelAppointment, _ invocation: Invocation)
        async throws(TelehealthError) -> AppointmentOutcome
    {
        try await change("CancelAppointment", command.id, invocation) {
            existing, past, context throws(TelehealthError) in
            try AppointmentRules.cancel(
                command, existing: existing, past: past, caller: invocation.caller, context: context)
        }
    }

    /// A change of one appointment, known or not. A request that changed something has the appointment's id as its
    /// result, so that a repetition gets the same answer.
    private func change(
        _ method: String, _ id: AppointmentID, _ invocation: Invocation,
        rule: (Appointment?, AppointmentRules.Past, RuleContext) async throws(TelehealthError)
            -> (Decision, AppointmentOutcome)
    ) async throws(TelehealthError) -> AppointmentOutcome {
        try await pipeline.change(method, invocation) { (_, changed: AppointmentID?) throws(TelehealthError) in
            AppointmentOutcome(appointment: try await pipeline.access.stored(id), isApplied: changed != nil)
        } decide: { () throws(TelehealthError) in
            let existing = try await pipeline.access.stored(id)
            let earlier = try await past(of: id, existing)
            let (decision, outcome) = try await rule(existing, earlier, pipeline.context())
            return CommandResult(
                decision: decision, outcome: outcome, appointmentID: id, made: outcome.isApplied ? id : nil)
        }
    }

    /// - Throws: `APPOINTMENT_NOT_FOUND`.
    public func get(_ id: AppointmentID, _ invocation: Invocation) async throws(TelehealthError)
        -> Appointment
    {
        let appointment: Appointment
        do { appointment = try await pipeline.access.visible(id, invocation.caller) } catch {
            try await pipeline.audit.recordDenial(
                action: "GetAppointment", sessionID: nil, target: id.rawValue, invocation,
                reason: error.reason.rawValue)
            throw error
        }
        try await pipeline.audit.read(
            "GetAppointment", person: appointment.clientID, target: id.rawValue, invocation)
        return appointment
    }

    /// The open session, and whether a visit took place: an appointment has few sessions, and each is looked at.
    private func past(of id: AppointmentID, _ existing: Appointment?) async throws(TelehealthError)
        -> AppointmentRules.Past
    {
        guard existing != nil else {
            return AppointmentRules.Past(
                cancellation: try await reading(await pipeline.store.earlyCancellation(of: id)))
        }
        let open = try await reading(await pipeline.store.openSession(of: id))
        var query = SessionQuery()
        query.appointmentID = id
        query.limit = 200
        while true {
            let asked = query
            let rows = try await reading(await pipeline.store.sessions(asked))
            if let row = rows.first(where: { $0.startedAt != nil && $0.id != open?.session.id }) {
                return AppointmentRules.Past(open: open, tookPlace: row.status)
            }
            guard rows.count == query.limit, let last = rows.last else {
                return AppointmentRules.Past(open: open)
            }
            query.after = (last.startsAt, last.id)
        }
    }
}
