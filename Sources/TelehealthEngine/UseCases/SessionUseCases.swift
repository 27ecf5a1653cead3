public import TelehealthModel
public import TelehealthRules

/// What callers do with a session: create, read, leave, end and cancel it; joining and listing have files of their own.
///
/// Isolation: the caller's.
public final class SessionUseCases: Sendable {
    let pipeline: CommandPipeline
    let hub: EventHub
    let presence: PresenceTracker
    let credentials: CredentialCache
    let provider: any VideoProvider

    init(
        pipeline: CommandPipeline, hub: EventHub, presence: PresenceTracker, credentials: CredentialCache,
        provider: any VideoProvider
    ) {
        self.pipeline = pipeline
        self.hub = hub
        self.presence = presence
        self.credentials = credentials
        self.provider = provider
    }

    /// - Throws: `APPOINTMENT_NOT_FOUND`, `SESSION_EXISTS`, `APPOINTMENT_CANCELLED`, `TOO_LATE`,
    ///   `NOT_ALLOWED`, `REQUEST_ID_REUSED`.
    public func create(_ command: CreateSession, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        try await pipeline.change("CreateSession", invocation) { record, _ throws(TelehealthError) in
            guard let id = record.sessionID else { throw TelehealthError(.sessionNotFound) }
            let (state, standing) = try await pipeline.access.visible(id, invocation.caller)
            return Visibility.redact(state, for: standing)
        } decide: { () throws(TelehealthError) in
            let appointment = try await pipeline.access.visible(command.appointmentID, invocation.caller)
            let (decision, state) = try AppointmentRules.createSession(
                command, appointment: appointment,
                open: try await reading(await pipeline.store.openSession(of: command.appointmentID)),
                caller: invocation.caller, context: pipeline.context())
            let standing = CallerMembership.of(invocation.caller, in: state) ?? .staff(invocation.caller.role)
            return CommandResult(
                decision: decision, outcome: Visibility.redact(state, for: standing),
                sessionID: state.session.id, appointmentID: appointment.id, made: NothingMade())
        }
    }

    /// - Throws: `SESSION_NOT_FOUND`, `APPOINTMENT_NOT_FOUND` for an appointment the caller may not know.
    public func get(_ reference: SessionReference, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        let state: SessionState?
        switch reference {
        case .session(let id):
            state = try await reading(await pipeline.store.session(id))
        case .appointment(let id):
            state = try await reading(await pipeline.store.latestSession(of: id))
        }
        let seen: (state: SessionState, standing: CallerMembership)
        do throws(TelehealthError) {
            seen = try await pipeline.access.seen(state, by: invocation.caller)
        } catch {
            try await pipeline.audit.recordDenial(
                action: "GetSession", sessionID: reference.sessionID ?? state?.session.id,
                person: state?.session.clientID, target: reference.appointmentID?.rawValue, invocation,
                reason: error.reason.rawValue)
            throw error
        }
        try await pipeline.audit.noteEmergency("GetSession", seen.state, invocation)
        try await pipeline.audit.read(
            "GetSession", person: seen.state.session.clientID, session: seen.state.session.id, invocation)
        return Visibility.redact(seen.state, for: seen.standing)
    }

    /// - Throws: `SESSION_NOT_FOUND`, `NOT_JOINED`, `INVALID_STATE` after the end.
    public func leave(_ command: LeaveSession, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionState
    {
        try await pipeline.changeSession("LeaveSession", command.sessionID, invocation) {
            draft, _ throws(TelehealthError) in
            try draft.leave(invocation.caller, device: command.deviceID)
            return NothingMade()
        }.visible
    }

    /// A sign of life of a caller without a watch, or with a watch that does not count as presence. Changes nothing
    /// that is stored.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED` for staff.
    public func heartbeat(_ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> HeartbeatOutcome
    {
        let (state, _) = try await pipeline.access.read("Heartbeat", id, invocation.withoutOwnAuditRow)
        let participant = try state.ownParticipant(of: invocation.caller)
        // Every 15 seconds per person would bury the log; what counts is when somebody came back.
        let wasPresent = presence.isPresent(
            participant.id, in: id, within: pipeline.policy.presenceLostAfter)
        if !wasPresent {
            try await pipeline.audit.read("Heartbeat", person: state.session.clientID, session: id, invocation)
        }
        // Also of somebody who looks on before joining: they would count as new, and be audited, with every call.
        if !state.session.status.isTerminal {
            presence.touch(participant.id, in: id)
        }
        return HeartbeatOutcome(
            status: state.session.status, participantState: participant.state,
            lastEventSequence: state.session.lastEventSequence, nextWithin: pipeline.policy.heartbeatInterval)
    }

    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `TOO_LATE`, `INVALID_STATE`, `INVALID_FIELD`.
    public func cancel(_ command: CancelSession, _ invocation: Invocation)
        async throws(TelehealthError)
        -> SessionState
    {
        try await pipeline.changeSession("CancelSession", command.sessionID, invocation) {
            draft, standing throws(TelehealthError) in
            try draft.cancel(command.reason, note: command.note, by: standing, .caller(invocation.caller))
            return NothingMade()
        }.visible
    }

    /// - Parameter party: who did not come, as the caller sees it; nil leaves it to the roster.
    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `CLIENT_WAS_HERE`, `TOO_EARLY`, `INVALID_STATE`.
    public func markNoShow(_ id: SessionID, party: NoShowParty? = nil, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        try await pipeline.changeSession("MarkNoShow", id, invocation) { draft, standing throws(TelehealthError) in
            try draft.markNoShow(party, by: standing, .caller(invocation.caller))
            return NothingMade()
        }.visible
    }

    /// Opens a session again that was a no-show.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, and as ``SessionDraft/undoNoShow(by:_:latest:)``.
    public func undoNoShow(_ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionState
    {
        try await pipeline.changeSession("UndoNoShow", id, invocation) { draft, standing throws(TelehealthError) in
            let appointment = draft.state.session.appointmentID
            let row = try await reading(await pipeline.store.appointment(appointment))
            let latest = try await reading(await pipeline.store.latestSession(of: appointment))
            try draft.undoNoShow(by: standing, row, latest: latest)
            return NothingMade()
        }.visible
    }

    /// Stops a recording, then deletes the meeting; both are on their way when this returns.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `INVALID_STATE`, `INVALID_FIELD`.
    public func end(_ command: EndSession, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionState
    {
        try await pipeline.changeSession("EndSession", command.sessionID, invocation) {
            draft, standing throws(TelehealthError) in
            try draft.end(command.reason, note: command.note, by: standing, .caller(invocation.caller))
            return NothingMade()
        }.visible
    }

    /// The earlier API's status call: each status stands for the verb that leads to it. Sets nothing by
    /// itself.
    ///
    /// - Throws: `INVALID_STATE` with the present state where no verb leads there; otherwise as that verb.
    public func updateStatus(
        _ id: SessionID, to status: SessionStatus, _ invocation: Invocation
    ) async throws(TelehealthError) -> SessionState {
        try await pipeline.changeSession("UpdateSessionStatus", id, invocation) {
            draft, standing throws(TelehealthError) in
            let principal = Principal.caller(invocation.caller)
            let holds = draft.state.session.status == status
            switch (status, standing) {
            case (.completed, _): try draft.end(.normal, note: nil, by: standing, principal)
            // The status is asked for and not the verb, so it does not matter which of two brought it about.
            case (.cancelled, _) where holds: try draft.repeatCancellation(by: standing)
            case (.cancelled, _): try draft.cancel(.other, note: nil, by: standing, principal)
            case (.noShow, _): try draft.markNoShow(by: standing, principal)
            case _ where holds: return NothingMade()
            case (.inProgress, .participant(.clinician)), (.inProgress, .participant(.coClinician)),
                (.waitingRoom, .participant(.client)), (.waitingRoom, .participant(.guardian)):
                let ledger = try await pipeline.ledger(of: draft.state.subjectsOfAdmission)
                _ = try draft.join(invocation.caller, check: nil, ledger: ledger)
            case (.scheduled, _), (.inProgress, _), (.waitingRoom, _):
                throw .invalidState(draft.state.session.status)
            }
            return NothingMade()
        }.visible
    }
}
