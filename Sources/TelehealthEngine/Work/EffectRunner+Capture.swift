internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    func startCapture(_ effect: Effect, _ state: SessionState, _ ledger: ConsentLedger) async throws -> Ending
    {
        guard let id = effect.recordingID, let recording = state.recording(id),
            let meetingARN = state.meeting(recording.generation)?.meetingARN
        else { return .done { _, _ in } }
        let draft = SessionDraft(state, context())
        switch draft.captureStart(id, mayHaveBeenAsked: mayHaveBeenAsked(effect), ledger: ledger) {
        case .drop:
            return .done { draft, ledger in draft.captureNeverRan(id, reason: "NOT_STARTED", ledger: ledger) }
        case .findOnly:
            let found = try await gateway.findCapture(
                meetingARN: meetingARN, prefix: recording.capturePrefix, timeout: policy.gatewayTimeout)
            guard let found else {
                return .done { draft, ledger in
                    draft.captureNeverRan(id, reason: "NOT_STARTED", ledger: ledger)
                }
            }
            return .done { draft, ledger in
                draft.captureAnswered(id, found, ledger: ledger)
            }
        case .ask:
            let pipeline = try await gateway.startCapture(
                meetingARN: meetingARN, prefix: recording.capturePrefix,
                clientRequestToken: recording.captureToken, timeout: policy.gatewayTimeout)
            return .done { draft, ledger in draft.captureAnswered(id, pipeline, ledger: ledger) }
        }
    }

    func confirmCapture(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        guard let id = effect.recordingID, let recording = state.recording(id), recording.state == .starting,
            let pipelineID = recording.capturePipelineID
        else { return .done { _, _ in } }
        let pipeline = try await gateway.capture(pipelineID, timeout: policy.gatewayTimeout)
        switch pipeline?.status {
        case .inProgress, .paused: return .done { draft, _ in draft.captureRuns(id) }
        case .initializing, .notStarted:
            if time.now < recording.requestedAt + policy.captureConfirmMax {
                return .later(policy.capturePollInterval)
            }
            return .done { draft, _ in draft.stopCapture(of: id, cause: .failed, by: Principal.system.name) }
        case .failed:
            return .done { draft, ledger in draft.captureFailed(id, reason: "CAPTURE_FAILED", ledger: ledger)
            }
        case .stopping, .stopped, nil:
            return .done { draft, ledger in draft.captureFailed(id, reason: "CAPTURE_GONE", ledger: ledger) }
        }
    }

    func stopCapture(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        guard let id = effect.recordingID, let recording = state.recording(id), recording.state == .stopping
        else {
            return .done { _, _ in }
        }
        guard let pipelineID = recording.capturePipelineID else {
            return .done { draft, ledger in draft.captureNeverRan(id, reason: "NOT_STARTED", ledger: ledger) }
        }
        // Asked before: look first, so that a pipeline on its way out is left alone.
        let isStopping =
            mayHaveBeenAsked(effect)
            ? try await isOnItsWayOut(pipelineID) : false
        if !isStopping {
            do {
                try await gateway.stopCapture(pipelineID, timeout: policy.gatewayTimeout)
            } catch {
                // Already over is what was wanted.
                if error.kind != .gone { throw error }
            }
        }
        if try await isOver(pipelineID) {
            return .done { draft, ledger in draft.captureStopped(id, ledger: ledger) }
        }
        // Not over yet: nobody is told that nothing is recorded before Chime says so.
        if time.now < effect.createdAt + policy.captureStopMax { return .later(policy.capturePollInterval) }
        throw GatewayError(kind: .unavailable, code: "CAPTURE_STILL_RUNS")
    }

    private func isOnItsWayOut(_ pipelineID: String) async throws -> Bool {
        switch try await gateway.capture(pipelineID, timeout: policy.gatewayTimeout)?.status {
        case .initializing, .notStarted, .inProgress, .paused: false
        case .stopping, .stopped, .failed, nil: true
        }
    }

    private func isOver(_ pipelineID: String) async throws -> Bool {
        switch try await gateway.capture(pipelineID, timeout: policy.gatewayTimeout)?.status {
        case .initializing, .notStarted, .inProgress, .paused, .stopping: false
        case .stopped, .failed, nil: true
        }
    }

    /// A capture that dies without an event is found by looking.
    func watchCapture(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        guard let id = effect.recordingID, let recording = state.recording(id), recording.state == .recording,
            let pipelineID = recording.capturePipelineID
        else { return .done { _, _ in } }
        // The first claim comes right after the confirmation.
        if !mayHaveBeenAsked(effect) { return .later(policy.captureWatchInterval) }
        let pipeline = try await gateway.capture(pipelineID, timeout: policy.gatewayTimeout)
        switch pipeline?.status {
        case .initializing, .notStarted, .inProgress, .paused: return .later(policy.captureWatchInterval)
        case .failed, .stopping, .stopped, nil:
            let isMeetingUp =
                try await meetingIsUp(state.meeting(recording.generation))
            return .done { draft, _ in
                if !isMeetingUp { draft.meetingGone(recording.generation) }
                draft.stopCapture(of: id, cause: .failed, by: Principal.system.name)
            }
        }
    }

    private func meetingIsUp(_ meeting: MeetingGeneration?) async throws -> Bool {
        guard let meeting, meeting.state == .active, let meetingID = meeting.meetingID else { return true }
        return try await gateway.meeting(meetingID, timeout: policy.gatewayTimeout) != nil
    }

    func startConcatenation(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        guard let id = effect.recordingID, let recording = state.recording(id),
            recording.state == .processing,
            let captureARN = recording.capturePipelineARN
        else { return .done { _, _ in } }
        let pipeline = try await gateway.startConcatenation(
            capturePipelineARN: captureARN, prefix: recording.playablePrefix,
            clientRequestToken: recording.concatenationToken, timeout: policy.gatewayTimeout)
        return .done { draft, _ in draft.concatenationStarted(id, pipeline) }
    }

    func confirmConcatenation(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        guard let id = effect.recordingID, let recording = state.recording(id),
            recording.state == .processing,
            let pipelineID = recording.concatenationPipelineID
        else { return .done { _, _ in } }
        let pipeline = try await gateway.concatenation(pipelineID, timeout: policy.gatewayTimeout)
        let waited = time.now - (recording.stoppedAt ?? recording.requestedAt)
        switch pipeline?.status {
        case .failed: return .done { draft, _ in draft.concatenationFailed(id, pipelineID) }
        case .initializing, .inProgress, .paused, .notStarted:
            return later(waited) ?? .givenUp(code: "CONCATENATION_STILL_RUNS", waits: .unavailable)
        case .stopping, .stopped, nil: break
        }
        let key = gateway.playableKey(prefix: recording.playablePrefix, concatenationPipelineID: pipelineID)
        if let object = try await gateway.object(key, timeout: policy.gatewayTimeout) {
            return .done { draft, _ in draft.objectSeen(id, key: key, object) }
        }
        return later(waited) ?? .givenUp(code: "OBJECT_MISSING", waits: .objectMissing)
    }

    /// Looks often while somebody may wait for the file, and seldom when it takes hours.
    ///
    /// - Returns: nil when it has taken too long.
    private func later(_ waited: Duration) -> Ending? {
        guard waited < policy.concatenationMax else { return nil }
        return .later(max(policy.concatenationPollInterval, min(waited / 60, .seconds(300))))
    }
}
