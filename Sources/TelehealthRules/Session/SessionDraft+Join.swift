// Entering a visit: the pre-visit check, the waiting room, the clinician's arrival, coming back.

package import TelehealthModel

extension SessionDraft {
    /// The caller enters, waits, or comes back.
    ///
    /// - Returns: the caller's participant. Its state then tells whether it may have credentials.
    /// - Throws: `NOT_ALLOWED` for staff, `INVALID_STATE` after the end, `TOO_EARLY`, `TOO_LATE`,
    ///   `PRE_VISIT_CHECK_*`, `CONSENT_MISSING`, `RECORDING_CONSENT_MISSING`, `INVALID_FIELD`,
    ///   `PARTICIPANT_REMOVED`, `PARTICIPANT_DENIED`.
    package mutating func join(
        _ caller: Caller, check: PreVisitCheck?, device: String? = nil, ledger: ConsentLedger
    ) throws(TelehealthError) -> ParticipantID {
        let participant = try state.ownParticipant(of: caller)
        try requireOpen()
        try requireJoinWindow(for: participant)
        expectations += ledger.expectations
        guard ledger.hasSay(participant, in: state, context) else { throw TelehealthError(.sessionNotFound) }
        if participant.role.rights.countsAsClinician {
            try joinAsClinician(participant, ledger)
        } else {
            try joinAsOther(participant, check, ledger)
        }
        takeOver(participant.id, device)
        return participant.id
    }

    func requireOpen() throws(TelehealthError) {
        if state.session.status.isTerminal { throw .invalidState(state.session.status) }
    }

    private func requireJoinWindow(for participant: Participant) throws(TelehealthError) {
        let opens = opens(for: participant)
        if now < opens { throw .tooEarly(opensAt: opens) }
        let hasBegun = state.session.status == .inProgress || participant.firstJoinedAt != nil
        let closes = hasBegun ? lastEntry : firstEntryCloses
        if now > closes { throw .tooLate(closedAt: closes) }
    }

    /// From when the person may come.
    func opens(for participant: Participant) -> Timestamp {
        state.session.startsAt
            - (participant.role.rights.isStaff ? policy.earlyJoinStaff : policy.earlyJoin)
    }

    /// A person's devices share one attendee, because Chime lets one connection at a time have an
    /// ExternalUserId and ends the older one ("AudioJoinedFromAnotherDevice"): two attendees for one person
    /// would be heard twice, counted twice, and could be removed by halves. So the newest device takes over,
    /// and the older one is told why.
    private mutating func takeOver(_ id: ParticipantID, _ device: String?) {
        guard let device, let participant = state.participant(id), participant.deviceID != device else {
            return
        }
        let isTakeOver = participant.deviceID != nil && participant.state == .admitted
        change(id) { $0.deviceID = device }
        guard isTakeOver else { return }
        // Chime cuts the older device off, and with it what it shared.
        stopShares(of: id)
        emit(.deviceChanged, participant: id)
    }

    private mutating func joinAsClinician(_ participant: Participant, _ ledger: ConsentLedger)
        throws(TelehealthError)
    {
        if participant.state != .admitted {
            if participant.role == .clinician {
                stopRecordingWithout(consentOf: participant, ledger)
            } else if try holdsBackRecording(from: participant, ledger) {
                return enterWaitingRoom(participant.id)
            }
            if participant.isHeld { return enterWaitingRoom(participant.id) }
            admit(participant.id)
            standOnConsents(of: ledger)
        }
        if state.session.clinicianArrivedAt == nil { state.session.clinicianArrivedAt = now }
        if state.session.status != .inProgress { setStatus(.inProgress) }
        openMeeting()
        admitWaitingPeople(ledger)
    }

    /// The visit needs its clinician, so it is the capture that gives way, whatever the policy for others.
    private mutating func stopRecordingWithout(consentOf clinician: Participant, _ ledger: ConsentLedger) {
        guard let recording = state.activeRecording else { return }
        let consent = ledger.evaluateRecording(
            of: [clinician], in: state.session.id, purpose: recording.purpose, context: context)
        if consent.isSatisfied { return }
        stopCapture(of: recording.id, cause: .consentMissing, by: Principal.system.name)
    }

    private mutating func joinAsOther(
        _ participant: Participant, _ check: PreVisitCheck?, _ ledger: ConsentLedger
    ) throws(TelehealthError) {
        if participant.isClientParty {
            try takePreVisitCheck(check, of: participant, ledger)
            let consent = ledger.evaluateJoin(
                of: state.session.clientID, in: state.session.id, context: context)
            if !consent.isSatisfied { throw .consentMissing(.consentMissing, consent.missing) }
        }
        if !thirdPartyGaps(participant, ledger).isEmpty {
            enterWaitingRoom(participant.id)
        } else if participant.state == .admitted {
            openMeeting()
        } else if !mayEnterDirectly(participant) {
            enterWaitingRoom(participant.id)
        } else if try !holdsBackRecording(from: participant, ledger) {
            admit(participant.id)
            standOnConsents(of: ledger)
            openMeeting()
        } else {
            enterWaitingRoom(participant.id)
        }
    }

    /// The client has come to a place that may ask for more: a capture that would not be allowed to start there ends.
    private mutating func stopRecordingWithoutConsents(_ ledger: ConsentLedger) {
        guard let recording = state.activeRecording, !mayRecord(recording, ledger: ledger) else { return }
        stopCapture(of: recording.id, cause: .consentMissing, by: Principal.system.name)
    }

    /// With the clinician there and nobody asked to approve, or shortly after having been there.
    private func mayEnterDirectly(_ participant: Participant) -> Bool {
        if participant.isHeld { return false }
        if state.isClinicianPresent && entersWithClinician(participant) { return true }
        guard participant.state == .left, participant.admittedAt != nil, let leftAt = participant.leftAt,
            state.session.startedAt != nil
        else { return false }
        return now - leftAt <= policy.rejoinGrace
    }

    /// Whether somebody must wait until a running capture has stopped; has it stopped where the policy says
    /// so.
    mutating func holdsBackRecording(from participant: Participant, _ ledger: ConsentLedger)
        throws(TelehealthError) -> Bool
    {
        guard let recording = state.activeRecording else { return false }
        let consent = ledger.evaluateRecording(
            of: [participant], in: state.session.id, purpose: recording.purpose, context: context)
        if consent.isSatisfied { return false }
        // A capture that is being stopped is over in a moment: no reason to send anybody away.
        if recording.state == .stopping { return true }
        switch policy.lateJoiner {
        case .refuse: throw .consentMissing(.recordingConsentMissing, consent.missing)
        case .stopRecording:
            stopCapture(of: recording.id, cause: .consentMissing, by: Principal.system.name)
            return true
        }
    }

    private mutating func takePreVisitCheck(
        _ check: PreVisitCheck?, of participant: Participant, _ ledger: ConsentLedger
    ) throws(TelehealthError) {
        guard let check else {
            if participant.preVisitCheck == nil { throw TelehealthError(.preVisitCheckRequired) }
            return
        }
        try Self.validate(check)
        var failed: [String] = []
        if !policy.allowedLocationStates.isEmpty
            && !policy.allowedLocationStates.contains(check.locationState)
        {
            failed.append("location_state")
        }
        if policy.requiresPrivatePlace && !check.isLocationPrivate { failed.append("location_private") }
        if policy.requiresReliableConnection && !check.hasReliableConnection {
            failed.append("reliable_connection")
        }
        if !failed.isEmpty {
            throw .preVisitCheckFailed(failed)
        }
        note(check, of: participant, ledger)
    }

    /// Where the client is now, with what follows from its place's policy.
    private mutating func note(_ check: PreVisitCheck, of participant: Participant, _ ledger: ConsentLedger) {
        let place = context.place.id
        change(participant.id) { [now] in
            $0.preVisitCheck = check
            $0.preVisitCheck?.checkedAt = now
        }
        relocate()
        guard context.place.id != place else { return }
        stopRecordingWithoutConsents(ledger)
        sendOutThirdParties(ledger)
    }

    /// A refused join says where the person is all the same.
    ///
    /// The address is what an emergency service is sent to. A person who was in this visit and loads the page again
    /// from another place may be refused (another state, a consent that has ended) and still be on the clinician's
    /// screen: then an old address is worse than none. Before the first join nothing is kept, because nobody relies on
    /// it; and from whoever was sent away, nothing is taken any more.
    package mutating func keepWhereabouts(_ check: PreVisitCheck, of caller: Caller, ledger: ConsentLedger) {
        guard !state.session.status.isTerminal, let participant = state.place(of: caller),
            participant.isClientParty, !participant.isBarred, participant.preVisitCheck != nil,
            participant.firstJoinedAt != nil, (try? Self.validate(check)) != nil
        else { return }
        expectations += ledger.expectations
        note(check, of: participant, ledger)
    }

    private static func validate(_ check: PreVisitCheck) throws(TelehealthError) {
        let state = check.locationState.utf8
        guard state.count == 2, state.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
        else {
            throw .invalid("pre_visit_check.location_state", "must be the two upper-case letters of a state")
        }
        // Somebody may have to send help there: a blank does not do.
        let texts = [
            ("location_address", check.locationAddress, PreVisitCheck.addressCharactersMax),
            ("emergency_contact_name", check.emergencyContactName, PreVisitCheck.nameCharactersMax),
            ("emergency_contact_phone", check.emergencyContactPhone, PreVisitCheck.phoneCharactersMax),
        ]
        for (field, text, limit) in texts where !text.saysSomething || text.characterCount > limit {
            throw .invalid("pre_visit_check.\(field)", "must contain a letter or digit, in 1 to \(limit) characters")
        }
    }

    mutating func enterWaitingRoom(_ id: ParticipantID) {
        guard let participant = state.participant(id), participant.state != .waiting else { return }
        change(id) { [now] in
            $0.state = .waiting
            $0.firstWaitingAt = $0.firstWaitingAt ?? now
            $0.firstJoinedAt = $0.firstJoinedAt ?? now
            $0.waitingSince = now
            $0.leftAt = nil
        }
        // Whoever was in before may still hold the token of then: it must not be worth more than this wait.
        if participant.admittedAt != nil { endAttendee(of: participant) }
        guard participant.isClientParty else { return emit(.participantWaiting, participant: id) }
        if state.session.waitingRoomEnteredAt == nil { state.session.waitingRoomEnteredAt = now }
        if state.session.status == .scheduled {
            state.session.status = .waitingRoom
            state.session.statusUpdatedAt = now
            emit(.participantWaiting, participant: id)
            emit(.statusChanged)
        } else {
            emit(.participantWaiting, participant: id)
        }
    }
}

extension Participant {
    /// What somebody who was sent away is told; nil for everybody else.
    package var refusal: TelehealthError? {
        switch state {
        case .removed: TelehealthError(.participantRemoved)
        case .denied: TelehealthError(.participantDenied)
        case .expected, .waiting, .admitted, .left: nil
        }
    }
}
