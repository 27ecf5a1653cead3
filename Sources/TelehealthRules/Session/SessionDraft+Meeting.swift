// The generations of a session's Chime meeting: intent first, at most one live.

internal import TelehealthModel

extension SessionDraft {
    /// Finds the live generation or opens the next one.
    ///
    /// - Parameter dead: a generation whose meeting no longer exists; nil = none is known to.
    package mutating func replaceMeeting(_ dead: Int?) {
        if let dead { meetingGone(dead) }
        openMeeting()
    }

    /// Finds the live generation or writes the intent of the next one.
    mutating func openMeeting() {
        guard state.liveMeeting == nil, !state.session.status.isTerminal else { return }
        let generation = state.session.currentGeneration + 1
        state.session.currentGeneration = generation
        state.meetings.append(
            MeetingGeneration(
                sessionID: state.session.id, generation: generation,
                clientRequestToken: "m-\(context.ids.randomHex(byteCount: 16))-g\(generation)",
                controlRegion: context.controlRegion, mediaRegion: policy.mediaRegion, createdAt: now))
        enqueue(.meeting(.create, generation: generation))
    }

    /// Also of a mere intent: whether Chime was asked is not known here, and the deletion comes after the
    /// creation.
    mutating func closeMeeting() {
        guard let meeting = state.liveMeeting else { return }
        change(generation: meeting.generation) { $0.state = .ending }
        enqueue(.meeting(.delete, generation: meeting.generation))
    }

    /// Chime answered: the generation lives, or is on its way out already.
    mutating func meetingCreated(
        _ generation: Int, _ meeting: ChimeMeeting, attendees: [AttendeeCredentials]
    ) {
        guard let row = state.meeting(generation), row.state == .intent || row.state == .ending else {
            return
        }
        change(generation: generation) {
            $0.meetingID = meeting.meetingID
            $0.meetingARN = meeting.meetingARN
            $0.mediaRegion = meeting.mediaRegion
            $0.placement = meeting.placement
        }
        guard row.state == .intent else { return }
        change(generation: generation) { [now] in
            $0.state = .active
            $0.activeAt = now
            $0.failure = nil
        }
        for attendee in attendees { noteAttendee(attendee, generation: generation) }
        emit(.meetingReady, generation: generation)
    }

    mutating func noteAttendee(_ attendee: AttendeeCredentials, generation: Int) {
        for participant in state.participants where participant.externalUserID == attendee.externalUserID {
            change(participant.id) {
                $0.attendeeID = attendee.attendeeID
                $0.attendeeGeneration = generation
            }
        }
    }

    /// Nothing runs under this generation: Chime refused, or was never asked.
    ///
    /// - Parameter reason: of the event: AWS's own word.
    mutating func meetingFailed(_ generation: Int, _ failure: MeetingGeneration.Failure, reason: String) {
        guard let row = state.meeting(generation) else { return }
        switch row.state {
        case .intent:
            change(generation: generation) { [now] in
                $0.state = .failed
                $0.failure = failure
                $0.endedAt = now
            }
            emit(.meetingFailed, generation: generation, reason: .text(reason))
        case .ending: change(generation: generation) { [now] in $0.endedAt = now }
        case .active, .ended, .failed: break
        }
    }

    /// Chime refuses for now, and may have made the meeting before: it is asked again, and whoever waits is told why.
    mutating func meetingRefused(_ generation: Int, _ failure: MeetingGeneration.Failure) {
        guard state.meeting(generation)?.state == .intent else { return }
        change(generation: generation) { $0.failure = failure }
    }

    /// The meeting has ended, without our request. Whoever needs one opens the next generation.
    ///
    /// - Parameter instant: when, by AWS's word; nil = noticed now.
    mutating func meetingGone(_ generation: Int, at instant: Timestamp? = nil) {
        guard let row = state.meeting(generation), row.state == .active || row.state == .intent else {
            return
        }
        change(generation: generation) { [now] in
            $0.state = .ended
            $0.endedAt = min(now, max(instant ?? now, $0.activeAt ?? $0.createdAt))
        }
        for share in state.screenShares where share.stoppedAt == nil { stopShare(share.id) }
        if let recording = state.activeRecording, recording.generation == generation {
            stopCapture(of: recording.id, cause: .meetingEnded, by: Principal.system.name)
        }
        emit(.meetingEnded, generation: generation, reason: .text("GONE"))
    }

    mutating func meetingDeleted(_ generation: Int) {
        guard state.meeting(generation)?.state == .ending else { return }
        change(generation: generation) { [now] in
            $0.state = .ended
            $0.endedAt = now
        }
        emit(.meetingEnded, generation: generation)
    }
}
