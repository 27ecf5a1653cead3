// Letting people in, and their going away.

package import TelehealthModel

extension SessionDraft {
    /// A lead clinician admits one person: who waits, or who was sent away before.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE`, `PARTICIPANT_NOT_FOUND`, `CLINICIAN_NOT_PRESENT`,
    ///   `PARTICIPANT_NOT_WAITING`, `CONSENT_MISSING`, `THIRD_PARTY_CONSENT_MISSING`,
    ///   `RECORDING_CONSENT_MISSING`.
    package mutating func admitParticipant(_ id: ParticipantID, by standing: CallerMembership, ledger: ConsentLedger)
        throws(TelehealthError)
    {
        guard standing.leadsVisit else { throw TelehealthError(.notAllowed) }
        try requireOpen()
        guard let participant = state.participant(id) else { throw TelehealthError(.participantNotFound) }
        guard state.isClinicianPresent else { throw TelehealthError(.clinicianNotPresent) }
        switch participant.state {
        case .admitted: return
        case .waiting: break
        // Being let in takes back having been sent away, while the person still has a place here.
        case .removed, .denied:
            if !state.isRostered(participant) { throw TelehealthError(.participantNotWaiting) }
        case .expected, .left: throw TelehealthError(.participantNotWaiting)
        }
        expectations += ledger.expectations
        guard ledger.hasSay(participant, in: state, context) else { throw TelehealthError(.participantNotWaiting) }
        if participant.isClientParty {
            let consent = ledger.evaluateJoin(
                of: state.session.clientID, in: state.session.id, context: context)
            if !consent.isSatisfied { throw .consentMissing(.consentMissing, consent.missing) }
        }
        let thirdParty = thirdPartyGaps(participant, ledger)
        if !thirdParty.isEmpty {
            throw .thirdPartyConsentMissing(thirdParty, place: context.place)
        }
        if let recording = state.activeRecording {
            let gaps = ledger.evaluateRecording(
                of: [participant], in: state.session.id, purpose: recording.purpose, context: context)
            if !gaps.isSatisfied { throw .consentMissing(.recordingConsentMissing, gaps.missing) }
        }
        admit(id)
        standOnConsents(of: ledger)
        openMeeting()
    }

    /// With the clinician there, lets in who waits for that alone; whoever lacks a consent keeps waiting.
    mutating func admitWaitingPeople(_ ledger: ConsentLedger) {
        guard state.isClinicianPresent, !state.session.status.isTerminal else { return }
        for participant in state.participants
        where participant.state == .waiting && entersWithClinician(participant)
            && ledger.hasSay(participant, in: state, context)
        {
            if participant.isClientParty {
                let join = ledger.evaluateJoin(
                    of: state.session.clientID, in: state.session.id, context: context)
                guard join.isSatisfied else { continue }
            }
            guard thirdPartyGaps(participant, ledger).isEmpty else { continue }
            if let recording = state.activeRecording {
                let record = ledger.evaluateRecording(
                    of: [participant], in: state.session.id, purpose: recording.purpose, context: context)
                guard record.isSatisfied else { continue }
            }
            admit(participant.id)
        }
        standOnConsents(of: ledger)
    }

    /// Whether nobody has to name this person.
    func entersWithClinician(_ participant: Participant) -> Bool {
        if participant.isHeld { return false }
        switch participant.entry {
        case .direct: return true
        case .withClinician:
            return !participant.isClientParty || state.session.admissionPolicy == .onClinicianJoin
        case .byName: return false
        }
    }

    /// The transition itself; the callers check its guards.
    mutating func admit(_ id: ParticipantID) {
        change(id) { [now] in
            $0.state = .admitted
            $0.admittedAt = now
            $0.firstJoinedAt = $0.firstJoinedAt ?? now
            $0.waitingSince = nil
            $0.leftAt = nil
            $0.isHeld = false
            if $0.isClientParty { $0.firstWaitingAt = $0.firstWaitingAt ?? now }
        }
        if state.participant(id)?.isClientParty == true, state.session.startedAt == nil {
            state.session.startedAt = now
        }
        emit(.participantAdmitted, participant: id)
    }

    /// The caller goes away; may come back. A device that another took over from takes nobody along.
    ///
    /// - Throws: `NOT_JOINED` when they never came, `INVALID_STATE` after the end, `NOT_ALLOWED` for staff,
    ///   `PARTICIPANT_REMOVED`, `PARTICIPANT_DENIED`.
    package mutating func leave(_ caller: Caller, device: String?) throws(TelehealthError) {
        let participant = try state.ownParticipant(of: caller)
        try requireOpen()
        if let device, let newest = participant.deviceID, device != newest { return }
        switch participant.state {
        case .waiting, .admitted: depart(participant.id, at: now, reason: nil)
        case .left: return
        case .expected, .removed, .denied: throw TelehealthError(.notJoined)
        }
    }

    /// Somebody went away, at an instant not after now.
    ///
    /// - Parameter reason: for the event, when they did not leave by themselves.
    mutating func depart(_ id: ParticipantID, at instant: Timestamp, reason: DepartureReason?) {
        guard let participant = state.participant(id), participant.isHere else { return }
        stopShares(of: id)
        change(id) {
            $0.state = .left
            $0.leftAt = max(instant, $0.admittedAt ?? instant, $0.waitingSince ?? instant)
            $0.waitingSince = nil
        }
        leaveWaitingRoom {
            $0.emit(.participantLeft, participant: id, reason: reason.map(SessionEvent.Reason.left))
        }
    }

    /// Tells that somebody waits no more; with nobody of the client's side left the room is empty again.
    mutating func leaveWaitingRoom(_ tell: (inout SessionDraft) -> Void) {
        let isEmpty =
            state.session.status == .waitingRoom
            && !state.participants.contains { $0.isClientParty && $0.state == .waiting }
        if isEmpty {
            state.session.status = .scheduled
            state.session.statusUpdatedAt = now
        }
        tell(&self)
        if isEmpty { emit(.statusChanged) }
    }
}
