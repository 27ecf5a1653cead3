public import TelehealthModel
public import TelehealthRules

/// What callers do with the people of a session: admit, invite, remove and put them back.
///
/// Isolation: the caller's.
public struct ParticipantUseCases: Sendable {
    let pipeline: CommandPipeline
    let guestKey: GuestKey

    /// - Throws: as ``SessionDraft/admitParticipant(_:by:ledger:)``.
    public func admit(_ id: SessionID, _ participant: ParticipantID, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        try await pipeline.changeSession("AdmitParticipant", id, invocation) {
            draft, standing throws(TelehealthError) in
            let ledger = try await pipeline.ledger(of: draft.state.subjectsOfAdmission)
            try draft.admitParticipant(participant, by: standing, ledger: ledger)
            return participant
        }.visible
    }

    /// - Throws: as ``SessionDraft/treat(_:_:by:own:)``.
    public func moderate(
        _ session: SessionID, _ participant: ParticipantID, _ command: ModerationAction,
        _ invocation: Invocation
    ) async throws(TelehealthError) -> SessionState {
        try await pipeline.changeSession(command.method, session, invocation) {
            draft, standing throws(TelehealthError) in
            try draft.treat(
                participant, command, by: standing, own: draft.state.place(of: invocation.caller)?.id)
            return participant
        }.visible
    }

    /// Gives a place to somebody with a token of their own, or offers one by a grant.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `INVALID_STATE`, `INVALID_FIELD`, `PARTICIPANT_EXISTS`,
    ///   `ROSTER_FULL`.
    public func invite(_ command: InviteParticipant, _ invocation: Invocation)
        async throws(TelehealthError) -> InviteOutcome
    {
        let method = "InviteParticipant"
        if let subject = command.subjectID {
            let change = try await pipeline.changeSession(method, command.sessionID, invocation) {
                draft, standing throws(TelehealthError) in
                try InvitationRules.invite(subject, as: command.role, by: standing, in: &draft)
            }
            guard let participant = change.state.participant(change.made) else {
                throw TelehealthError(.invitationNotFound)
            }
            return InviteOutcome(state: change.visible, place: .participant(participant))
        }
        let change = try await pipeline.changeSession(method, command.sessionID, invocation) {
            draft, standing throws(TelehealthError) in
            try InvitationRules.invite(
                as: command.role, validFor: command.validFor, by: standing, .caller(invocation.caller), in: &draft)
        }
        guard let invitation = change.state.invitation(change.made) else { throw TelehealthError(.invitationNotFound) }
        let grant = InvitationGrant(
            sessionID: invitation.sessionID, role: invitation.role, invitationID: invitation.id,
            expiresAt: invitation.expiresAt)
        return InviteOutcome(state: change.visible, place: .invitation(invitation, grant: guestKey.seal(grant)))
    }

    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `INVALID_STATE`, `INVITATION_NOT_FOUND`,
    ///   `INVITATION_USED`.
    public func revokeInvitation(_ session: SessionID, _ invitation: InvitationID, _ invocation: Invocation)
        async throws(TelehealthError) -> SessionState
    {
        try await pipeline.changeSession("RevokeInvitation", session, invocation) {
            draft, standing throws(TelehealthError) in
            try InvitationRules.revoke(invitation, by: standing, in: &draft)
            return invitation
        }.visible
    }

    /// Makes whoever holds a grant somebody in its session, and gives them the pass to call with.
    ///
    /// The grant is the credential: there is no other. The same request again (an answer got lost) gives the
    /// same place; any other use of a used grant is refused.
    /// - Parameters:
    ///   - request: what makes the call repeatable.
    ///   - source: the peer's address, for the audit log; the call is open to all, so a guessed grant is kept too.
    /// - Throws: `INVITATION_INVALID`, `INVITATION_EXPIRED`, `INVITATION_USED`, `INVITATION_REVOKED`,
    ///   `INVALID_STATE`, `PARTICIPANT_REMOVED`, `REQUEST_ID_REUSED`.
    public func redeemInvitation(
        _ text: String, _ request: Invocation.Request, timeout: Duration?, source: String? = nil
    ) async throws(TelehealthError) -> GuestAdmission {
        guard let grant = guestKey.grant(text) else {
            let refusal = TelehealthError(.invitationInvalid)
            try await pipeline.audit.recordRefusal(
                action: "RedeemInvitation", caller: nil, source: source, reason: refusal.reason.rawValue)
            throw refusal
        }
        var bearer = Caller(
            subject: Subject("invitation-" + grant.invitationID.rawValue), role: .guest, expiresAt: grant.expiresAt)
        bearer.source = source
        let invitee = bearer
        let invocation = Invocation(caller: invitee, request: request, timeout: timeout)
        return try await pipeline.change("RedeemInvitation", session: grant.sessionID, invocation) {
            _, id throws(TelehealthError) in
            try admission(try await inviting(grant), id)
        } decide: { () throws(TelehealthError) in
            var draft = SessionDraft(try await inviting(grant), pipeline.context())
            let id = try InvitationRules.redeem(grant, in: &draft)
            let decision = draft.seal(
                by: .caller(invitee), action: "RedeemInvitation", target: grant.invitationID.rawValue)
            return CommandResult(
                decision: decision, outcome: try admission(draft.state, id), sessionID: grant.sessionID,
                made: id)
        }
    }

    private func inviting(_ grant: InvitationGrant) async throws(TelehealthError) -> SessionState {
        let state = try await reading(await pipeline.store.session(grant.sessionID))
        guard let state else { throw TelehealthError(.invitationInvalid) }
        return state
    }

    /// The pass is good until nobody may be in the visit any more.
    private func admission(_ state: SessionState, _ id: ParticipantID) throws(TelehealthError)
        -> GuestAdmission
    {
        guard let participant = state.participant(id) else { throw TelehealthError(.invitationInvalid) }
        if let refusal = participant.refusal { throw refusal }
        let expiresAt = SessionDraft(state, pipeline.context()).lastEntry
        let guest = GuestIdentity(
            sessionID: state.session.id, participantID: id, subjectID: participant.subjectID)
        return GuestAdmission(
            state: Visibility.redact(state, for: .participant(participant.role)), participant: participant,
            caller: Caller(
                subject: Subject(guest.subjectID.rawValue), role: .guest, guest: guest, expiresAt: expiresAt),
            pass: guestKey.seal(guest, expiresAt: expiresAt))
    }
}

extension ModerationAction {
    /// The RPC's name: request ids and audit entries go under it.
    var method: String {
        switch self {
        case .deny: "DenyParticipant"
        case .remove: "RemoveParticipant"
        case .returnToWaitingRoom: "ReturnToWaitingRoom"
        case .setCapabilities: "SetParticipantCapabilities"
        }
    }
}
