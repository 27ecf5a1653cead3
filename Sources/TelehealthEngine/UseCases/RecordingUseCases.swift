public import TelehealthModel
public import TelehealthRules

/// What callers do with recordings: start, stop, hold and keep them. Reading is in a file of its own.
///
/// Isolation: the caller's.
public struct RecordingUseCases: Sendable {
    let pipeline: CommandPipeline
    let storage: any RecordingStorage

    /// - Throws: as ``SessionDraft/startRecording(_:by:ledger:)``.
    public func start(_ command: StartRecording, _ invocation: Invocation)
        async throws(TelehealthError) -> RecordingOutcome
    {
        let change = try await pipeline.changeSession("StartRecording", command.sessionID, invocation) {
            draft, _ throws(TelehealthError) in
            let ledger = try await pipeline.ledger(of: draft.state.subjectsOfRecording)
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
    /// - Throws: as ``SessionDraft/amend(_:_:by:_:)``.
    public func setHold(on id: RecordingID, reason: String, _ invocation: Invocation)
        async throws(TelehealthError) -> Recording
    {
        try await amend(id, .setHold(reason: reason), invocation)
    }

    /// - Throws: as ``SessionDraft/amend(_:_:by:_:)``.
    public func releaseHold(on id: RecordingID, reason: String, _ invocation: Invocation)
        async throws(TelehealthError) -> Recording
    {
        try await amend(id, .releaseHold(reason: reason), invocation)
    }

    /// - Throws: as ``SessionDraft/amend(_:_:by:_:)``.
    public func setRetention(
        of id: RecordingID, until: Timestamp?, reason: String, _ invocation: Invocation
    ) async throws(TelehealthError) -> Recording {
        try await amend(id, .setRetention(until: until, reason: reason), invocation)
    }

    /// - Parameter note: nil takes the link away.
    /// - Throws: as ``SessionDraft/amend(_:_:by:_:)``.
    public func linkNote(_ note: SessionNoteID?, to id: RecordingID, _ invocation: Invocation)
        async throws(TelehealthError) -> Recording
    {
        try await amend(id, .linkNote(note), invocation)
    }

    /// A change of one stored recording, whatever has become of its session. The reason goes into the audit.
    private func amend(_ id: RecordingID, _ amendment: RecordingAmendment, _ invocation: Invocation)
        async throws(TelehealthError) -> Recording
    {
        let method = amendment.method
        return try await pipeline.change(method, invocation) { _, id throws(TelehealthError) in
            try await pipeline.access.visible(id, invocation.caller).recording
        } decide: { () throws(TelehealthError) in
            let (state, standing, _) = try await pipeline.access.visible(id, invocation.caller)
            var draft = SessionDraft(state, pipeline.context())
            try draft.amend(id, amendment, by: standing, .caller(invocation.caller))
            let decision = draft.seal(
                by: .caller(invocation.caller), action: method, target: id.rawValue, reason: amendment.reason)
            guard let recording = draft.state.recording(id) else { throw TelehealthError(.recordingNotFound) }
            return CommandResult(decision: decision, outcome: recording, sessionID: state.session.id, made: id)
        }
    }
}

extension RecordingAmendment {
    /// The RPC's name: request ids and audit entries go under it.
    fileprivate var method: String {
        switch self {
        case .setHold: "SetRecordingHold"
        case .releaseHold: "ReleaseRecordingHold"
        case .setRetention: "SetRecordingRetention"
        case .linkNote: "LinkSessionNote"
        }
    }

    fileprivate var reason: String? {
        switch self {
        case .setHold(let reason), .releaseHold(let reason), .setRetention(_, let reason): reason
        case .linkNote: nil
        }
    }
}
