public import TelehealthModel

/// One thing that AWS told about a meeting, kept once under its event's id.
///
/// Facts of a session are a set: what follows from them is worked out from all of them in the order of
/// ``at``, so that lateness, disorder and repetition on the way here change nothing.
public struct MeetingFact: Sendable, Hashable {
    /// Spec: Amazon Chime SDK developer guide, "Meeting events" and "Media pipeline events"; AWS's
    /// `eventType` is the case's name with a capital after `chime:`.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case meetingStarted, meetingEnded
        case attendeeAdded, attendeeDeleted, attendeeAuthorized
        case attendeeJoined, attendeeLeft, attendeeDropped
        case attendeeVideoStarted, attendeeVideoStopped
        case attendeeContentJoined, attendeeContentLeft, attendeeContentDropped
        case attendeeContentVideoStarted, attendeeContentVideoStopped
        case attendeeCapabilitiesUpdated
        case mediaPipelineInProgress, mediaPipelineDeleted
        case mediaPipelineTemporaryFailure, mediaPipelineResumed, mediaPipelinePermanentFailure

        /// - Parameter eventType: as AWS writes it ("chime:AttendeeJoined").
        /// - Returns: nil for a kind this service does not know.
        init?(eventType: String) {
            guard eventType.hasPrefix("chime:"), let first = eventType.dropFirst(6).first else { return nil }
            self.init(rawValue: first.lowercased() + eventType.dropFirst(7))
        }

        /// Of a person's connection, camera or screen.
        package var isOfAttendee: Bool { rawValue.hasPrefix("attendee") }
        package var isOfPipeline: Bool { rawValue.hasPrefix("mediaPipeline") }
    }

    /// The envelope's id, or a hash of the detail where AWS gave none.
    public let id: String
    public let sessionID: SessionID
    public let generation: Int
    public let kind: Kind
    /// When it happened, by AWS's clock.
    public let at: Timestamp
    /// Of attendee facts.
    public let participantID: ParticipantID?
    /// Of pipeline facts: Chime's MediaPipelineId.
    public let pipelineID: String?
    public let receivedAt: Timestamp

    public init(
        id: String, sessionID: SessionID, generation: Int, kind: Kind, at: Timestamp,
        participantID: ParticipantID? = nil, pipelineID: String? = nil, receivedAt: Timestamp
    ) {
        self.id = id
        self.sessionID = sessionID
        self.generation = generation
        self.kind = kind
        self.at = at
        self.participantID = participantID
        self.pipelineID = pipelineID
        self.receivedAt = receivedAt
    }
}

/// One stretch of somebody's media being connected to a meeting; open while ``endedAt`` is nil.
public struct PresenceInterval: Sendable, Hashable {
    public enum EndCause: String, Sendable, Hashable, CaseIterable {
        case left
        /// The connection broke.
        case dropped
        /// Connected again without a word about the end before.
        case rejoined
        case meetingEnded
    }

    /// The id of the fact that began it: an interval is known by it for good.
    public let id: String
    public let sessionID: SessionID
    public let participantID: ParticipantID
    public let generation: Int
    public let startedAt: Timestamp
    public var endedAt: Timestamp?
    public var endCause: EndCause?
    /// Of a dropped one: when the same person was connected again; nil when never.
    public var resumedAt: Timestamp?

    public init(
        id: String, sessionID: SessionID, participantID: ParticipantID, generation: Int, startedAt: Timestamp
    ) {
        self.id = id
        self.sessionID = sessionID
        self.participantID = participantID
        self.generation = generation
        self.startedAt = startedAt
    }
}

/// By what a session is found that an event speaks of.
public enum MeetingReference: Sendable, Hashable {
    /// Chime's MeetingId.
    case meeting(String)
    /// Our ExternalMeetingId, known before Chime has answered.
    case token(String)
    /// Chime's id of a capture or concatenation.
    case pipeline(String)
}
