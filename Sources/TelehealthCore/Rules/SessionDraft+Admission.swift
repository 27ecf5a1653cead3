// Letting people in, and their going away.

extension SessionDraft {
    /// The clinician lets one waiting person in.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE`, `PARTICIPANT_NOT_FOUND`, `CLINICIAN_NOT_PRESENT`,
    ///   `PARTICIPANT_NOT_WAITING`, `CONSENT_MISSING`, `RECORDING_CONSENT_MISSING`.
    mutating func admitParticipant(_ id: ParticipantID, by standing: Standing, ledger: ConsentLedger)
        throws(TelehealthError)
    {
        guard standing.leadsVisit else { throw TelehealthError(.notAllowed) }
        try requireOpen()
        guard let participant = state.participant(id) else { throw TelehealthError(.participantNotFound) }
        guard state.isClinicianPresent else { throw TelehealthError(.clinicianNotPresent) }
        switch participant.state {
        case .admitted: return
        case .waiting: break
        case .expected, .left, .removed: throw TelehealthError(.participantNotWaiting)
        }
        expectations += ledger.expectations
        let consent = ledger.evaluateJoin(of: state.session.clientID, in: state.session.id, context: context)
        if !consent.isSatisfied { throw .consentMissing(.consentMissing, consent.missing) }
        if let recording = state.activeRecording {
            let gaps = ledger.evaluateRecording(
                of: [participant], in: state.session.id, purpose: recording.purpose, context: context)
            if !gaps.isSatisfied { throw .consentMissing(.recordingConsentMissing, gaps.missing) }
        }
        admit(id)
        standOnConsents(of: ledger)
        openMeeting()
    }

    /// With the clinician there, lets the appointment's waiting people in; whoever lacks a consent keeps
    /// waiting.
    mutating func admitWaitingClients(_ ledger: ConsentLedger) {
        guard state.isClinicianPresent, state.session.admissionPolicy == .onClinicianJoin,
            !state.session.status.isTerminal
        else { return }
        for participant in state.participants where participant.isClientParty && participant.state == .waiting
        {
            let join = ledger.evaluateJoin(of: state.session.clientID, in: state.session.id, context: context)
            guard join.isSatisfied else { continue }
            if let recording = state.activeRecording {
                let record = ledger.evaluateRecording(
                    of: [participant], in: state.session.id, purpose: recording.purpose, context: context)
                guard record.isSatisfied else { continue }
            }
            admit(participant.id)
        }
        standOnConsents(of: ledger)
    }

    /// The transition itself; its guards stand with the callers.
    mutating func admit(_ id: ParticipantID) {
        change(id) { [now] in
            $0.state = .admitted
            $0.admittedAt = now
            $0.firstJoinedAt = $0.firstJoinedAt ?? now
            $0.waitingSince = nil
            $0.leftAt = nil
            if $0.isClientParty { $0.firstWaitingAt = $0.firstWaitingAt ?? now }
        }
        if state.participant(id)?.isClientParty == true, state.session.startedAt == nil {
            state.session.startedAt = now
        }
        emit(.participantAdmitted, participant: id)
    }

    /// The caller goes away; may come back.
    ///
    /// - Throws: `NOT_JOINED` when they never came, `INVALID_STATE` after the end, `NOT_ALLOWED` for staff.
    mutating func leave(_ caller: Caller) throws(TelehealthError) {
        let participant = try ownParticipant(of: caller)
        try requireOpen()
        switch participant.state {
        case .waiting, .admitted: depart(participant.id, at: now, reason: nil)
        case .left: return
        case .expected, .removed: throw TelehealthError(.notJoined)
        }
    }

    /// Somebody went away, at an instant not after now.
    mutating func depart(_ id: ParticipantID, at instant: Timestamp, reason: String?) {
        guard let participant = state.participant(id), participant.isHere else { return }
        stopShares(of: id)
        change(id) {
            $0.state = .left
            $0.leftAt = max(instant, $0.admittedAt ?? instant, $0.waitingSince ?? instant)
            $0.waitingSince = nil
        }
        if state.session.status == .waitingRoom
            && !state.participants.contains(where: { $0.state == .waiting })
        {
            state.session.status = .scheduled
            state.session.statusUpdatedAt = now
            emit(.participantLeft, participant: id, reason: reason)
            emit(.statusChanged)
        } else {
            emit(.participantLeft, participant: id, reason: reason)
        }
    }
}
