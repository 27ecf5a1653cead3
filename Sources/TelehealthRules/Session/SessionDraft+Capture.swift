// A recording as the worker meets it: what to ask Chime, and what its answers mean.

package import TelehealthModel

extension SessionDraft {
    /// What the worker does with a claimed start.
    package enum CaptureStart: Sendable, Hashable {
        case ask
        /// Not to be started any more, but an earlier attempt may have: find it without starting.
        case findOnly
        /// Not to be started, and nobody asked.
        case drop
    }

    /// - Parameter mayHaveBeenAsked: whether an earlier claim of the same start may have reached Chime.
    package func captureStart(_ id: RecordingID, mayHaveBeenAsked: Bool, ledger: ConsentLedger) -> CaptureStart {
        guard let recording = state.recording(id) else { return .drop }
        switch recording.state {
        case .requested:
            let isMeetingUp = state.meeting(recording.generation)?.state == .active
            if isMeetingUp && mayRecord(recording, ledger: ledger) { return .ask }
            return mayHaveBeenAsked ? .findOnly : .drop
        case .stopping: return mayHaveBeenAsked ? .findOnly : .drop
        case .starting, .recording, .processing, .available, .failed, .deleting, .deleted: return .drop
        }
    }

    /// Chime has a capture for this recording. If it may not run (any more), its stop is on the way.
    mutating func captureAnswered(_ id: RecordingID, _ pipeline: MediaPipeline, ledger: ConsentLedger) {
        guard let recording = state.recording(id) else { return }
        change(id) {
            $0.capturePipelineID = pipeline.id
            $0.capturePipelineARN = pipeline.arn
        }
        guard recording.state == .requested else { return }
        if !mayRecord(recording, ledger: ledger) {
            stopCapture(of: id, cause: .consentMissing, by: Principal.system.name)
            return
        }
        change(id) { $0.state = .starting }
        standOnConsents(of: ledger)
        if pipeline.status == .inProgress {
            captureRuns(id)
        } else {
            enqueue(.recording(.confirmCapture, id, generation: recording.generation))
        }
    }

    /// No capture runs or ran for this recording.
    mutating func captureNeverRan(_ id: RecordingID, reason: String, ledger: ConsentLedger) {
        guard let recording = state.recording(id), recording.capturePipelineID == nil else { return }
        switch recording.state {
        case .requested, .stopping: failRecording(id, reason: reason)
        case .starting, .recording, .processing, .available, .failed, .deleting, .deleted: return
        }
        admitWaitingPeople(ledger)
    }

    /// Chime says that the capture runs.
    ///
    /// - Parameter instant: since when, by AWS's word; nil = seen now.
    mutating func captureRuns(_ id: RecordingID, at instant: Timestamp? = nil) {
        guard let recording = state.recording(id), recording.state == .starting else { return }
        change(id) { [now] in
            $0.state = .recording
            $0.startedAt = max(instant ?? now, $0.requestedAt)
        }
        emit(.recordingStarted, recording: id, generation: recording.generation)
        enqueue(.recording(.watchCapture, id, generation: recording.generation))
    }

    /// Chime says that the capture failed or no longer exists, before it was known to run.
    mutating func captureFailed(_ id: RecordingID, reason: String, ledger: ConsentLedger) {
        guard state.recording(id)?.state == .starting else { return }
        failRecording(id, reason: reason)
        admitWaitingPeople(ledger)
    }

    /// The capture is over for certain; the playable file is made next.
    mutating func captureStopped(_ id: RecordingID, ledger: ConsentLedger) {
        guard let recording = state.recording(id), recording.state == .stopping else { return }
        change(id) { [now] in
            $0.state = .processing
            $0.stoppedAt = $0.stoppedAt ?? now
            $0.degradedSince = nil
        }
        emit(
            .recordingStopped, recording: id, generation: recording.generation,
            reason: recording.stopCause.map(SessionEvent.Reason.recordingStop))
        enqueue(.recording(.startConcatenation, id, generation: recording.generation))
        admitWaitingPeople(ledger)
    }

    mutating func concatenationStarted(_ id: RecordingID, _ pipeline: MediaPipeline) {
        guard let recording = state.recording(id), recording.state == .processing else { return }
        change(id) { $0.concatenationPipelineID = pipeline.id }
        enqueue(.recording(.confirmConcatenation, id, generation: recording.generation))
    }

    /// How often the pieces are joined before an operator looks at it; each of the operator's retries is one more.
    static let concatenationsMax = 3

    /// Chime says that a concatenation failed. The pieces still exist, so that says nothing about the recording:
    /// they are joined again, under a new token, because Chime answers an old token with the failed pipeline.
    mutating func concatenationFailed(_ id: RecordingID, _ pipelineID: String) {
        guard let recording = state.recording(id), recording.state == .processing,
            recording.concatenationPipelineID == pipelineID
        else { return }
        let isLast = recording.failedConcatenations + 1 >= Self.concatenationsMax
        change(id) {
            $0.concatenationPipelineID = nil
            $0.failedConcatenations += 1
            if isLast { $0.waitReason = .joiningFailed }
        }
        enqueue(
            .recording(.startConcatenation, id, generation: recording.generation),
            after: policy.concatenationPollInterval * 2, givenUp: isLast ? "CONCATENATION_FAILED" : nil)
    }

    /// AWS would not let us start the capture, and nothing runs: asked again while the visit goes on, since a clinician
    /// who asked for a recording wants the rest of the visit rather than nothing.
    mutating func captureStartRefused(_ id: RecordingID, _ reason: Recording.WaitReason) {
        guard let recording = state.recording(id), recording.state == .requested else { return }
        change(id) { $0.waitReason = reason }
        enqueue(
            .recording(.startCapture, id, generation: recording.generation),
            after: policy.captureRetryInterval)
    }

    /// A call for this recording does not come through; the recording itself is as it was.
    mutating func recordingWaits(_ id: RecordingID, _ reason: Recording.WaitReason?) {
        guard let recording = state.recording(id), recording.state.isUnfinished, recording.waitReason != reason
        else { return }
        change(id) { $0.waitReason = reason }
    }

    mutating func objectSeen(_ id: RecordingID, key: String, _ object: StoredObject) {
        guard let recording = state.recording(id), recording.state == .processing else { return }
        let retentionEnd = policy.recordingRetention.map { (recording.stoppedAt ?? now) + $0 }
        change(id) { [now] in
            $0.state = .available
            $0.waitReason = nil
            $0.objectKey = key
            $0.objectBytes = object.bytes
            $0.objectETag = object.eTag
            $0.objectChecksum = object.checksum
            $0.availableAt = now
            $0.retainUntil = $0.retainUntil ?? retentionEnd
        }
        emit(.recordingAvailable, recording: id, generation: recording.generation)
    }

    /// What a failed one may have left in the bucket is kept as long as a good one's.
    private mutating func failRecording(_ id: RecordingID, reason: String) {
        let retentionEnd = policy.recordingRetention.map { now + $0 }
        change(id) { [now] in
            $0.state = .failed
            $0.failure = reason
            $0.waitReason = nil
            $0.stoppedAt = $0.stoppedAt ?? now
            $0.stopCause = $0.stopCause ?? .failed
            $0.degradedSince = nil
            $0.retainUntil = $0.retainUntil ?? retentionEnd
        }
        emit(
            .recordingFailed, recording: id, generation: state.recording(id)?.generation, reason: .text(reason))
    }
}
