package import TelehealthModel

extension SessionDraft {
    /// A clinician who comes by an emergency becomes a co-clinician of the visit: everybody sees them there,
    /// and a lead clinician can remove them.
    package mutating func makeRoom(forEmergencyOf caller: Caller) {
        guard caller.emergencyReason != nil, caller.role == .clinician, let subject = caller.clinicianID,
            state.place(of: caller) == nil, CallerMembership.of(caller.withoutEmergency, in: state) == nil
        else { return }
        _ = addPlace(subject, .coClinician)
    }
}
