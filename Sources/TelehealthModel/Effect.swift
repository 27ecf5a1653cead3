/// Work outside the database that a commit asked for (the outbox): written before the call is made, finished
/// by a worker.
///
/// Effects of one ``lane`` of a session run one after another in ``sequence`` order; a dead one blocks the
/// later ones of its lane.
public struct Effect: Sendable, Hashable {
    /// What is asked of whom, with what the call needs.
    public enum Kind: Sendable, Hashable {
        case meeting(MeetingCall, generation: Int)
        case recording(RecordingCall, RecordingID, generation: Int)
        case attendee(AttendeeCall, ParticipantID, generation: Int)
        /// Delivers one event of the session to the target of this name.
        case webhook(target: String, eventSequence: Int64)
    }

    // The raw values are the words in stored rows, logs and audit entries: none may change.

    public enum MeetingCall: String, Sendable, Hashable, CaseIterable {
        case create = "createMeeting"
        case delete = "deleteMeeting"
    }

    public enum RecordingCall: String, Sendable, Hashable, CaseIterable {
        case startCapture, confirmCapture, stopCapture
        /// Looks now and then whether a running capture still runs.
        case watchCapture
        case startConcatenation, confirmConcatenation
        /// Removes the recording's objects for good.
        case deleteObjects
    }

    public enum AttendeeCall: String, Sendable, Hashable, CaseIterable {
        case delete = "deleteAttendee"
        case updateCapabilities
    }

    public enum State: String, Sendable, Hashable { case pending, done, dead }

    /// What AWS said about this account instead of answering. It is tried again for hours, and says nothing about what
    /// was asked for.
    public enum Refusal: String, Sendable, Hashable, CaseIterable {
        /// Credentials, permissions or the clock.
        case access
        case quota
    }

    /// What an effect waits for, within its session: "visit" for meetings and for the start and stop of
    /// captures, else the recording's or person's. Polling a recording until it is ready takes minutes, and neither
    /// the stop of that recording nor the next start may wait for it. What concerns one person's attendee
    /// waits for nobody else's.
    public var lane: String {
        switch kind {
        case .meeting, .recording(.startCapture, _, _), .recording(.stopCapture, _, _): "visit"
        case .recording(.confirmCapture, let id, _), .recording(.startConcatenation, let id, _),
            .recording(.confirmConcatenation, let id, _), .recording(.deleteObjects, let id, _):
            id.rawValue
        // Of its own: it sleeps between two looks, and the file must not wait for it.
        case .recording(.watchCapture, let id, _): "watch-" + id.rawValue
        case .attendee(.delete, let id, _): id.rawValue
        // Of its own: both look at the roster as it is, and a removal must not wait for what AWS does not take.
        case .attendee(.updateCapabilities, let id, _): "capabilities-" + id.rawValue
        case .webhook(let target, _): "webhook " + target
        }
    }

    public let id: EffectID
    public let sessionID: SessionID
    public let sequence: Int64
    public let kind: Kind
    public let createdAt: Timestamp
    public var state: State
    /// Not to be tried before this.
    public var notBefore: Timestamp
    public var attempts: Int
    /// Fencing: grows with every claim; a worker finishes an effect only under the fence it claimed.
    public var fence: Int64
    public var leasedUntil: Timestamp?
    /// A stable code of the last failure.
    public var lastError: String?
    /// Set while the last failure was one.
    public var refusal: Refusal?

    public init(id: EffectID, sessionID: SessionID, sequence: Int64, kind: Kind, createdAt: Timestamp) {
        self.id = id
        self.sessionID = sessionID
        self.sequence = sequence
        self.kind = kind
        self.createdAt = createdAt
        state = .pending
        notBefore = createdAt
        attempts = 0
        fence = 0
    }
}

extension Effect.Kind {
    /// The word for it in stored rows, logs and audit entries.
    public var word: String {
        switch self {
        case .meeting(let call, _): call.rawValue
        case .recording(let call, _, _): call.rawValue
        case .attendee(let call, _, _): call.rawValue
        case .webhook: Self.webhookWord
        }
    }

    public static let webhookWord = "deliverWebhook"

    /// The recording that it concerns, if any.
    package var recordingID: RecordingID? {
        if case .recording(_, let id, _) = self { id } else { nil }
    }
}
