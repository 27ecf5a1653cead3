// A recording from the request to the running capture and its stop, as people ask for it.

package import TelehealthModel

extension SessionDraft {
    /// The clinician asks for a recording of everybody who is in the visit.
    ///
    /// Judged here, again when a worker claims the start, and again when Chime answers.
    /// - Throws: `NOT_ALLOWED`, `INVALID_STATE` unless IN_PROGRESS, `NOT_JOINED`, `RECORDING_NOT_CONFIGURED`,
    ///   `RECORDING_ACTIVE`, `MEETING_NOT_READY`, `RECORDING_CONSENT_MISSING`.
    package mutating func startRecording(_ purpose: Recording.Purpose, by caller: Caller, ledger: ConsentLedger)
        throws(TelehealthError) -> RecordingID
    {
        guard case .participant(let role) = CallerMembership.of(caller, in: state), role.rights.leads else {
            throw TelehealthError(.notAllowed)
        }
        guard state.session.status == .inProgress else { throw .invalidState(state.session.status) }
        guard try state.ownParticipant(of: caller).state == .admitted else { throw TelehealthError(.notJoined) }
        guard let bucket = context.recordingsBucket else { throw TelehealthError(.recordingNotConfigured) }
        if let active = state.activeRecording {
            throw .recordingActive(active.id)
        }
        guard let meeting = state.liveMeeting, meeting.state == .active else {
            throw TelehealthError(.meetingNotReady, retryAfter: .seconds(1))
        }
        expectations += ledger.expectations
        let consent = ledger.evaluateRecording(
            of: state.admitted, in: state.session.id, purpose: purpose, context: context)
        if !consent.isSatisfied { throw .consentMissing(.recordingConsentMissing, consent.missing) }
        let id = RecordingID(context.ids.uuid())
        state.recordings.append(
            Recording(
                id: id, sessionID: state.session.id, segment: state.recordings.count + 1,
                generation: meeting.generation, purpose: purpose, requestedBy: caller.subject.rawValue,
                requestedAt: now,
                consentIDs: consent.standsOn, controlRegion: meeting.controlRegion, bucket: bucket,
                prefix: policy.recordingPrefix + "/" + id.rawValue))
        enqueue(.recording(.startCapture, id, generation: meeting.generation))
        emit(.recordingRequested, recording: id, generation: meeting.generation)
        return id
    }

    /// - Parameter id: nil = the active one.
    /// - Throws: `NOT_ALLOWED`, `RECORDING_NOT_FOUND`, `RECORDING_NOT_ACTIVE`.
    package mutating func stopRecording(_ id: RecordingID?, by standing: CallerMembership, _ principal: Principal)
        throws(TelehealthError) -> RecordingID
    {
        // Everybody who may be in the picture may end it; starting is the clinician's.
        guard standing.leadsVisit || !standing.isStaff else { throw TelehealthError(.notAllowed) }
        if let id, state.recording(id) == nil { throw TelehealthError(.recordingNotFound) }
        guard let active = state.activeRecording, id == nil || id == active.id else {
            throw TelehealthError(.recordingNotActive)
        }
        stopCapture(of: active.id, cause: .requested, by: principal.name)
        return active.id
    }

    /// Also of one that is only requested: whether Chime was asked is not known here, and the stop comes
    /// after it.
    mutating func stopCapture(of id: RecordingID, cause: Recording.StopCause, by name: String) {
        guard let recording = state.recording(id), recording.state.mayCapture, recording.state != .stopping
        else {
            return
        }
        change(id) {
            $0.state = .stopping
            $0.stopCause = cause
            $0.degradedSince = nil
            $0.stoppedBy = name
        }
        enqueue(.recording(.stopCapture, id, generation: recording.generation))
        emit(.recordingStopping, recording: id, generation: recording.generation, reason: .recordingStop(cause))
    }

    /// Whoever came in meanwhile is in the picture too: the recording stands on their consent as well.
    mutating func standOnConsents(of ledger: ConsentLedger) {
        guard let recording = state.activeRecording else { return }
        let consent = ledger.evaluateRecording(
            of: state.admitted, in: state.session.id, purpose: recording.purpose, context: context)
        let fresh = consent.standsOn.filter { !recording.consentIDs.contains($0) }
        if !fresh.isEmpty { change(recording.id) { $0.consentIDs += fresh } }
    }

    /// Whether a requested or running recording may go on.
    func mayRecord(_ recording: Recording, ledger: ConsentLedger) -> Bool {
        guard state.session.status == .inProgress else { return false }
        return ledger.evaluateRecording(
            of: state.admitted, in: state.session.id, purpose: recording.purpose, context: context
        ).isSatisfied
    }

    /// Somebody's consent has ended: running captures stop if they stood on it or if the person is in the
    /// picture.
    ///
    /// - Parameter consents: the entries that no longer count; empty when only the present histories matter.
    mutating func consentEnded(
        of subject: SubjectID, _ consents: [ConsentID], type: ConsentType, ledger: ConsentLedger,
        by name: String
    ) {
        // Also somebody who was sent away: what was recorded of them stands on their consent.
        let participant =
            state.participant(of: subject) ?? state.participants.last { $0.subjectID == subject }
        emit(.consentRevoked, participant: participant?.id, reason: .text(wireName(type)))
        guard type == .recording else { return }
        for recording in state.recordings where recording.consentIDs.contains(where: consents.contains) {
            change(recording.id) { [now] in $0.consentRevokedAt = $0.consentRevokedAt ?? now }
        }
        guard let active = state.activeRecording else { return }
        let stoodOnIt = active.consentIDs.contains(where: consents.contains)
        let isInPicture = participant?.state == .admitted && !mayRecord(active, ledger: ledger)
        if stoodOnIt || isInPicture { stopCapture(of: active.id, cause: .consentRevoked, by: name) }
    }
}
