internal import TelehealthModel
internal import TelehealthRules

/// What must hold of every session after every commit, in one place. What also involves Chime is in
/// ``History`` (`checkChime`, `checkTokens`, `settle`):
///
/// - whatever runs at Chime, some row knows it; nothing runs after the end of its session;
/// - a token that was handed out is dead at Chime once its bearer waits, was denied or removed and the outbox has
///   done its work;
/// - who is in the visit may send and receive what the roster says, once the outbox has done its work;
/// - what was acknowledged is never lost, whatever crashes;
/// - a watch shows every event once and in order, however they reach it.
enum Invariants {
    static func broken(by state: SessionState, _ tables: MemoryStore.Tables) -> [String] {
        let session = state.session
        var found: [String] = []
        func check(_ holds: Bool, _ sentence: String) { if !holds { found.append(sentence) } }

        let live = state.meetings.filter { $0.state == .intent || $0.state == .active }
        check(live.count <= 1, "more than one live generation")
        check(state.recordings.count(where: { $0.state.mayCapture }) <= 1, "more than one active recording")
        check(
            tables.sessions.values.count(where: {
                $0.session.appointmentID == session.appointmentID && !$0.session.status.isTerminal
            }) <= 1, "two open sessions of one appointment")
        let clients = state.participants.filter(\.isClientParty)
        check(
            (session.startedAt != nil) == clients.contains { $0.admittedAt != nil },
            "startedAt and a client's admission disagree")
        if let startedAt = session.startedAt, let endedAt = session.endedAt {
            check(startedAt <= endedAt, "ended before it started")
        }
        check(session.status.isTerminal == (session.endedAt != nil), "endedAt and status disagree")
        if session.status == .waitingRoom {
            check(clients.contains { $0.state == .waiting }, "nobody is in the waiting room")
        }
        check(
            session.status == .inProgress || !state.participants.contains { $0.state == .admitted },
            "admitted outside")
        // Who may announce one is asked where it is announced: what Chime reports is a fact, and capabilities can
        // be given to anybody.
        for share in state.screenShares where share.stoppedAt == nil {
            let sharer = state.participant(share.participantID)
            check(sharer?.state == .admitted, "a share without its sharer")
        }
        if session.status.isTerminal {
            check(live.isEmpty, "a live generation after the end")
            check(!state.participants.contains(where: \.isHere), "somebody is in a session that is over")
            check(
                !state.recordings.contains { [.requested, .starting, .recording].contains($0.state) },
                "a capture goes on after the end")
        }
        for recording in state.recordings where [.requested, .starting, .recording].contains(recording.state)
        {
            for person in state.admitted where !hasWord(of: person.subjectID, .recording, session, tables) {
                found.append("\(person.role) is recorded without consent")
            }
        }
        for person in state.admitted where person.isThirdParty {
            check(
                hasWord(of: session.clientID, .thirdPartyPresence, session, tables),
                "\(person.role) takes part without the client's consent")
        }
        checkRoster(state, check)
        checkAppointment(session, tables, check)
        return found
    }

    private static func checkRoster(_ state: SessionState, _ check: (Bool, String) -> Void) {
        let session = state.session
        let present = state.participants.filter { $0.state != .removed }
        check(Set(present.map(\.subjectID)).count == present.count, "one person has two places")
        check(
            Set(state.participants.map(\.externalUserID)).count == state.participants.count,
            "two people share a pseudonym")
        for person in present where person.role.rights.isOfAppointment {
            let named =
                switch person.role {
                case .clinician: session.clinicianID
                case .client: session.clientID
                case .guardian: session.guardianID ?? SubjectID("")
                case .coClinician, .supervisor, .interpreter, .observer, .guest: SubjectID("")
                }
            check(person.subjectID == named, "somebody whom the appointment does not name")
        }
        for person in state.participants {
            let grant = person.invitationID.flatMap(state.invitation)
            check((person.invitationID == nil) == (grant == nil), "a guest without an invitation")
            check(person.role != .guest || grant != nil, "a guest without an invitation")
            if let grant {
                check(grant.participantID == person.id && grant.role == person.role, "a grant used twice")
                check(grant.revokedAt == nil, "a revoked grant was used")
            }
            check(person.capabilities.areConsistent, "capabilities that Chime refuses")
            check(!(person.isHeld && person.state == .admitted), "held and admitted")
        }
        check(
            state.invitations.count { $0.redeemedAt != nil }
                == state.participants.count { $0.invitationID != nil }, "grants and guests disagree")
    }

    /// What must hold of every step from one state to the next.
    ///
    /// - Parameter actions: what the transaction's audit says was done.
    static func broken(
        by before: SessionState, _ after: SessionState, actions: Set<String>, _ tables: MemoryStore.Tables
    ) -> [String] {
        var found = after.illegalSteps(from: before)
        let isByName = actions.contains("AdmitParticipant")
        for old in before.participants {
            guard let new = after.participant(old.id), new.state != old.state else { continue }
            if new.state == .admitted {
                if new.role == .guardian && isOfAge(after.session, tables) {
                    found.append("a guardian came in whose client is of age")
                }
                if (old.isBarred || old.isHeld) && !isByName {
                    found.append("somebody sent away came in again by a rule")
                }
                let isRejoin = old.state == .left && old.admittedAt != nil
                if old.entry == .byName && !isByName && !isRejoin {
                    found.append("\(old.role) came in unnamed")
                }
            }
            let isGone = old.isHere && new.state == .left
            let comesOfAge = new.role == .guardian && new.state == .removed && mayBeOfAge(after.session, tables)
            // What let a third party in may end: a consent with time, the say of the guardian who gave it, and the word
            // of a client whose birth date came later and says that a guardian must sign.
            let isSentOut =
                old.isThirdParty && old.state == .admitted && [.waiting, .removed].contains(new.state)
                && (tables.histories[after.session.clientID]?.bornOn != nil
                    || !hasWord(of: after.session.clientID, .thirdPartyPresence, after.session, tables))
            if actions == ["sweep"] && !isGone && !comesOfAge && !isSentOut {
                found.append("a sweep made \(old.state) \(new.state)")
            }
        }
        if before.session.startedAt != nil { found += changedPeople(of: before.session, after.session) }
        let held = before.participants.filter {
            $0.isHeld && !($0.role == .guardian && mayBeOfAge(after.session, tables))
        }
        if actions == ["sweep"] && !held.isEmpty && !after.participants.contains(where: { $0.isHeld }) {
            found.append("a sweep let somebody go")
        }
        return found
    }

    /// Whether the client has no guardian any more, as far as the dates of these histories leave no doubt.
    private static func isOfAge(_ session: Session, _ tables: MemoryStore.Tables) -> Bool {
        guard !session.guardsAdult, let born = tables.histories[session.clientID]?.bornOn else { return false }
        return born.year < 2000
    }

    /// Whether the client's coming of age may have ended a guardian's say.
    private static func mayBeOfAge(_ session: Session, _ tables: MemoryStore.Tables) -> Bool {
        !session.guardsAdult && tables.histories[session.clientID]?.bornOn != nil
    }

    /// Whoever signs for somebody else is named by a booked appointment, and has a say.
    static func broken(by signature: ConsentRecord, _ tables: MemoryStore.Tables) -> [String] {
        guard signature.signerID != signature.subjectID else { return [] }
        let rows = tables.appointments.values.filter {
            $0.clientID == signature.subjectID && $0.guardianID == signature.signerID && $0.status == .scheduled
        }
        let isOfAge = tables.histories[signature.subjectID]?.bornOn.map { $0.year < 2000 } ?? false
        if rows.contains(where: { $0.guardsAdult || !isOfAge }) { return [] }
        return ["someone who is not their guardian signed for a patient"]
    }

    /// Once the client was let in, a visit may get longer and a guardian may come along; nothing else of what the
    /// appointment says changes.
    private static func changedPeople(of before: Session, _ after: Session) -> [String] {
        // What a guardian may still do is the row's word, too: it can be given, not taken.
        let keepsPowers = before.guardianID == nil || after.guardsAdult || !before.guardsAdult
        let keepsPeople =
            keepsPowers && before.clientID == after.clientID && before.clinicianID == after.clinicianID
            && (before.guardianID == nil || before.guardianID == after.guardianID)
        let keepsTime = before.startsAt == after.startsAt && before.endsAt <= after.endsAt
        return (keepsPeople ? [] : ["the people of a running visit changed"])
            + (keepsTime ? [] : ["the time of a running visit changed"])
    }

    /// An appointment and its open session say the same, and no visit is planned for more than half a day.
    private static func checkAppointment(
        _ session: Session, _ tables: MemoryStore.Tables, _ check: (Bool, String) -> Void
    ) {
        guard !session.status.isTerminal, let row = tables.appointments[session.appointmentID] else { return }
        check(row.status == .scheduled, "an open session of a cancelled appointment")
        check(
            (row.clientID, row.clinicianID, row.startsAt, row.endsAt)
                == (session.clientID, session.clinicianID, session.startsAt, session.endsAt)
                && row.guardianID == session.guardianID && row.guardsAdult == session.guardsAdult,
            "an appointment and its open session disagree")
        check(row.endsAt - row.startsAt <= Policy.longestVisit, "a visit of more than half a day")
    }

    /// The rule said again, plainly: the newest standing word of this person is a written, unexpired grant.
    private static func hasWord(
        of subject: SubjectID, _ type: ConsentType, _ session: Session, _ tables: MemoryStore.Tables
    ) -> Bool {
        let words = (tables.histories[subject]?.records ?? []).filter {
            $0.type == type && $0.supersededBy == nil
                && ($0.sessionID == nil || $0.sessionID == session.id)
        }
        guard let last = words.last else { return false }
        return last.decision == .granted && last.revokedAt == nil && last.method != .verbal
    }
}
