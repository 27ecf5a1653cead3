internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// What a join handed out.
struct HeldToken: Sendable {
    let session: SessionID
    let participant: ParticipantID
    let generation: Int
    let meetingID: String
    let attendeeID: String
}

/// The clinician's watch, which must show every event of a session once and in order.
struct Viewing {
    let session: SessionID
    var seen: Int64
    var open: SessionWatch?
}

// People beside the appointment's: inviting, coming by grants, being sent away.
extension History {
    private static let interpreter = Clinic.caller(SubjectID("interpreter-1"), .clinician)
    private static let coClinician = Clinic.caller(SubjectID("clinician-3"), .clinician)
    private static let staff: [(Caller, [ParticipantRole])] = [
        (interpreter, [.interpreter, .observer]), (coClinician, [.coClinician, .supervisor]),
        (Clinic.otherClinician, [.coClinician]),
    ]

    /// Somebody who may or may not be of the visit; rather a guest, if there is one.
    func anybody() -> Caller {
        let guests = state.withLock { $0.guests }
        if !guests.isEmpty, pick(3) == 0 { return guests[pick(guests.count)] }
        let callers =
            [
                Clinic.clientCaller, Clinic.clinicianCaller, Clinic.guardianCaller, Clinic.otherClinician,
                Self.interpreter, Self.coClinician,
            ] + guests
        return callers[pick(callers.count)]
    }

    func actOnPeople() async {
        switch pick(18) {
        case 0: await inviteStaff()
        case 1: await giveGrant()
        case 2...3: await redeem()
        case 4: await revokeGrant()
        case 5...7: await treat()
        case 8...11: await join(anybody())
        case 12...13: await consent(.recording, anybody(), pick(6) == 0 ? .declined : .granted)
        case 14...15:
            await consent(.thirdPartyPresence, Clinic.clientCaller, pick(3) == 0 ? .declined : .granted)
        default: await admitSomebodyWaiting()
        }
    }

    private func leader() -> Caller {
        [
            Clinic.clinicianCaller, Clinic.clinicianCaller, Self.coClinician, Clinic.admin,
            Clinic.clientCaller,
        ][
            pick(5)]
    }

    private func inviteStaff() async {
        guard let session else { return }
        let (who, roles) = Self.staff[pick(Self.staff.count)]
        let command = InviteParticipant(
            sessionID: session, role: roles[pick(roles.count)], subjectID: who.clinicianID)
        await attempt("invite \(command.role)") { () throws(TelehealthError) in
            try await life.useCases.participants.invite(command, invocation(leader()))
        }
    }

    private func giveGrant() async {
        guard let session else { return }
        let command = InviteParticipant(
            sessionID: session, role: pick(3) == 0 ? .interpreter : .guest,
            validFor: .seconds(Int64(30 + pick(1200))))
        let outcome = await attempt("grant") { () throws(TelehealthError) in
            try await life.useCases.participants.invite(command, invocation(leader()))
        }
        guard case .invitation(let invitation, let grant) = outcome?.place else { return }
        state.withLock { $0.grants.append(grant) }
        promise("invitation \(invitation.id)") {
            $0.sessions[invitation.sessionID]?.invitation(invitation.id) != nil
        }
    }

    /// Any grant ever given, also used ones, by anybody who has the link.
    private func redeem() async {
        let grants = state.withLock { $0.grants }
        guard !grants.isEmpty else { return }
        let grant = grants[pick(grants.count)]
        guard let request = invocation(Clinic.admin).request else { return }
        let admission = await attempt("redeem") { () throws(TelehealthError) in
            try await life.useCases.participants.redeemInvitation(grant, request, timeout: .zero)
        }
        guard let admission else { return }
        if clinic.guestKey.caller(admission.pass) != admission.caller {
            fail("a pass that is not its guest's")
        }
        state.withLock { state in
            if !state.guests.contains(admission.caller) { state.guests.append(admission.caller) }
        }
        let (session, person) = (admission.state.session.id, admission.participant.id)
        promise("place of \(person)") { $0.sessions[session]?.participant(person) != nil }
    }

    private func revokeGrant() async {
        guard let session, let invitations = clinic.store.snapshot.sessions[session]?.invitations,
            !invitations.isEmpty
        else { return }
        let id = invitations[pick(invitations.count)].id
        let state = await attempt("revoke grant") { () throws(TelehealthError) in
            try await life.useCases.participants.revokeInvitation(session, id, invocation(leader()))
        }
        guard state != nil else { return }
        promise("revocation of \(id)") { $0.sessions[session]?.invitation(id)?.redeemedAt == nil }
    }

    private func treat() async {
        guard let session, let people = clinic.store.snapshot.sessions[session]?.participants, !people.isEmpty
        else { return }
        let person = people[pick(people.count)].id
        let listens = MediaCapabilities(audio: .receive, video: .receive, content: .receive)
        let command: ModerationAction =
            [.deny, .remove, .returnToWaitingRoom, .setCapabilities(listens), .setCapabilities(.init())][
                pick(5)]
        await attempt("\(command)") { () throws(TelehealthError) in
            try await life.useCases.participants.moderate(session, person, command, invocation(leader()))
        }
    }

    private func admitSomebodyWaiting() async {
        guard let session, let state = clinic.store.snapshot.sessions[session] else { return }
        let waiting = state.participants.filter { $0.state == .waiting }
        guard !waiting.isEmpty else { return }
        let person = waiting[pick(waiting.count)].id
        await attempt("admit who waits") { () throws(TelehealthError) in
            try await life.useCases.participants.admit(session, person, invocation(Clinic.clinicianCaller))
        }
    }

    func heartbeat() async {
        guard let session else { return }
        let caller = anybody()
        await attempt("heartbeat") { () throws(TelehealthError) in
            try await life.useCases.sessions.heartbeat(session, invocation(caller))
        }
    }

    // The watch

    /// Opens the clinician's watch, after the last event seen if it is the same session.
    func watch() async {
        guard let session else { return }
        let before = state.withLock { $0.watch }
        if let before, before.session == session, before.open != nil { return }
        before?.open?.close()
        let after = before?.session == session ? before?.seen : nil
        let watch = await attempt("watch after \(after ?? -1)") { () throws(TelehealthError) in
            try await life.useCases.watches.watchSession(
                session, after: after, Invocation(caller: Clinic.clinicianCaller), wake: {})
        }
        guard let watch else { return }
        state.withLock { $0.watch = Viewing(session: session, seen: watch.sequence, open: watch) }
    }

    /// Events that were told come again: late, twice and in any order.
    func echo() {
        guard let session else { return }
        let told = clinic.store.snapshot.events[session] ?? []
        for _ in 0..<min(told.count, 6) { life.hub.publish([told[pick(told.count)]]) }
        note("echo")
    }

    /// Takes what the watch has, and holds it against what was seen.
    func look() {
        guard var viewing = state.withLock({ $0.watch }), let open = viewing.open else { return }
        for item in open.take() {
            switch item {
            case .event(let event):
                if event.sequence != viewing.seen + 1 {
                    fail("the watch shows \(event.sequence) behind \(viewing.seen)")
                }
                viewing.seen = event.sequence
            case .heartbeat: break
            case .over, .ended:
                open.close()
                viewing.open = nil
            }
        }
        state.withLock { $0.watch = viewing }
    }
}
