// Reading a session, and the verbs that need nothing from outside the database.

public import TelehealthModel
public import TelehealthRules

extension CommandExecutor {
    /// - Throws: `SESSION_NOT_FOUND`, `APPOINTMENT_NOT_FOUND` for an appointment the caller may not know.
    public func session(_ reference: SessionReference, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        let state: SessionState?
        switch reference {
        case .session(let id):
            state = try await reading { () async throws(StoreError) in try await store.session(id) }
        case .appointment(let id):
            state = try await reading { () async throws(StoreError) in try await store.latestSession(of: id) }
        }
        let seen: (state: SessionState, standing: CallerMembership)
        do throws(TelehealthError) {
            seen = try await self.seen(state, by: invocation.caller)
        } catch {
            try await recordDenial(
                action: "GetSession", sessionID: reference.sessionID ?? state?.session.id,
                person: state?.session.clientID, target: reference.appointmentID?.rawValue, invocation,
                reason: error.reason.rawValue)
            throw error
        }
        try await noteEmergency("GetSession", seen.state, invocation)
        try await auditRead(
            "GetSession", person: seen.state.session.clientID, session: seen.state.session.id, invocation)
        return Visibility.redact(seen.state, for: seen.standing)
    }

    /// - Throws: as ``SessionDraft/admitParticipant(_:by:ledger:)``.
    public func admitParticipant(_ id: SessionID, _ participant: ParticipantID, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        try await changeSession("AdmitParticipant", id, invocation) {
            draft, standing throws(TelehealthError) in
            let ledger = try await ledger(of: SessionDraft.subjectsOfAdmission(draft.state))
            try draft.admitParticipant(participant, by: standing, ledger: ledger)
            return participant
        }
    }

    /// - Throws: `SESSION_NOT_FOUND`, `NOT_JOINED`, `INVALID_STATE` after the end.
    public func leaveSession(_ command: LeaveSession, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionState
    {
        try await changeSession("LeaveSession", command.sessionID, invocation) {
            draft, _ throws(TelehealthError) in
            try draft.leave(invocation.caller, device: command.deviceID)
            return NothingMade()
        }
    }

    /// A sign of life of a caller without a watch, or with a watch that does not count as presence. Changes nothing
    /// that is stored.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED` for staff.
    public func heartbeat(_ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> HeartbeatOutcome
    {
        let (state, _) = try await read("Heartbeat", id, invocation.withoutOwnAuditRow)
        let participant = try SessionDraft(state, context()).ownParticipant(of: invocation.caller)
        // Every 15 seconds per person would bury the log; what counts is when somebody came back.
        let wasPresent = presence.isPresent(
            participant.id, in: id, within: policy.presenceLostAfter)
        if !wasPresent {
            try await auditRead("Heartbeat", person: state.session.clientID, session: id, invocation)
        }
        // Also of somebody who looks on before joining: they would count as new, and be audited, with every call.
        if !state.session.status.isTerminal {
            presence.touch(participant.id, in: id)
        }
        return HeartbeatOutcome(
            status: state.session.status, participantState: participant.state,
            lastEventSequence: state.session.lastEventSequence, nextWithin: policy.heartbeatInterval)
    }

    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `TOO_LATE`, `INVALID_STATE`, `INVALID_FIELD`.
    public func cancelSession(_ command: CancelSession, _ invocation: Invocation)
        async throws(TelehealthError)
        -> SessionState
    {
        try await changeSession("CancelSession", command.sessionID, invocation) {
            draft, standing throws(TelehealthError) in
            try draft.cancel(command.reason, note: command.note, by: standing, .caller(invocation.caller))
            return NothingMade()
        }
    }

    /// - Parameter party: who did not come, as the caller sees it; nil leaves it to the roster.
    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `CLIENT_WAS_HERE`, `TOO_EARLY`, `INVALID_STATE`.
    public func markNoShow(_ id: SessionID, party: NoShowParty? = nil, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        try await changeSession("MarkNoShow", id, invocation) { draft, standing throws(TelehealthError) in
            try draft.markNoShow(party, by: standing, .caller(invocation.caller))
            return NothingMade()
        }
    }

    /// Opens a session again that was a no-show.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, and as ``SessionDraft/undoNoShow(by:_:latest:)``.
    public func undoNoShow(_ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionState
    {
        try await changeSession("UndoNoShow", id, invocation) { draft, standing throws(TelehealthError) in
            let appointment = draft.state.session.appointmentID
            let row = try await reading { () async throws(StoreError) in try await store.appointment(appointment) }
            let latest = try await reading { () async throws(StoreError) in
                try await store.latestSession(of: appointment)
            }
            try draft.undoNoShow(by: standing, row, latest: latest)
            return NothingMade()
        }
    }

    /// Stops a recording, then deletes the meeting; both are on their way when this returns.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `INVALID_STATE`, `INVALID_FIELD`.
    public func endSession(_ command: EndSession, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionState
    {
        try await changeSession("EndSession", command.sessionID, invocation) {
            draft, standing throws(TelehealthError) in
            try draft.end(command.reason, note: command.note, by: standing, .caller(invocation.caller))
            return NothingMade()
        }
    }

    /// The earlier API's status call: each status stands for the verb that leads to it. Sets nothing by
    /// itself.
    ///
    /// - Throws: `INVALID_STATE` with the present state where no verb leads there; otherwise as that verb.
    public func updateSessionStatus(
        _ id: SessionID, to status: SessionStatus, _ invocation: Invocation
    ) async throws(TelehealthError) -> SessionState {
        try await changeSession("UpdateSessionStatus", id, invocation) {
            draft, standing throws(TelehealthError) in
            let principal = Principal.caller(invocation.caller)
            let holds = draft.state.session.status == status
            switch (status, standing) {
            case (.completed, _): try draft.end(.normal, note: nil, by: standing, principal)
            // The status is asked for and not the verb, so it does not matter which of two brought it about.
            case (.cancelled, _) where holds:
                try draft.requireMayCancel(standing)
                draft.repeats()
            case (.cancelled, _): try draft.cancel(.other, note: nil, by: standing, principal)
            case (.noShow, _): try draft.markNoShow(by: standing, principal)
            case _ where holds: return NothingMade()
            case (.inProgress, .participant(.clinician)), (.inProgress, .participant(.coClinician)),
                (.waitingRoom, .participant(.client)), (.waitingRoom, .participant(.guardian)):
                let ledger = try await ledger(of: SessionDraft.subjectsOfAdmission(draft.state))
                _ = try draft.join(invocation.caller, check: nil, ledger: ledger)
            case (.scheduled, _), (.inProgress, _), (.waitingRoom, _):
                throw .invalidState(draft.state.session.status)
            }
            return NothingMade()
        }
    }

    /// - Throws: `SESSION_NOT_FOUND`, `INVALID_STATE`, `NOT_JOINED`, `SCREEN_SHARE_ACTIVE`, `NOT_ALLOWED`.
    public func startScreenShare(_ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> ScreenShareOutcome
    {
        try await changeSession("StartScreenShare", id, invocation) { draft, _ throws(TelehealthError) in
            try draft.startShare(invocation.caller)
        } outcome: { state, standing, share throws(TelehealthError) in
            try Self.outcome(state, standing, share: share)
        }
    }

    /// - Throws: `SESSION_NOT_FOUND`, `SCREEN_SHARE_NOT_ACTIVE`, `NOT_ALLOWED`.
    public func stopScreenShare(_ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> ScreenShareOutcome
    {
        try await changeSession("StopScreenShare", id, invocation) { draft, _ throws(TelehealthError) in
            try draft.stopShare(invocation.caller)
        } outcome: { state, standing, share throws(TelehealthError) in
            try Self.outcome(state, standing, share: share)
        }
    }

    private static func outcome(_ state: SessionState, _ standing: CallerMembership, share id: ScreenShareID)
        throws(TelehealthError) -> ScreenShareOutcome
    {
        guard let share = state.screenShares.first(where: { $0.id == id }) else {
            throw TelehealthError(.screenShareNotActive)
        }
        return ScreenShareOutcome(state: Visibility.redact(state, for: standing), share: share)
    }
}
