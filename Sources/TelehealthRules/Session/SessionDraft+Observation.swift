// What AWS's events mean for a session. Each verb looks at the whole timeline and sets right what differs, so
// it may be asked again with the same facts, and facts in another order lead to the same state.

internal import TelehealthModel

extension SessionDraft {
    package mutating func observe(_ timeline: MeetingTimeline, ledger: ConsentLedger) {
        for meeting in state.meetings {
            guard let end = timeline.meetingEnd(meeting.generation) else { continue }
            meetingGone(meeting.generation, at: end)
        }
        for recording in state.recordings { observeCapture(of: recording, timeline, ledger) }
        for interval in timeline.content { observeShare(interval) }
        for interval in timeline.presence { endShares(with: interval) }
        for interval in timeline.presence where interval.endedAt == nil { bringBack(interval, ledger) }
    }

    // MARK: Captures

    private mutating func observeCapture(
        of recording: Recording, _ timeline: MeetingTimeline, _ ledger: ConsentLedger
    ) {
        if let pipeline = recording.concatenationPipelineID, timeline.pipeline(pipeline).hasFailed {
            concatenationFailed(recording.id, pipeline)
        }
        guard let pipeline = recording.capturePipelineID else { return }
        let history = timeline.pipeline(pipeline)
        if let ranSince = history.ranSince { captureRuns(recording.id, at: ranSince) }
        if let endedAt = history.endedAt {
            captureDied(recording.id, at: endedAt, hasFailed: history.hasFailed, ledger)
        } else {
            captureDegraded(recording.id, since: history.degradedSince)
        }
        // AWS reports the end of a meeting and of its capture in either order: the meeting is the cause.
        if state.recording(recording.id)?.stopCause == .failed,
            timeline.meetingEnd(recording.generation) != nil
        {
            change(recording.id) { $0.stopCause = .meetingEnded }
        }
    }

    /// The capture is over although nobody stopped it. What it had written is kept and joined; whether it is
    /// really over is asked of Chime once more by the stop, which is harmless for a dead one.
    private mutating func captureDied(
        _ id: RecordingID, at instant: Timestamp, hasFailed: Bool, _ ledger: ConsentLedger
    ) {
        guard let recording = state.recording(id) else { return }
        switch recording.state {
        case .starting:
            captureFailed(id, reason: hasFailed ? "CAPTURE_FAILED" : "CAPTURE_GONE", ledger: ledger)
        case .recording:
            let cause: Recording.StopCause =
                state.meeting(recording.generation)?.state == .active ? .failed : .meetingEnded
            change(id) { $0.stoppedAt = max(instant, $0.startedAt ?? instant) }
            stopCapture(of: id, cause: cause, by: Principal.system.name)
        // Stopped by us or with its meeting: AWS knows better than we when that was.
        case .stopping, .processing: change(id) { $0.stoppedAt = max(instant, $0.startedAt ?? instant) }
        case .requested, .available, .failed, .deleting, .deleted: return
        }
    }

    /// A temporary failure: the capture goes on, with holes until it has resumed.
    private mutating func captureDegraded(_ id: RecordingID, since: Timestamp?) {
        guard let recording = state.recording(id), recording.state == .recording,
            (recording.degradedSince != nil) != (since != nil)
        else { return }
        change(id) { $0.degradedSince = since }
        emit(
            since == nil ? .recordingResumed : .recordingInterrupted, recording: id,
            generation: recording.generation)
    }

    // MARK: Screens

    /// How far apart a person's own word on a share and Chime's may be.
    private static let shareClaimWindow: Duration = .seconds(30)

    private mutating func observeShare(_ interval: PresenceInterval) {
        let own = ScreenShareID("c-" + interval.id)
        let id = state.screenShares.contains { $0.id == own } ? own : claimedShare(interval) ?? own
        guard let index = state.screenShares.firstIndex(where: { $0.id == id }) else {
            beginShare(own, interval)
            return
        }
        let share = state.screenShares[index]
        guard let end = interval.endedAt.map({ max($0, share.startedAt) }) else { return }
        let wasOpen = share.stoppedAt == nil
        state.screenShares[index].stoppedAt = min(share.stoppedAt ?? end, end)
        if wasOpen { emit(.screenShareStopped, participant: share.participantID, share: id) }
    }

    private mutating func beginShare(_ id: ScreenShareID, _ interval: PresenceInterval) {
        let isHere =
            state.participant(interval.participantID)?.state == .admitted
            && state.session.status == .inProgress
        guard isHere || interval.endedAt != nil else { return }
        var share = ScreenShare(
            id: id, sessionID: state.session.id, participantID: interval.participantID,
            startedAt: interval.startedAt)
        share.stoppedAt = interval.endedAt
        state.screenShares.append(share)
        state.screenShares.sort { ($0.startedAt, $0.id.rawValue) < ($1.startedAt, $1.id.rawValue) }
        guard isHere else { return }
        emit(.screenShareStarted, participant: interval.participantID, share: id)
        if share.stoppedAt != nil {
            emit(.screenShareStopped, participant: interval.participantID, share: id)
        }
    }

    /// A share does not outlive the connection it began in: Chime may tell of the sharer's end alone, and a person
    /// whose line broke while they shared shares nothing when they are back.
    private mutating func endShares(with interval: PresenceInterval) {
        guard let end = interval.endedAt else { return }
        for share in state.screenShares
        where share.participantID == interval.participantID && share.stoppedAt == nil
            && interval.startedAt <= share.startedAt && share.startedAt <= end
        { stopShare(share.id) }
    }

    /// The share that this person reported around then, by StartScreenShare.
    private func claimedShare(_ interval: PresenceInterval) -> ScreenShareID? {
        state.screenShares.first { share in
            share.participantID == interval.participantID && !share.id.rawValue.hasPrefix("c-")
                && share.startedAt <= interval.startedAt + Self.shareClaimWindow
                && (share.stoppedAt.map { $0 + Self.shareClaimWindow >= interval.startedAt } ?? true)
        }?.id
    }

    // MARK: People

    /// Somebody taken as gone whose media is connected again is here: in the picture of a recording, too.
    private mutating func bringBack(_ interval: PresenceInterval, _ ledger: ConsentLedger) {
        guard state.session.status == .inProgress,
            let participant = state.participant(interval.participantID), participant.state == .left,
            participant.admittedAt != nil, !participant.isHeld, let leftAt = participant.leftAt,
            interval.startedAt > leftAt,
            state.meeting(interval.generation)?.state == .active
        else { return }
        expectations += ledger.expectations
        guard thirdPartyGaps(participant, ledger).isEmpty, ledger.hasSay(participant, in: state, context) else {
            return endAttendee(of: participant)
        }
        if let recording = state.activeRecording {
            let consent = ledger.evaluateRecording(
                of: [participant], in: state.session.id, purpose: recording.purpose, context: context)
            if !consent.isSatisfied {
                stopCapture(of: recording.id, cause: .consentMissing, by: Principal.system.name)
            }
        }
        admit(participant.id)
        standOnConsents(of: ledger)
    }
}
