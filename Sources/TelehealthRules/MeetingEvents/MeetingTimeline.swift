internal import TelehealthModel

/// What a session's facts say together. A pure function of their set.
///
/// Every "joined" begins an interval of its own, which ends with the next word about the same person (or with
/// its meeting). So a fact that comes late can only shorten or close an interval, never take one away, and
/// rows once written keep their ids.
package struct MeetingTimeline: Sendable {
    /// In the order of happening; of two at the same instant the end comes first, then the smaller id.
    let facts: [MeetingFact]

    package init(_ facts: [MeetingFact]) {
        self.facts = facts.sorted { left, right in
            let ranks = (Self.rank(left.kind), Self.rank(right.kind))
            if left.at != right.at { return left.at < right.at }
            return ranks.0 == ranks.1 ? left.id < right.id : ranks.0 < ranks.1
        }
    }

    private static func rank(_ kind: MeetingFact.Kind) -> Int {
        switch kind {
        case .attendeeLeft, .attendeeDropped, .attendeeContentLeft, .attendeeContentDropped, .meetingEnded: 0
        case .meetingStarted, .attendeeAdded, .attendeeDeleted, .attendeeAuthorized, .attendeeJoined,
            .attendeeVideoStarted, .attendeeVideoStopped, .attendeeContentJoined,
            .attendeeContentVideoStarted, .attendeeContentVideoStopped, .attendeeCapabilitiesUpdated,
            .mediaPipelineInProgress, .mediaPipelineDeleted, .mediaPipelineTemporaryFailure,
            .mediaPipelineResumed, .mediaPipelinePermanentFailure:
            1
        }
    }

    /// When the meeting of a generation was over, by AWS's word; nil while it is not.
    func meetingEnd(_ generation: Int) -> Timestamp? {
        facts.first { $0.kind == .meetingEnded && $0.generation == generation }?.at
    }

    /// Everybody's connections to the media, by begin.
    package var presence: [PresenceInterval] {
        intervals(joined: .attendeeJoined, left: .attendeeLeft, dropped: .attendeeDropped)
    }

    /// Everybody's screen shares as Chime saw them, by begin.
    var content: [PresenceInterval] {
        intervals(
            joined: .attendeeContentJoined, left: .attendeeContentLeft, dropped: .attendeeContentDropped)
    }

    /// What is known of one pipeline.
    func pipeline(_ id: String) -> PipelineHistory {
        var history = PipelineHistory()
        for fact in facts where fact.pipelineID == id {
            switch fact.kind {
            case .mediaPipelineInProgress: history.ranSince = history.ranSince ?? fact.at
            case .mediaPipelineDeleted: history.endedAt = history.endedAt ?? fact.at
            case .mediaPipelinePermanentFailure:
                history.endedAt = history.endedAt ?? fact.at
                history.hasFailed = true
            case .mediaPipelineTemporaryFailure: history.degradedSince = history.degradedSince ?? fact.at
            case .mediaPipelineResumed: history.degradedSince = nil
            case .meetingStarted, .meetingEnded, .attendeeAdded, .attendeeDeleted, .attendeeAuthorized,
                .attendeeJoined, .attendeeLeft, .attendeeDropped, .attendeeVideoStarted,
                .attendeeVideoStopped, .attendeeContentJoined, .attendeeContentLeft, .attendeeContentDropped,
                .attendeeContentVideoStarted, .attendeeContentVideoStopped, .attendeeCapabilitiesUpdated:
                break
            }
        }
        return history
    }

    private func intervals(
        joined: MeetingFact.Kind, left: MeetingFact.Kind, dropped: MeetingFact.Kind
    ) -> [PresenceInterval] {
        var intervals: [PresenceInterval] = []
        for fact in facts {
            switch fact.kind {
            case joined:
                guard let participant = fact.participantID else { continue }
                for index in intervals.indices where intervals[index].participantID == participant {
                    Self.close(&intervals[index], at: fact.at, .rejoined)
                    if intervals[index].endCause == .dropped && intervals[index].resumedAt == nil {
                        intervals[index].resumedAt = fact.at
                    }
                }
                intervals.append(
                    PresenceInterval(
                        id: fact.id, sessionID: fact.sessionID, participantID: participant,
                        generation: fact.generation, startedAt: fact.at))
            case left, dropped:
                for index in intervals.indices
                where intervals[index].participantID == fact.participantID
                    && intervals[index].generation == fact.generation
                {
                    Self.close(&intervals[index], at: fact.at, fact.kind == left ? .left : .dropped)
                }
            case .meetingEnded:
                for index in intervals.indices where intervals[index].generation == fact.generation {
                    Self.close(&intervals[index], at: fact.at, .meetingEnded)
                }
            default: continue
            }
        }
        return intervals
    }

    private static func close(
        _ interval: inout PresenceInterval, at instant: Timestamp, _ cause: PresenceInterval.EndCause
    ) {
        guard interval.endedAt == nil else { return }
        interval.endedAt = instant
        interval.endCause = cause
    }
}

/// What AWS reported about one pipeline.
struct PipelineHistory: Sendable, Hashable {
    var ranSince: Timestamp?
    /// Over: deleted, ended with its meeting, or failed for good.
    var endedAt: Timestamp?
    var hasFailed = false
    /// A temporary failure that has not ended.
    var degradedSince: Timestamp?
}
