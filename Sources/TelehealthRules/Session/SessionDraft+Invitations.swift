// Places on the roster, and the invitations to them, as rows.

internal import TelehealthModel

extension SessionDraft {
    /// Rows of people and invitations one session holds at most, also those long gone: nobody fills a database
    /// by inviting and removing.
    static let rosterRowsMax = 64

    mutating func revoke(_ id: InvitationID) {
        change(id) { [now] in $0.revokedAt = now }
        emit(.invitationRevoked)
    }

    func requirePlace() throws(TelehealthError) {
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
