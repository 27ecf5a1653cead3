package import TelehealthModel

/// How people who are not of the appointment get a place on the roster.
package enum InvitationRules {
    /// Gives somebody with a token of their own a place, or the one back that they were sent away from.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE`, `INVALID_FIELD` for a role that does not come this way,
    ///   `PARTICIPANT_EXISTS`, `ROSTER_FULL`.
    package static func invite(
        _ subject: SubjectID, as role: ParticipantRole, by standing: CallerMembership, in draft: inout SessionDraft
    ) throws(TelehealthError) -> ParticipantID {
        guard standing.invites else { throw TelehealthError(.notAllowed) }
        try draft.requireOpen()
        guard role.rights.entryRoutes.contains(.staffToken) else {
            throw .invalid("role", "cannot be invited by person_id")
        }
        let places = draft.state.participants.filter { $0.subjectID == subject && draft.state.isRostered($0) }
        if let place = places.first(where: { !$0.isBarred || $0.role.rights.isOfAppointment }) {
            throw .participantExists(place.id)
        }
        try draft.requirePlace()
        let id: ParticipantID
        if let former = places.first(where: { $0.role == role }) {
            id = former.id
            draft.change(id) { $0.state = .expected }
        } else {
            id = draft.addPlace(subject, role)
        }
        // A place of another role that they were not let into is over with this one.
        for place in places where place.id != id { draft.change(place.id) { $0.state = .removed } }
        draft.emit(.participantInvited, participant: id)
        return id
    }

    /// Offers a place to whoever redeems the grant.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE`, `INVALID_FIELD`, `ROSTER_FULL`.
    package static func invite(
        as role: ParticipantRole, validFor: Duration?, by standing: CallerMembership, _ principal: Principal,
        in draft: inout SessionDraft
    ) throws(TelehealthError) -> InvitationID {
        guard standing.invites else { throw TelehealthError(.notAllowed) }
        try draft.requireOpen()
        guard role.rights.entryRoutes.contains(.grant) else {
            throw .invalid("role", "cannot be invited by a grant")
        }
        let validity = validFor ?? draft.policy.invitationValidity
        guard validity > .zero, validity <= draft.policy.invitationValidityMax else {
            throw .invalid("valid_for", "must be above 0 and within the clinic's longest validity")
        }
        try draft.requirePlace()
        let invitation = Invitation(
            id: InvitationID(draft.context.ids.uuid()), sessionID: draft.state.session.id, role: role,
            createdAt: draft.now, createdBy: principal.name, expiresAt: min(draft.now + validity, draft.lastEntry))
        draft.state.invitations.append(invitation)
        draft.emit(.participantInvited, reason: .role(role))
        return invitation.id
    }

    /// A second time changes nothing.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE`, `INVITATION_NOT_FOUND`, `INVITATION_USED`.
    package static func revoke(_ id: InvitationID, by standing: CallerMembership, in draft: inout SessionDraft)
        throws(TelehealthError)
    {
        guard standing.invites else { throw TelehealthError(.notAllowed) }
        try draft.requireOpen()
        guard let invitation = draft.state.invitation(id) else { throw TelehealthError(.invitationNotFound) }
        switch invitation.state(at: draft.now) {
        case .used: throw TelehealthError(.invitationUsed)
        case .revoked: return
        case .open, .expired: draft.revoke(id)
        }
    }

    /// Makes the bearer of a grant somebody in this visit, once.
    ///
    /// - Throws: `INVITATION_INVALID`, `INVITATION_EXPIRED`, `INVITATION_USED`, `INVITATION_REVOKED`,
    ///   `INVALID_STATE` after the end.
    package static func redeem(_ grant: InvitationGrant, in draft: inout SessionDraft)
        throws(TelehealthError) -> ParticipantID
    {
        guard let invitation = draft.state.invitation(grant.invitationID), invitation.role == grant.role else {
            throw TelehealthError(.invitationInvalid)
        }
        switch invitation.state(at: draft.now) {
        case .used: throw TelehealthError(.invitationUsed)
        case .revoked: throw TelehealthError(.invitationRevoked)
        case .expired: throw TelehealthError(.invitationExpired)
        case .open: break
        }
        try draft.requireOpen()
        let id = draft.addPlace(
            SubjectID("guest-" + draft.context.ids.uuid()), invitation.role, invitation: invitation.id)
        draft.change(invitation.id) { [now = draft.now] in
            $0.redeemedAt = now
            $0.participantID = id
        }
        draft.emit(.participantInvited, participant: id)
        return id
    }
}
