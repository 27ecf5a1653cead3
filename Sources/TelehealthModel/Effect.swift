/// Work outside the database that a commit asked for (the outbox): written before the call is made, finished
/// by a worker.
///
/// Effects of one ``lane`` of a session run one after another in ``sequence`` order; a dead one blocks the
/// later ones of its lane.
public struct Effect: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case createMeeting, deleteMeeting
        case startCapture, confirmCapture, stopCapture
        case startConcatenation, confirmConcatenation
        case deleteAttendee, updateCapabilities
        /// Looks now and then whether a running capture still runs.
        case watchCapture
        /// Removes a recording's objects for good.
        case deleteObjects
        case deliverWebhook
    }

    public enum State: String, Sendable, Hashable { case pending, done, dead }

    /// What AWS said about this account instead of answering. It is tried again for hours, and says nothing about what
    /// was asked for.
    public enum Refusal: String, Sendable, Hashable, CaseIterable {
        /// Credentials, permissions or the clock.
        case access
        case quota
    }

    /// What an effect waits behind, within its session: "visit" for meetings and for the start and stop of
    /// captures, else the recording's or person's. Polling a recording until it is ready takes minutes, and neither
    /// the stop of that recording nor the next start may wait for it. What concerns one person's attendee
    /// waits for nobody else's.
    public var lane: String {
        switch kind {
        case .createMeeting, .deleteMeeting, .startCapture, .stopCapture: "visit"
        case .confirmCapture, .startConcatenation, .confirmConcatenation, .deleteObjects:
            recordingID?.rawValue ?? "visit"
        // Of its own: it sleeps between two looks, and the file must not wait for it.
        case .watchCapture: "watch-" + (recordingID?.rawValue ?? "visit")
        case .deleteAttendee: participantID?.rawValue ?? "visit"
        // Of its own: both look at the roster as it is, and a removal must not wait for what AWS does not take.
        case .updateCapabilities: "capabilities-" + (participantID?.rawValue ?? "visit")
        case .deliverWebhook: "webhook " + (target ?? "")
        }
    }

    public let id: EffectID
    public let sessionID: SessionID
    public let sequence: Int64
    public let kind: Kind
    public let generation: Int?
    public let participantID: ParticipantID?
    public let recordingID: RecordingID?
    public let createdAt: Timestamp
    /// Of a webhook: the name of who is told, and the event's number.
    public var target: String?
    public var eventSequence: Int64?
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

    public init(
        id: EffectID, sessionID: SessionID, sequence: Int64, kind: Kind, generation: Int? = nil,
        participantID: ParticipantID? = nil, recordingID: RecordingID? = nil, createdAt: Timestamp,
        target: String? = nil, eventSequence: Int64? = nil
    ) {
        self.id = id
        self.sessionID = sessionID
        self.sequence = sequence
        self.kind = kind
        self.generation = generation
        self.participantID = participantID
        self.recordingID = recordingID
        self.createdAt = createdAt
        self.target = target
        self.eventSequence = eventSequence
        state = .pending
        notBefore = createdAt
        attempts = 0
        fence = 0
    }
}
