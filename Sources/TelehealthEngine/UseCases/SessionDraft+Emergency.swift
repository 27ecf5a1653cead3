internal import TelehealthModel
internal import TelehealthRules

extension SessionDraft {
    /// A clinician who comes by an emergency becomes a co-clinician of the visit: everybody sees them there,
    /// and a lead clinician can remove them.
    mutating func makeRoom(forEmergencyOf caller: Caller) {
        guard caller.emergencyReason != nil, caller.role == .clinician, let subject = caller.clinicianID,
            state.place(of: caller) == nil, CallerMembership.of(caller.withoutEmergency, in: state) == nil
        else { return }
        state.participants.append(
            Participant(
                id: ParticipantID(context.ids.uuid()), sessionID: state.session.id, subjectID: subject,
                role: .coClinician, externalUserID: "p-" + context.ids.randomHex(byteCount: 16)))
    }
}
