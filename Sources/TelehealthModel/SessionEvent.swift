/// Something that happened in a session, as watchers see it: flat, so that any store can keep it in columns.
public struct SessionEvent: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case created, statusChanged, participantWaiting, participantAdmitted, participantLeft,
            participantRemoved
        case meetingReady, meetingFailed, meetingEnded
        case recordingRequested, recordingStarted, recordingStopping, recordingStopped, recordingAvailable
        case recordingFailed
        case screenShareStarted, screenShareStopped
        case consentRevoked, rescheduled
        case participantInvited, invitationRevoked, participantDenied, participantReturned
        case capabilitiesChanged, deviceChanged
        case recordingInterrupted, recordingResumed, recordingDeleted
        case connectionQualityChanged

        /// Reports a participant's current presence or connection; the session itself is unchanged.
        package var isPassing: Bool { self == .connectionQualityChanged }
    }

    public let sessionID: SessionID
    /// 1 is the session's first; no gaps.
    public let sequence: Int64
    public let at: Timestamp
    public let kind: Kind
    /// The status after the event.
    public let status: SessionStatus
    public let participantID: ParticipantID?
    public let recordingID: RecordingID?
    public let screenShareID: ScreenShareID?
    public let generation: Int?
    /// nil where there is none, or where somebody asked for it by the verb of that name.
    public let reason: Reason?

    public init(
        sessionID: SessionID, sequence: Int64, at: Timestamp, kind: Kind, status: SessionStatus,
        participantID: ParticipantID? = nil, recordingID: RecordingID? = nil,
        screenShareID: ScreenShareID? = nil, generation: Int? = nil, reason: Reason? = nil
    ) {
        self.sessionID = sessionID
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.status = status
        self.participantID = participantID
        self.recordingID = recordingID
        self.screenShareID = screenShareID
        self.generation = generation
        self.reason = reason
    }
}
