// Lists, playback and what proves a recording.

public import TelehealthModel
public import TelehealthRules

extension RecordingUseCases {
    /// - Throws: `SESSION_NOT_FOUND`.
    public func list(of session: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> [Recording]
    {
        try await pipeline.access.read("ListRecordings", session, invocation).0.recordings
    }

    /// A presigned URL of an available recording, made on demand; each one is audited, each refusal too.
    ///
    /// A client (or the guardian) has a right to what the clinic keeps in their record (45 CFR 164.524), and to nothing
    /// else of it: so they may play what was recorded as treatment and what a clinician has made part of the record by
    /// linking it to a note. Training material is not theirs, and a recording that nobody has looked at yet is not
    /// handed out by itself. Who was sent away from the visit asks the clinic, whose administrators can make a URL.
    ///
    /// The file is looked at first: a URL that leads to nothing would be noticed by the person who opens it only. What
    /// AWS says about us there is no fact about the file, so then the URL is made all the same.
    ///
    /// - Parameter purpose: what it is watched for. Once a consent it stood on is revoked, treatment is left
    ///   at most (``Policy/playbackAfterRevocation``); under legal hold the policy says who may.
    /// - Throws: `RECORDING_NOT_FOUND`, `NOT_ALLOWED`, `RECORDING_NOT_RELEASED`, `RECORDING_NOT_READY`,
    ///   `RECORDING_OBJECT_GONE`, `RECORDING_BEING_DELETED`, `RECORDING_DELETED`, `RECORDING_ON_HOLD`,
    ///   `RECORDING_CONSENT_REVOKED`, `MEETING_REFUSED`, `MEETING_UNAVAILABLE`.
    public func playbackURL(of id: RecordingID, purpose: Recording.Purpose, _ invocation: Invocation)
        async throws(TelehealthError) -> PlaybackGrant
    {
        let action = "GetRecordingPlaybackUrl"
        let found: (state: SessionState, standing: CallerMembership, recording: Recording)
        do {
            found = try await pipeline.access.visible(id, invocation.caller)
            try found.standing.requireMayPlay(found.recording, for: purpose)
        } catch {
            try await pipeline.audit.recordDenial(
                action: action, sessionID: nil, target: id.rawValue, invocation, reason: error.reason.rawValue)
            throw error
        }
        let recording = found.recording
        guard recording.state == .available, let key = recording.objectKey else {
            switch recording.state {
            case .deleting: throw TelehealthError(.recordingBeingDeleted)
            case .deleted: throw TelehealthError(.recordingDeleted)
            case .requested, .starting, .recording, .stopping, .processing, .available, .failed:
                throw .recordingNotReady(recording)
            }
        }
        do {
            try await requirePlayable(recording, for: purpose, invocation.caller)
        } catch {
            try await pipeline.audit.recordDenial(
                action: action, sessionID: recording.sessionID, target: id.rawValue, invocation,
                reason: error.reason.rawValue)
            throw error
        }
        try await requireObject(key, invocation)
        try await pipeline.audit.always(action, session: recording.sessionID, target: id.rawValue, invocation)
        let validity = min(pipeline.policy.playbackValidity, .seconds(300))
        let expiresAt = pipeline.time.now + validity
        do {
            let url = try await storage.playbackURL(key, validity: validity)
            return PlaybackGrant(recording: recording, url: url, expiresAt: expiresAt)
        } catch { throw TelehealthError(error) }
    }

    /// How long a look at the file may take: the call's answer does not depend on it.
    private static let lookMax: Duration = .seconds(3)

    private func requireObject(_ key: String, _ invocation: Invocation) async throws(TelehealthError) {
        let object: StoredObject?
        do {
            object = try await storage.object(
                key, timeout: min(invocation.timeout ?? Self.lookMax, Self.lookMax))
        } catch { return }
        if object == nil { throw TelehealthError(.recordingObjectGone) }
    }

    /// What the consents and a hold leave of playing.
    private func requirePlayable(_ recording: Recording, for purpose: Recording.Purpose, _ caller: Caller)
        async throws(TelehealthError)
    {
        if recording.hold != nil {
            switch pipeline.policy.playbackUnderHold {
            case .refuse: throw TelehealthError(.recordingOnHold)
            case .admin: if caller.role != .admin { throw TelehealthError(.recordingOnHold) }
            case .allow: break
            }
        }
        let isTreatmentLeft = pipeline.policy.playbackAfterRevocation == .treatment && purpose == .clinical
        if isTreatmentLeft { return }
        if recording.consentRevokedAt != nil { throw TelehealthError(.recordingConsentRevoked) }
        // A consent that ended after the visit marks no row there: the word that stands now is asked for.
        for consent in recording.consentIDs {
            guard let record = try await lastWord(after: consent), record.decision == .granted,
                record.revokedAt == nil, purpose == .clinical || record.recordingPurposes.contains(purpose)
            else { throw TelehealthError(.recordingConsentRevoked) }
        }
    }

    /// Renewals of one consent that are followed: one a month for a lifetime.
    private static let renewalsMax = 1000

    /// What the entry was replaced by in the end, or itself.
    private func lastWord(after id: ConsentID) async throws(TelehealthError) -> ConsentRecord? {
        var next = id
        for _ in 0..<Self.renewalsMax {
            let current = next
            let record = try await reading(await pipeline.store.consent(current))
            guard let record, let successor = record.supersededBy else { return record }
            next = successor
        }
        return nil
    }

    /// - Throws: `RECORDING_NOT_FOUND`, `RECORDING_NOT_READY` while the file is not there; a deleted recording
    ///   keeps its manifest.
    public func manifest(of id: RecordingID, _ invocation: Invocation) async throws(TelehealthError)
        -> RecordingManifest
    {
        let state: SessionState
        let recording: Recording
        do {
            (state, _, recording) = try await pipeline.access.visible(id, invocation.caller)
        } catch {
            try await pipeline.audit.denial(error, "GetRecordingManifest", nil, invocation)
            throw error
        }
        guard recording.objectKey != nil else {
            throw .recordingNotReady(recording)
        }
        let presence = try await reading(await pipeline.store.presence(of: recording.sessionID))
        try await pipeline.audit.always(
            "GetRecordingManifest", session: recording.sessionID, target: id.rawValue, invocation)
        return RecordingManifest(recording, state, presence: presence, madeAt: pipeline.time.now)
    }

    /// A recording with the meeting that was recorded, as a support case at AWS needs them. Audited.
    ///
    /// - Throws: `RECORDING_NOT_FOUND`.
    public func withMeeting(_ id: RecordingID, _ invocation: Invocation) async throws(TelehealthError)
        -> (recording: Recording, meeting: MeetingGeneration?)
    {
        let action = "GetRecordingProviderDetails"
        let state: SessionState
        let recording: Recording
        do {
            (state, _, recording) = try await pipeline.access.visible(id, invocation.caller)
        } catch {
            try await pipeline.audit.denial(error, action, nil, invocation)
            throw error
        }
        try await pipeline.audit.read(action, session: recording.sessionID, target: id.rawValue, invocation)
        return (recording, state.meeting(recording.generation))
    }
}

extension CallerMembership {
    /// - Throws: `NOT_ALLOWED` for who was in the visit without being shown everything; `RECORDING_NOT_RELEASED`.
    fileprivate func requireMayPlay(_ recording: Recording, for purpose: Recording.Purpose)
        throws(TelehealthError)
    {
        if sight == .everything { return }
        guard case .participant(let role) = self, role.rights.isClientParty else {
            throw TelehealthError(.notAllowed)
        }
        guard recording.purpose == .clinical, purpose == .clinical, recording.sessionNoteID != nil else {
            throw TelehealthError(.recordingNotReleased)
        }
    }
}
