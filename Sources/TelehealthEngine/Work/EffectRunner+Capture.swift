internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    func startCapture(
        _ effect: Effect, _ recording: Recording, _ state: SessionState, _ ledger: ConsentLedger
    ) async throws(GatewayError) -> EffectOutcome {
        let id = recording.id
        guard let meetingARN = state.meeting(recording.generation)?.meetingARN else { return .done([]) }
        let draft = SessionDraft(state, context())
        switch draft.captureStart(id, mayHaveBeenAsked: mayHaveBeenAsked(effect), ledger: ledger) {
        case .drop: return .done([.captureNeverRan(id, reason: "NOT_STARTED")])
        case .findOnly:
            let found = try await gateway.findCapture(
                meetingARN: meetingARN, prefix: recording.capturePrefix, timeout: policy.gatewayTimeout)
            guard let found else { return .done([.captureNeverRan(id, reason: "NOT_STARTED")]) }
            return .done([.captureFound(id, found)])
        case .ask:
            let pipeline = try await gateway.startCapture(
                meetingARN: meetingARN, prefix: recording.capturePrefix,
                clientRequestToken: recording.captureToken, timeout: policy.gatewayTimeout)
            return .done([.captureFound(id, pipeline)])
        }
    }

    func confirmCapture(_ recording: Recording) async throws(GatewayError) -> EffectOutcome {
        guard recording.state == .starting, let pipelineID = recording.capturePipelineID else { return .done([]) }
        let pipeline = try await gateway.capture(pipelineID, timeout: policy.gatewayTimeout)
        switch pipeline?.status {
        case .inProgress, .paused: return .done([.captureRuns(recording.id)])
        case .initializing, .notStarted:
            if time.now < recording.requestedAt + policy.captureConfirmMax {
                return .later(policy.capturePollInterval)
            }
            return .done([.captureBroken(recording.id)])
        case .failed: return .done([.captureFailed(recording.id, reason: "CAPTURE_FAILED")])
        case .stopping, .stopped, nil: return .done([.captureFailed(recording.id, reason: "CAPTURE_GONE")])
        }
    }

    func stopCapture(_ effect: Effect, _ recording: Recording) async throws(GatewayError) -> EffectOutcome {
        guard recording.state == .stopping else { return .done([]) }
        guard let pipelineID = recording.capturePipelineID else {
            return .done([.captureNeverRan(recording.id, reason: "NOT_STARTED")])
        }
        // Asked before: look first, so that a pipeline on its way out is left alone.
        let isStopping =
            mayHaveBeenAsked(effect)
            ? try await isOnItsWayOut(pipelineID) : false
        if !isStopping {
            do throws(GatewayError) {
                try await gateway.stopCapture(pipelineID, timeout: policy.gatewayTimeout)
            } catch {
                // Already over is what was wanted.
                if error.kind != .gone { throw error }
            }
        }
        if try await isOver(pipelineID) { return .done([.captureStopped(recording.id)]) }
        // Not over yet: nobody is told that nothing is recorded before Chime says so.
        if time.now < effect.createdAt + policy.captureStopMax { return .later(policy.capturePollInterval) }
        throw GatewayError(kind: .unavailable, code: "CAPTURE_STILL_RUNS")
    }

    private func isOnItsWayOut(_ pipelineID: String) async throws(GatewayError) -> Bool {
        switch try await gateway.capture(pipelineID, timeout: policy.gatewayTimeout)?.status {
        case .initializing, .notStarted, .inProgress, .paused: false
        case .stopping, .stopped, .failed, nil: true
        }
    }

    private func isOver(_ pipelineID: String) async throws(GatewayError) -> Bool {
        switch try await gateway.capture(pipelineID, timeout: policy.gatewayTimeout)?.status {
        case .initializing, .notStarted, .inProgress, .paused, .stopping: false
        case .stopped, .failed, nil: true
        }
    }

    /// A capture that dies without an event is found by looking.
    func watchCapture(_ effect: Effect, _ recording: Recording, _ state: SessionState)
        async throws(GatewayError) -> EffectOutcome
    {
        guard recording.state == .recording, let pipelineID = recording.capturePipelineID else { return .done([]) }
        // The first claim comes right after the confirmation.
        if !mayHaveBeenAsked(effect) { return .later(policy.captureWatchInterval) }
        let pipeline = try await gateway.capture(pipelineID, timeout: policy.gatewayTimeout)
        switch pipeline?.status {
        case .initializing, .notStarted, .inProgress, .paused: return .later(policy.captureWatchInterval)
        case .failed, .stopping, .stopped, nil:
            if try await meetingIsUp(state.meeting(recording.generation)) {
                return .done([.captureBroken(recording.id)])
            }
            return .done([.meetingGone(generation: recording.generation), .captureBroken(recording.id)])
        }
    }

    private func meetingIsUp(_ meeting: MeetingGeneration?) async throws(GatewayError) -> Bool {
        guard let meeting, meeting.state == .active, let meetingID = meeting.meetingID else { return true }
        return try await gateway.meeting(meetingID, timeout: policy.gatewayTimeout) != nil
    }

    func startConcatenation(_ recording: Recording) async throws(GatewayError) -> EffectOutcome {
        guard recording.state == .processing, let captureARN = recording.capturePipelineARN else { return .done([]) }
        let pipeline = try await gateway.startConcatenation(
            capturePipelineARN: captureARN, prefix: recording.playablePrefix,
            clientRequestToken: recording.concatenationToken, timeout: policy.gatewayTimeout)
        return .done([.concatenationStarted(recording.id, pipeline)])
    }

    func confirmConcatenation(_ recording: Recording) async throws(GatewayError) -> EffectOutcome {
        let id = recording.id
        guard recording.state == .processing, let pipelineID = recording.concatenationPipelineID else {
            return .done([])
        }
        let pipeline = try await gateway.concatenation(pipelineID, timeout: policy.gatewayTimeout)
        let waited = time.now - (recording.stoppedAt ?? recording.requestedAt)
        switch pipeline?.status {
        case .failed: return .done([.concatenationFailed(id, pipelineID: pipelineID)])
        case .initializing, .inProgress, .paused, .notStarted:
            return later(waited) ?? .givenUp(code: "CONCATENATION_STILL_RUNS", id, .unavailable)
        case .stopping, .stopped, nil: break
        }
        let key = gateway.playableKey(prefix: recording.playablePrefix, concatenationPipelineID: pipelineID)
        if let object = try await gateway.object(key, timeout: policy.gatewayTimeout) {
            return .done([.fileFound(id, key: key, object)])
        }
        return later(waited) ?? .givenUp(code: "OBJECT_MISSING", id, .objectMissing)
    }

    /// Looks often while somebody may wait for the file, and seldom when it takes hours.
    ///
    /// - Returns: nil when it has taken too long.
    private func later(_ waited: Duration) -> EffectOutcome? {
        guard waited < policy.concatenationMax else { return nil }
        return .later(max(policy.concatenationPollInterval, min(waited / 60, .seconds(300))))
    }
}
