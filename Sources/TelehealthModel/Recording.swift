/// One recording of a session: one capture pipeline, concatenated into one playable object.
public struct Recording: Sendable, Hashable {
    /// requested -> starting -> recording -> stopping -> processing -> available; failed from any but the
    /// last. When its time is over, available or failed -> deleting -> deleted.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Row written, Chime not yet asked.
        case requested
        /// Chime asked; the capture is not known to run yet.
        case starting
        case recording
        /// Stop decided; Chime has not confirmed yet.
        case stopping
        /// Capture stopped; the concatenation runs.
        case processing
        /// The object is there (seen by HEAD).
        case available
        case failed
        /// To be removed; the objects may be gone already.
        case deleting
        /// The objects are gone; the row stays as a tombstone.
        case deleted

        /// Whether a capture may be running at Chime.
        public var mayCapture: Bool {
            switch self {
            case .requested, .starting, .recording, .stopping: true
            case .processing, .available, .failed, .deleting, .deleted: false
            }
        }

        /// Whether there is work left until it is playable or has failed.
        package var isUnfinished: Bool { mayCapture || self == .processing }
    }

    public enum Purpose: String, Sendable, Hashable, CaseIterable {
        case clinical, training, qualityAssurance
    }

    public enum StopCause: String, Sendable, Hashable, CaseIterable {
        case requested, consentRevoked, sessionEnded, consentMissing, meetingEnded, failed
    }

    /// What it waits for when it does not go on by itself: somebody who runs the service has to act. Nothing is lost
    /// meanwhile; Chime's pieces can be joined for 30 days.
    public enum WaitReason: String, Sendable, Hashable, CaseIterable {
        case accessRefused, quotaExceeded
        /// AWS says that the file is made, and it is not there.
        case objectMissing
        /// Joining the pieces failed as often as it is tried.
        case joiningFailed
        /// Not served for hours, or not understood.
        case unavailable
    }

    public let id: RecordingID
    public let sessionID: SessionID
    /// 1 is the session's first.
    public let segment: Int
    public let generation: Int
    public var purpose: Purpose
    public var state: State
    public let requestedBy: String
    public let requestedAt: Timestamp
    public var startedAt: Timestamp?
    public var stoppedAt: Timestamp?
    public var stopCause: StopCause?
    public var stoppedBy: String?
    /// The consents the start stood on, one per admitted human.
    public var consentIDs: [ConsentID]
    public var capturePipelineID: String?
    public var capturePipelineARN: String?
    public var concatenationPipelineID: String?
    /// Concatenations that Chime said had failed; each try has a token of its own.
    public var failedConcatenations = 0
    public var waitReason: WaitReason?
    public var controlRegion: String
    public var bucket: String
    /// S3 prefix of everything of this recording, without a slash at its end; holds no personal id.
    public var prefix: String
    /// S3 key of the playable file once known.
    public var objectKey: String?
    public var objectBytes: Int64?
    public var objectETag: String?
    /// What S3 itself says of the content, where it says so: "sha256:…" or "crc64nvme:…", base64.
    public var objectChecksum: String?
    /// A stable reason, of failed.
    public var failure: String?
    /// Set when a consent it stood on was revoked afterwards: playback is refused except for treatment.
    public var consentRevokedAt: Timestamp?

    /// When the playable file was seen.
    public var availableAt: Timestamp?
    /// Since when the running capture has holes (Chime's temporary failure); nil while it is sound.
    public var degradedSince: Timestamp?
    /// Not to be deleted before this; nil = kept until somebody sets it.
    public var retainUntil: Timestamp?
    /// Not to be deleted at all, and played only as the policy says.
    public var hold: LegalHold?
    /// The note in the clinic's records that this recording belongs to.
    public var sessionNoteID: SessionNoteID?
    public var deletedAt: Timestamp?

    /// Where the capture leaves its chunks.
    public var capturePrefix: String { prefix + "/chunks" }
    /// Where the concatenation leaves the playable file.
    public var playablePrefix: String { prefix + "/playable" }
    /// Idempotency tokens of the two pipelines, 2 to 64 of `[-_a-zA-Z0-9]`.
    public var captureToken: String { "cap-" + id.rawValue }
    public var concatenationToken: String {
        "cat-" + id.rawValue + (failedConcatenations == 0 ? "" : "-\(failedConcatenations + 1)")
    }

    public init(
        id: RecordingID, sessionID: SessionID, segment: Int, generation: Int, purpose: Purpose,
        requestedBy: String, requestedAt: Timestamp, consentIDs: [ConsentID], controlRegion: String,
        bucket: String, prefix: String
    ) {
        self.id = id
        self.sessionID = sessionID
        self.segment = segment
        self.generation = generation
        self.purpose = purpose
        state = .requested
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        self.consentIDs = consentIDs
        self.controlRegion = controlRegion
        self.bucket = bucket
        self.prefix = prefix
    }
}

/// An order to keep a recording, whatever its retention says.
public struct LegalHold: Sendable, Hashable {
    public let setAt: Timestamp
    public let setBy: String
    /// The administrator's words; 1 to 1000 bytes.
    public let reason: String

    public init(setAt: Timestamp, setBy: String, reason: String) {
        self.setAt = setAt
        self.setBy = setBy
        self.reason = reason
    }
}

/// One interval in which one participant shared a screen; open while ``stoppedAt`` is nil.
public struct ScreenShare: Sendable, Hashable {
    public let id: ScreenShareID
    public let sessionID: SessionID
    public let participantID: ParticipantID
    public let startedAt: Timestamp
    public var stoppedAt: Timestamp?

    public init(
        id: ScreenShareID, sessionID: SessionID, participantID: ParticipantID, startedAt: Timestamp
    ) {
        self.id = id
        self.sessionID = sessionID
        self.participantID = participantID
        self.startedAt = startedAt
    }
}
