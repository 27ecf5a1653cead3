// Recordings after they were made: holds, retention, the note they belong to.

public import TelehealthModel
public import TelehealthRules

extension CommandExecutor {
    /// Keeps a recording whatever its retention says.
    ///
    /// - Throws: as ``SessionDraft/setHold(_:reason:by:)``.
    public func setHold(on id: RecordingID, reason: String, _ invocation: Invocation)
        async throws(TelehealthError) -> Recording
    {
        try await changeRecording("SetRecordingHold", id, reason: reason, invocation) {
            draft, _ throws(TelehealthError) in
            try draft.setHold(id, reason: reason, by: .caller(invocation.caller))
        }
    }

    /// - Throws: as ``SessionDraft/releaseHold(_:reason:)``.
    public func releaseHold(on id: RecordingID, reason: String, _ invocation: Invocation)
        async throws(TelehealthError) -> Recording
    {
        try await changeRecording("ReleaseRecordingHold", id, reason: reason, invocation) {
            draft, _ throws(TelehealthError) in
            try draft.releaseHold(id, reason: reason)
        }
    }

    /// - Throws: as ``SessionDraft/setRetention(_:until:reason:)``.
    public func setRetention(
        of id: RecordingID, until: Timestamp?, reason: String, _ invocation: Invocation
    ) async throws(TelehealthError) -> Recording {
        try await changeRecording("SetRecordingRetention", id, reason: reason, invocation) {
            draft, _ throws(TelehealthError) in
            try draft.setRetention(id, until: until, reason: reason)
        }
    }

    /// - Parameter note: nil takes the link away.
    /// - Throws: `RECORDING_NOT_FOUND`, `NOT_ALLOWED` for others than those who lead the visit.
    public func linkNote(_ note: SessionNoteID?, to id: RecordingID, _ invocation: Invocation)
        async throws(TelehealthError) -> Recording
    {
        try await changeRecording("LinkSessionNote", id, invocation) {
            draft, standing throws(TelehealthError) in
            guard standing.leadsVisit else { throw TelehealthError(.notAllowed) }
            try draft.linkNote(id, note)
        }
    }

    /// A change of one stored recording, whatever has become of its session. The reason goes into the audit.
    private func changeRecording(
        _ method: String, _ id: RecordingID, reason: String? = nil, _ invocation: Invocation,
        rule: (inout SessionDraft, CallerMembership) throws(TelehealthError) -> Void
    ) async throws(TelehealthError) -> Recording {
        try await change(method, invocation) { _, id throws(TelehealthError) in
            try await visible(id, invocation.caller).recording
        } decide: { () throws(TelehealthError) in
            let (state, standing, _) = try await visible(id, invocation.caller)
            var draft = SessionDraft(state, context())
            try rule(&draft, standing)
            let decision = draft.seal(
                by: .caller(invocation.caller), action: method, target: id.rawValue, reason: reason)
            guard let recording = draft.state.recording(id) else { throw TelehealthError(.recordingNotFound) }
            return CommandResult(decision: decision, outcome: recording, sessionID: state.session.id, made: id)
        }
    }

    /// - Throws: `RECORDING_NOT_FOUND` when it does not exist or the caller may not know of its session.
    func visible(_ id: RecordingID, _ caller: Caller) async throws(TelehealthError)
        -> (state: SessionState, standing: CallerMembership, recording: Recording)
    {
        let found = try await reading { () async throws(StoreError) in try await store.recording(id) }
        guard let session = found?.sessionID else { throw TelehealthError(.recordingNotFound) }
        do throws(TelehealthError) {
            let (state, standing) = try await visible(session, caller)
            guard let recording = state.recording(id) else { throw TelehealthError(.recordingNotFound) }
            return (state, standing, recording)
        } catch {
            // Whose recording it is must not be told by another word.
            throw error.reason == .sessionNotFound ? TelehealthError(.recordingNotFound) : error
        }
    }
}
