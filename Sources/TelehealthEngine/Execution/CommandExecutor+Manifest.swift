public import TelehealthModel
public import TelehealthRules

extension CommandExecutor {
    /// - Throws: `RECORDING_NOT_FOUND`, `RECORDING_NOT_READY` while the file is not there; a deleted recording
    ///   keeps its manifest.
    public func manifest(of id: RecordingID, _ invocation: Invocation) async throws(TelehealthError)
        -> RecordingManifest
    {
        let state: SessionState
        let recording: Recording
        do {
            (state, _, recording) = try await visible(id, invocation.caller)
        } catch {
            try await auditDenial(error, "GetRecordingManifest", nil, invocation)
            throw error
        }
        guard recording.objectKey != nil else {
            throw .recordingNotReady(recording)
        }
        let presence = try await reading { () async throws(StoreError) in
            try await store.presence(of: recording.sessionID)
        }
        try await auditAlways(
            "GetRecordingManifest", session: recording.sessionID, target: id.rawValue, invocation)
        return RecordingManifest(recording, state, presence: presence, madeAt: time.now)
    }
}
