public import TelehealthModel
public import TelehealthRules

/// What callers do with recordings: start, stop, hold and keep them. Reading is in a file of its own.
///
/// Isolation: the caller's.
public struct RecordingUseCases: Sendable {
    let pipeline: CommandPipeline
    let storage: any RecordingStorage

    /// - Throws: as ``SessionDraft/start(_:by:ledger:)``.
    public func start(_ command: StartRecording, _ invocation: Invocation)
        async throws(TelehealthError) -> RecordingOutcome
    {
        let change = try await pipeline.changeSession("StartRecording", command.sessionID, invocation) {
            draft, _ throws(TelehealthError) in
            let ledger = try await pipeline.ledger(of: SessionDraft.subjectsOfRecording(draft.state))
            return try draft.startRecording(command.purpose, by: invocation.caller, ledger: ledger)
        }
        return try outcome(of: change)
    }

    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED`, `RECORDING_NOT_FOUND`, `RECORDING_NOT_ACTIVE`.
    public func stop(_ command: StopRecording, _ invocation: Invocation)
        async throws(TelehealthError) -> RecordingOutcome
    {
        let change = try await pipeline.changeSession("StopRecording", command.sessionID, invocation) {
            draft, standing throws(TelehealthError) in
            try draft.stopRecording(command.recordingID, by: standing, .caller(invocation.caller))
        }
        return try outcome(of: change)
    }

    private func outcome(of change: SessionChange<RecordingID>) throws(TelehealthError) -> RecordingOutcome {
        guard let recording = change.state.recording(change.made) else { throw TelehealthError(.recordingNotFound) }
        return RecordingOutcome(state: change.visible, recording: recording)
    }

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
        try await pipeline.change(method, invocation) { _, id throws(TelehealthError) in
            try await pipeline.access.visible(id, invocation.caller).recording
        } decide: { () throws(TelehealthError) in
            let (state, standing, _) = try await pipeline.access.visible(id, invocation.caller)
            var draft = SessionDraft(state, pipeline.context())
            try rule(&draft, standing)
            let decision = draft.seal(
                by: .caller(invocation.caller), action: method, target: id.rawValue, reason: reason)
            guard let recording = draft.state.recording(id) else { throw TelehealthError(.recordingNotFound) }
            return CommandResult(decision: decision, outcome: recording, sessionID: state.session.id, made: id)
        }
    }
}
