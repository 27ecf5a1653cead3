/// Where clients connect their media, as Chime's MediaPlacement gives it. Any member may be missing.
public struct MediaPlacement: Sendable, Hashable {
    public var audioHostURL: String?
    public var audioFallbackURL: String?
    public var signalingURL: String?
    public var turnControlURL: String?
    public var screenDataURL: String?
    public var screenViewingURL: String?
    public var screenSharingURL: String?
    public var eventIngestionURL: String?

    public init() {}
}

/// One Chime meeting of a session. A meeting dies by itself (5 minutes without audio, 24 hours), so a session
/// has generations of them, at most one of them live.
public struct MeetingGeneration: Sendable, Hashable {
    /// intent (row written, Chime not yet asked) -> active -> ending -> ended; or intent -> failed.
    public enum State: String, Sendable, Hashable, CaseIterable { case intent, active, ending, ended, failed }

    /// Why Chime did not make it: kept, so that whoever joins is told what would help.
    public enum Failure: String, Sendable, Hashable, CaseIterable {
        /// A quota of the account: somebody else's visit has to end, or an operator asks AWS for more.
        case quotaExceeded
        /// Credentials, permissions, clock, or a request that Chime does not take: an operator's matter.
        case refused
        /// Ended before Chime was asked.
        case notNeeded
    }

    public let sessionID: SessionID
    /// 1 is the first.
    public let generation: Int
    /// Chime's idempotency token and our ExternalMeetingId: derived from a random id and the generation, 2
    /// to 64 of `[-_a-zA-Z0-9]`.
    public let clientRequestToken: String
    public var state: State
    /// Chime's MeetingId; nil until active.
    public var meetingID: String?
    public var meetingARN: String?
    public var controlRegion: String
    public var mediaRegion: String
    public var placement: MediaPlacement?
    public var createdAt: Timestamp
    public var activeAt: Timestamp?
    public var endedAt: Timestamp?
    /// Of a failed one; of an intent also while Chime is asked again. nil for those that failed before this was kept.
    public var failure: Failure?

    public init(
        sessionID: SessionID, generation: Int, clientRequestToken: String, controlRegion: String,
        mediaRegion: String, createdAt: Timestamp
    ) {
        self.sessionID = sessionID
        self.generation = generation
        self.clientRequestToken = clientRequestToken
        state = .intent
        self.controlRegion = controlRegion
        self.mediaRegion = mediaRegion
        self.createdAt = createdAt
    }
}
