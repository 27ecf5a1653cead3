/// What one participant may send and receive; Chime wants all three set.
public struct MediaCapabilities: Sendable, Hashable {
    public enum Direction: String, Sendable, Hashable, CaseIterable {
        case sendReceive = "SendReceive"
        case send = "Send"
        case receive = "Receive"
        case none = "None"
    }

    public var audio: Direction
    public var video: Direction
    public var content: Direction

    public init(
        audio: Direction = .sendReceive, video: Direction = .sendReceive, content: Direction = .sendReceive
    ) {
        self.audio = audio
        self.video = video
        self.content = content
    }

    /// Chime's rule, which it answers with a bare 400: who receives content receives video.
    public var areConsistent: Bool { !content.receives || video.receives }
}

extension MediaCapabilities.Direction {
    public var receives: Bool {
        switch self {
        case .sendReceive, .receive: true
        case .send, .none: false
        }
    }
}

public struct AttendeeRequest: Sendable, Hashable {
    /// Our pseudonym, 2 to 64 characters.
    public var externalUserID: String
    public var capabilities: MediaCapabilities

    public init(externalUserID: String, capabilities: MediaCapabilities = .init()) {
        self.externalUserID = externalUserID
        self.capabilities = capabilities
    }
}

public struct MeetingRequest: Sendable, Hashable {
    /// Attendees that one creation may bring along.
    public static let attendeesMax = 10

    /// Idempotency: the same token gives the same meeting, also a dead one.
    public var clientRequestToken: String
    public var externalMeetingID: String
    public var mediaRegion: String
    /// Created in the same call (CreateMeetingWithAttendees), at most ``attendeesMax``; empty = CreateMeeting.
    public var attendees: [AttendeeRequest]

    public init(
        clientRequestToken: String, externalMeetingID: String, mediaRegion: String,
        attendees: [AttendeeRequest]
    ) {
        self.clientRequestToken = clientRequestToken
        self.externalMeetingID = externalMeetingID
        self.mediaRegion = mediaRegion
        self.attendees = attendees
    }
}

/// What a participant's device needs. The token is a bearer secret: never stored, logged or sent in events.
public struct AttendeeCredentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    public var externalUserID: String
    public var attendeeID: String
    public var joinToken: String
    /// As the attendee has them now; nil when Chime did not say.
    public var capabilities: MediaCapabilities?

    public init(
        externalUserID: String, attendeeID: String, joinToken: String,
        capabilities: MediaCapabilities? = nil
    ) {
        self.externalUserID = externalUserID
        self.attendeeID = attendeeID
        self.joinToken = joinToken
        self.capabilities = capabilities
    }

    public var description: String { "AttendeeCredentials(\(attendeeID))" }
    public var customMirror: Mirror { Mirror(self, children: ["attendeeID": attendeeID]) }
}

public struct ChimeMeeting: Sendable, Hashable {
    public var meetingID: String
    public var meetingARN: String
    public var mediaRegion: String
    public var placement: MediaPlacement

    public init(meetingID: String, meetingARN: String, mediaRegion: String, placement: MediaPlacement) {
        self.meetingID = meetingID
        self.meetingARN = meetingARN
        self.mediaRegion = mediaRegion
        self.placement = placement
    }
}

public enum PipelineStatus: String, Sendable, Hashable {
    case initializing = "Initializing"
    case inProgress = "InProgress"
    case failed = "Failed"
    case stopping = "Stopping"
    case stopped = "Stopped"
    case paused = "Paused"
    case notStarted = "NotStarted"
}

public struct MediaPipeline: Sendable, Hashable {
    public var id: String
    public var arn: String
    public var status: PipelineStatus

    public init(id: String, arn: String, status: PipelineStatus) {
        self.id = id
        self.arn = arn
        self.status = status
    }
}

public struct StoredObject: Sendable, Hashable {
    public var bytes: Int64
    public var eTag: String
    /// S3's own checksum of the content with its kind, "sha256:…" or "crc64nvme:…" in base64; nil when S3
    /// keeps none.
    public var checksum: String?

    public init(bytes: Int64, eTag: String, checksum: String? = nil) {
        self.bytes = bytes
        self.eTag = eTag
        self.checksum = checksum
    }
}

/// Why a call to Chime or S3 did not succeed.
public struct GatewayError: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The meeting, attendee or pipeline is no more (404). A delete that meets it succeeds instead.
        case gone
        /// Rate: try again after ``GatewayError/retryAfter``.
        case throttled
        /// AWS quota; retrying does not help.
        case quotaExceeded
        /// No answer, 5xx, connection trouble: try again.
        case unavailable
        /// Concurrent same request (409): try again.
        case conflict
        /// 400, 422: our bug.
        case rejected
        /// 401, 403, no credentials: operator's matter.
        case notAuthorised
    }

    public var kind: Kind
    /// AWS's exception name or the transport's label, for the log; no personal data.
    public var code: String
    public var retryAfter: Duration?
    /// Whether the effect may have happened although no success came back.
    public var mayHaveTakenEffect: Bool

    public init(kind: Kind, code: String, retryAfter: Duration? = nil, mayHaveTakenEffect: Bool = false) {
        self.kind = kind
        self.code = code
        self.retryAfter = retryAfter
        self.mayHaveTakenEffect = mayHaveTakenEffect
    }

    /// What AWS said about us, if it is that.
    public var refusal: Effect.Refusal? {
        switch kind {
        case .notAuthorised: .access
        case .quotaExceeded: .quota
        case .gone, .throttled, .unavailable, .conflict, .rejected: nil
        }
    }

    /// Whether the same call is likely to succeed within minutes.
    public var isWorthRetrying: Bool {
        switch kind {
        case .throttled, .unavailable, .conflict: true
        case .gone, .quotaExceeded, .rejected, .notAuthorised: false
        }
    }
}

/// Port: the video provider. Every call is idempotent by its arguments and bounded by `timeout` in total,
/// retries included.
///
/// Isolation: any.
public protocol MeetingGateway: Sendable {
    /// The region whose API is called; events arrive there.
    var controlRegion: String { get }

    /// - Returns: the meeting and the attendees asked for, in the order asked.
    func createMeeting(_ request: MeetingRequest, timeout: Duration) async throws(GatewayError)
        -> (meeting: ChimeMeeting, attendees: [AttendeeCredentials])
    /// - Returns: nil when the meeting is no more.
    func meeting(_ meetingID: String, timeout: Duration) async throws(GatewayError) -> ChimeMeeting?
    /// A meeting that is no more is success.
    func deleteMeeting(_ meetingID: String, timeout: Duration) async throws(GatewayError)
    /// The same external id in the same meeting gives the same attendee.
    func createAttendee(_ request: AttendeeRequest, meetingID: String, timeout: Duration)
        async throws(GatewayError)
        -> AttendeeCredentials
    /// - Returns: nil when meeting or attendee is no more.
    func attendee(_ attendeeID: String, meetingID: String, timeout: Duration) async throws(GatewayError)
        -> AttendeeCredentials?
    func deleteAttendee(_ attendeeID: String, meetingID: String, timeout: Duration) async throws(GatewayError)
    func updateCapabilities(
        _ capabilities: MediaCapabilities, attendeeID: String, meetingID: String, timeout: Duration
    ) async throws(GatewayError)

    /// Starts a capture into `prefix` of the configured bucket; idempotent by token.
    func startCapture(meetingARN: String, prefix: String, clientRequestToken: String, timeout: Duration)
        async throws(GatewayError) -> MediaPipeline
    /// The capture that writes to `prefix`, of a start whose answer was lost: found by listing, never
    /// started.
    ///
    /// A start that may not be repeated (its consent was revoked meanwhile) still may have to be stopped.
    /// - Returns: nil when no capture, or none that still runs, writes there.
    func findCapture(meetingARN: String, prefix: String, timeout: Duration) async throws(GatewayError)
        -> MediaPipeline?
    /// - Returns: nil when the pipeline is no more (stopped long ago).
    func capture(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline?
    /// A pipeline that is no more is success.
    func stopCapture(_ pipelineID: String, timeout: Duration) async throws(GatewayError)
    func startConcatenation(
        capturePipelineARN: String, prefix: String, clientRequestToken: String, timeout: Duration
    )
        async throws(GatewayError) -> MediaPipeline
    func concatenation(_ pipelineID: String, timeout: Duration) async throws(GatewayError) -> MediaPipeline?

    /// The key under which a concatenation leaves its playable file.
    func playableKey(prefix: String, concatenationPipelineID: String) -> String
    /// The bucket that recordings go to; nil when none is configured (recording is then refused).
    var recordingsBucket: String? { get }
    /// HEAD; nil when the object is not there (yet).
    func object(_ key: String, timeout: Duration) async throws(GatewayError) -> StoredObject?
    /// Removes what lies under `prefix/`, a page at a time; idempotent.
    ///
    /// - Returns: whether nothing is left there; false = ask again.
    func deleteObjects(prefix: String, timeout: Duration) async throws(GatewayError) -> Bool
    /// A presigned GET URL valid for `validity` (at most 5 minutes). A bearer secret: never stored or logged.
    func playbackURL(_ key: String, validity: Duration) async throws(GatewayError) -> String
}
