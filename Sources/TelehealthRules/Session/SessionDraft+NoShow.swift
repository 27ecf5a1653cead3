// A visit that somebody did not come to: who, found out in one place for people's word and for the clock, and the way
// back.
// A visit that somebody did not come to: who, found out in one place for people's word and for the clock, and the way
// back.

package import TelehealthModel

extension SessionDraft {
    /// Who has not come to the slot as it is planned now; nil when somebody of the client's side has, however long
    /// they stayed and whatever was decided about them. Who waited for a time that has been moved since did not come
    /// to this one.
    var absentees: NoShowParty? {
        let clientCame = state.participants.contains {
            $0.isClientParty && state.isRostered($0) && hasCome($0, since: $0.firstWaitingAt)
        }
        if clientCame { return nil }
        return clinicianCame ? .client : .both
    }

    /// Somebody who counts as the clinician of now has been there for this slot.
    var clinicianCame: Bool {
        state.participants.contains {
            $0.role.rights.countsAsClinician && state.isRostered($0) && hasCome($0, since: $0.firstJoinedAt)
        }
    }

    private func hasCome(_ person: Participant, since first: Timestamp?) -> Bool {
        guard let first else { return false }
        return person.isHere || (person.leftAt ?? first) >= opens(for: person)
    }

    /// The end of the slot, or of the time that taking a no-show back gives, whichever is later.
    var slotEnd: Timestamp {
        let end = state.session.endsAt
        guard let undoneAt = state.session.noShowUndoneAt else { return end }
        return max(end, undoneAt + policy.noShowGrace)
    }

    /// Until when who never came may still come, and for how long an empty room is kept.
    ///
    /// The planned end alone puts nobody out who waits: a clinician runs late, and a client who has waited for the
    /// whole slot must not be sent away in the second in which the clinician is at the door. So while somebody of the
    /// client's side waits, the clinician is given what a client is given at the beginning, ``Policy/noShowGrace``; a
    /// client who does not want to wait that long goes, and the visit is then over at its planned time.
    var firstEntryCloses: Timestamp {
        let closes = max(state.session.endsAt + policy.lateJoin, slotEnd)
        let clientWaits = state.participants.contains { $0.isClientParty && $0.state == .waiting }
        return clientWaits ? max(closes, slotEnd + policy.noShowGrace) : closes
    }

    /// Until when anybody may be in this visit.
    package var lastEntry: Timestamp { slotEnd + policy.overrunCap }

    /// - Parameter party: who did not come, as the caller sees it; nil leaves it to the roster.
    /// - Throws: `NOT_ALLOWED` for the client's side, `INVALID_STATE` after another end, once a client was admitted,
    ///   and when the roster says another party; `CLIENT_WAS_HERE` when somebody of the client's side came,
    ///   `TOO_EARLY` before the start.
    package mutating func markNoShow(_ party: NoShowParty? = nil, by standing: CallerMembership, _ principal: Principal)
        throws(TelehealthError)
    {
        try requireMayJudgeAbsence(standing)
        if state.session.status == .noShow {
            if let party, party != state.session.noShowParty { throw .invalidState(.noShow) }
            return repeats()
        }
        try requireNoVisitYet()
        guard let absentees else { throw TelehealthError(.clientWasHere) }
        let opens = state.session.startsAt + policy.manualNoShowAfter
        if now < opens { throw .tooEarly(opensAt: opens) }
        if let party, party != absentees { throw .invalidState(state.session.status) }
        close(noShow: absentees, by: principal)
    }

    /// The client came late after all: the session is open again, at the appointment's present time and people.
    ///
    /// One may come until the later of the slot's end and the no-show grace from now, and for so long no clock makes it
    /// a no-show again. A second time changes nothing.
    /// - Parameters:
    ///   - appointment: the session's own.
    ///   - latest: the newest session of the appointment.
    /// - Throws: `NOT_ALLOWED` for the client's side, `INVALID_STATE` unless NO_SHOW, `APPOINTMENT_CANCELLED`,
    ///   `SESSION_EXISTS` when the appointment got another session meanwhile: the newest one is the visit.
    package mutating func undoNoShow(by standing: CallerMembership, _ appointment: Appointment?, latest: SessionState?)
        throws(TelehealthError)
    {
        try requireMayJudgeAbsence(standing)
        let isOpenAgain = !state.session.status.isTerminal && state.session.noShowUndoneAt != nil
        if isOpenAgain, state.session.startedAt == nil { return }
        guard state.session.status == .noShow else { throw .invalidState(state.session.status) }
        guard let appointment, appointment.status == .scheduled else { throw TelehealthError(.appointmentCancelled) }
        if let latest, latest.session.id != state.session.id {
            throw .sessionExists(latest.session.id)
        }
        expectations += [
            .appointment(appointment.id, version: appointment.version),
            .noOtherOpenSession(appointment.id, except: state.session.id),
        ]
        state.session.noShowUndoneAt = now
        state.session.noShowParty = nil
        state.session.endedAt = nil
        setStatus(.scheduled, reason: .noShowUndone)
        if !state.session.isPlanned(as: appointment) { follow(appointment) }
    }

    private func requireMayJudgeAbsence(_ standing: CallerMembership) throws(TelehealthError) {
        guard standing.isStaff || standing.leadsVisit else { throw TelehealthError(.notAllowed) }
    }
}

extension Session {
    /// Whether time and people are the appointment's.
    func isPlanned(as appointment: Appointment) -> Bool {
        startsAt == appointment.startsAt && endsAt == appointment.endsAt && clientID == appointment.clientID
            && guardianID == appointment.guardianID && clinicianID == appointment.clinicianID
    }
}
