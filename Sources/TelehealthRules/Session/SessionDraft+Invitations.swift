// How people who are not of the appointment get a place on the roster.

package import TelehealthModel

extension SessionDraft {
    /// Rows of people and invitations one session holds at most, also those long gone: nobody fills a database
    /// by inviting and removing.
    static let rosterRowsMax = 64

    /// Gives somebody with a token of their own a place, or the one back that they were sent away from.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE`, `INVALID_FIELD` for a role that does not come this way,
    ///   `PARTICIPANT_EXISTS`, `ROSTER_FULL`.
    package mutating func invite(_ subject: SubjectID, as role: ParticipantRole, by standing: CallerMembership)
        throws(TelehealthError) -> ParticipantID
    {
        guard standing.invites else { throw TelehealthError(.notAllowed) }
        try requireOpen()
        guard role.rights.entryRoutes.contains(.staffToken) else {
            throw .invalid("role", "cannot be invited by person_id")
        }
        let places = state.participants.filter { $0.subjectID == subject && state.isRostered($0) }
        if let place = places.first(where: { !$0.isBarred || $0.role.rights.isOfAppointment }) {
            throw .participantExists(place.id)
        }
        try requirePlace()
        let id: ParticipantID
        if let former = places.first(where: { $0.role == role }) {
            id = former.id
            change(id) { $0.state = .expected }
        } else {
            id = addPlace(subject, role)
        }
        // A place of another role that they were not let into is over with this one.
        for place in places where place.id != id { change(place.id) { $0.state = .removed } }
        emit(.participantInvited, participant: id)
        return id
    }

    /// Offers a place to whoever redeems the grant.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE`, `INVALID_FIELD`, `ROSTER_FULL`.
    package mutating func invite(
        as role: ParticipantRole, validFor: Duration?, by standing: CallerMembership, _ principal: Principal
    ) throws(TelehealthError) -> InvitationID {
        guard standing.invites else { throw TelehealthError(.notAllowed) }
        try requireOpen()
        guard role.rights.entryRoutes.contains(.grant) else {
            throw .invalid("role", "cannot be invited by a grant")
        }
        let validity = validFor ?? policy.invitationValidity
        guard validity > .zero, validity <= policy.invitationValidityMax else {
            throw .invalid("valid_for", "must be above 0 and within the clinic's longest validity")
        }
        try requirePlace()
        let invitation = Invitation(
            id: InvitationID(context.ids.uuid()), sessionID: state.session.id, role: role, createdAt: now,
            createdBy: principal.name, expiresAt: min(now + validity, lastEntry))
        state.invitations.append(invitation)
        emit(.participantInvited, reason: .role(role))
        return invitation.id
    }

    /// A second time changes nothing.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE`, `INVITATION_NOT_FOUND`, `INVITATION_USED`.
    package mutating func revokeInvitation(_ id: InvitationID, by standing: CallerMembership) throws(TelehealthError) {
        guard standing.invites else { throw TelehealthError(.notAllowed) }
        try requireOpen()
        guard let invitation = state.invitation(id) else { throw TelehealthError(.invitationNotFound) }
        switch invitation.state(at: now) {
        case .used: throw TelehealthError(.invitationUsed)
        case .revoked: return
        case .open, .expired: revoke(id)
        }
    }

    /// Makes the bearer of a grant somebody in this visit, once.
    ///
    /// - Throws: `INVITATION_INVALID`, `INVITATION_EXPIRED`, `INVITATION_USED`, `INVITATION_REVOKED`,
    ///   `INVALID_STATE` after the end.
    package mutating func redeem(_ grant: InvitationGrant) throws(TelehealthError) -> ParticipantID {
        guard let invitation = state.invitation(grant.invitationID), invitation.role == grant.role else {
            throw TelehealthError(.invitationInvalid)
        }
        switch invitation.state(at: now) {
        case .used: throw TelehealthError(.invitationUsed)
        case .revoked: throw TelehealthError(.invitationRevoked)
        case .expired: throw TelehealthError(.invitationExpired)
        case .open: break
        }
        try requireOpen()
        let id = addPlace(
            SubjectID("guest-" + context.ids.uuid()), invitation.role, invitation: invitation.id)
        change(invitation.id) { [now] in
            $0.redeemedAt = now
            $0.participantID = id
        }
        emit(.participantInvited, participant: id)
        return id
    }

    mutating func revoke(_ id: InvitationID) {
        change(id) { [now] in $0.revokedAt = now }
        emit(.invitationRevoked)
    }

    private func requirePlace() throws(TelehealthError) {
        let taken =
            state.participants.count { !$0.isBarred } + state.invitations.count { $0.state(at: now) == .open }
        let rows = state.participants.count + state.invitations.count
        guard taken < policy.rosterMax, rows < Self.rosterRowsMax else { throw TelehealthError(.rosterFull) }
    }

    mutating func addPlace(
        _ subject: SubjectID, _ role: ParticipantRole, invitation: InvitationID? = nil
    ) -> ParticipantID {
        let place = Participant(
            id: ParticipantID(context.ids.uuid()), sessionID: state.session.id, subjectID: subject,
            role: role,
            externalUserID: "p-" + context.ids.randomHex(byteCount: 16), invitationID: invitation)
        state.participants.append(place)
        return place.id
    }
}
