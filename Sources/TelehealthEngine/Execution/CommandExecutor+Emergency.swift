internal import TelehealthModel
internal import TelehealthRules

extension CommandExecutor {
    /// Writes down that a caller got in by an emergency alone, before anything is shown: when that cannot be
    /// kept, nothing is shown. Nothing is written for a caller who is of the visit anyway.
    ///
    /// - Throws: `STORE_UNAVAILABLE` and its kin.
    func noteEmergency(_ action: String, _ state: SessionState, _ invocation: Invocation)
        async throws(TelehealthError)
    {
        let caller = invocation.caller
        guard let reason = caller.emergencyReason, CallerMembership.of(caller.withoutEmergency, in: state) == nil
        else {
            return
        }
        let access = EmergencyAccess(
            id: ids.uuid(), at: time.now, subject: caller.subject, role: caller.role,
            sessionID: state.session.id,
            action: action, reason: reason)
        var decision = Decision()
        decision.emergencies = [access]
        decision.audit = [
            Principal.caller(caller).audit(
                EmergencyAccess.auditAction, at: access.at, session: access.sessionID, target: access.id,
                reason: action)
        ]
        _ = try await apply(decision)
    }
}

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
