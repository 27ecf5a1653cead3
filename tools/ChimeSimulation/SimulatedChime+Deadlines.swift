extension SimulatedChime {
    /// Lets everything happen that is due by `now`, each at its own instant and in its order.
    mutating func happen(until now: Timestamp) {
        while let entry = deadlines.take(until: now) {
            switch entry.target {
            case .meeting(let id): meetDeadline(ofMeeting: id, at: entry.at)
            case .pipeline(let id): meetDeadline(ofPipeline: id, at: entry.at)
            }
        }
    }

    /// Queues the meeting's next deadline, unless an earlier or equal entry is on its way.
    mutating func queueDeadline(ofMeeting id: String) {
        guard let meeting = meetings[id], meeting.isLive else { return }
        let (instant, _) = nextDeadline(of: meeting)
        if let queued = meeting.queuedFor, queued <= instant { return }
        meetings[id]?.queuedFor = instant
        deadlines.add(.meeting(id), at: instant)
    }

    private func nextDeadline(of meeting: Meeting) -> (Timestamp, Meeting.EndReason) {
        let lifetimeEnd = meeting.createdAt + configuration.lifetimeMax
        guard let silentSince = meeting.silentSince else { return (lifetimeEnd, .lifetime) }
        let silenceEnd = silentSince + configuration.silenceMax
        return silenceEnd < lifetimeEnd ? (silenceEnd, .noAudio) : (lifetimeEnd, .lifetime)
    }

    private mutating func meetDeadline(ofMeeting id: String, at instant: Timestamp) {
        guard let meeting = meetings[id], meeting.isLive else { return }
        let (deadline, reason) = nextDeadline(of: meeting)
        if deadline <= instant {
            endMeeting(id, reason: reason, at: deadline)
        } else if meeting.queuedFor == instant {
            meetings[id]?.queuedFor = nil
            queueDeadline(ofMeeting: id)
        }
    }

    /// Ends a live meeting for good: its pipelines stop, its replicas end, its tokens are dead.
    mutating func endMeeting(_ id: String, reason: Meeting.EndReason, at now: Timestamp) {
        guard let meeting = meetings[id], meeting.isLive else { return }
        meetings[id]?.endedAt = now
        meetings[id]?.endReason = reason
        liveMeetingCount -= 1
        events.append(numbered(meeting.event(.meetingEnded, at: now)))
        if let pipelineID = meeting.activePipelineID { stopPipeline(pipelineID, at: now) }
        let replicas = meetings.values.filter { $0.primaryID == id && $0.isLive }.map(\.id).sorted()
        for replica in replicas { endMeeting(replica, reason: .primaryEnded, at: now) }
        endedMeetingIDs.append(id)
        forgetOldMeetings()
    }

    private mutating func forgetOldMeetings() {
        while endedMeetingIDs.count > configuration.endedMax, let id = endedMeetingIDs.popFirst() {
            guard let meeting = meetings.removeValue(forKey: id) else { continue }
            meetingIDsByToken[meeting.controlRegion + meeting.clientRequestToken] = nil
            for attendee in meeting.attendees + meeting.deletedAttendees {
                meetingIDsByAttendee[attendee.id] = nil
            }
        }
    }

    /// An event with an id of its own.
    mutating func numbered(_ event: ChimeEvent) -> ChimeEvent {
        var event = event
        event.id = identifiers.uuid()
        return event
    }
}
