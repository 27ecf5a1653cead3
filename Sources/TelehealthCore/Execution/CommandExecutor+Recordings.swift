extension CommandExecutor {
    /// - Throws: as ``SessionDraft/startRecording(_:by:ledger:)``.
    public func startRecording(_ command: StartRecording, _ invocation: Invocation)
        async throws(TelehealthError) -> RecordingOutcome
    {
        try await changeSession("StartRecording", command.sessionID, invocation) {
            draft, _ throws(TelehealthError) in
            let ledger = try await ledger(of: SessionDraft.subjectsOfRecording(draft.state))
            return try draft.startRecording(command.purpose, by: invocation.caller, ledger: ledger).rawValue
        } outcome: { state, standing, id throws(TelehealthError) in
            try Self.outcome(state, standing, recording: id)
        }
    }

    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `RECORDING_NOT_FOUND`, `RECORDING_NOT_ACTIVE`.
    public func stopRecording(_ command: StopRecording, _ invocation: Invocation)
        async throws(TelehealthError) -> RecordingOutcome
    {
        try await changeSession("StopRecording", command.sessionID, invocation) {
            draft, standing throws(TelehealthError) in
            try draft.stopRecording(command.recordingID, by: standing, .caller(invocation.caller)).rawValue
        } outcome: { state, standing, id throws(TelehealthError) in
            try Self.outcome(state, standing, recording: id)
        }
    }

    /// - Throws: `SESSION_NOT_FOUND`.
    public func recordings(of session: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> [Recording]
    {
        try await read("ListRecordings", session, invocation).0.recordings
    }

    /// A presigned URL of an available recording, made on demand; each one is audited.
    ///
    /// - Parameter purpose: what it is watched for. Once a consent it stood on is revoked, only treatment is
    ///   left.
    /// - Throws: `RECORDING_NOT_FOUND`, `RECORDING_NOT_READY`, `RECORDING_CONSENT_REVOKED`,
    ///   `MEETING_REFUSED`, `MEETING_UNAVAILABLE`.
    public func playbackURL(of id: RecordingID, purpose: Recording.Purpose, _ invocation: Invocation)
        async throws(TelehealthError) -> PlaybackGrant
    {
        let recording = try await reading { () async throws(StoreError) in try await store.recording(id) }
        guard let recording, let (_, _) = try? await visible(recording.sessionID, invocation.caller) else {
            try await recordDenial(
                action: "GetRecordingPlaybackUrl", sessionID: recording?.sessionID, target: id.rawValue,
                invocation,
                reason: TelehealthError.Reason.recordingNotFound.rawValue)
            throw TelehealthError(.recordingNotFound)
        }
        guard recording.state == .available, let key = recording.objectKey else {
            throw TelehealthError(
                .recordingNotReady, metadata: ["recording_state": wireName(recording.state)])
        }
        if purpose != .clinical {
            for consent in recording.consentIDs {
                let record = try await reading { () async throws(StoreError) in
                    try await store.consent(consent)
                }
                if record?.revokedAt != nil || record?.recordingPurposes.contains(purpose) != true {
                    throw TelehealthError(.recordingConsentRevoked)
                }
            }
        }
        try await auditAlways(
            "GetRecordingPlaybackUrl", session: recording.sessionID, target: id.rawValue, invocation)
        let validity = min(policy.playbackValidity, .seconds(300))
        let expiresAt = time.now + validity
        do {
            let url = try await gateway.playbackURL(key, validity: validity)
            return PlaybackGrant(recording: recording, url: url, expiresAt: expiresAt)
        } catch { throw TelehealthError(error) }
    }

    private static func outcome(_ state: SessionState, _ standing: Standing, recording id: String?)
        throws(TelehealthError) -> RecordingOutcome
    {
        guard let id, let recording = state.recording(RecordingID(id)) else {
            throw TelehealthError(.recordingNotFound)
        }
        return RecordingOutcome(state: Visibility.redact(state, for: standing), recording: recording)
    }
}
