/// What a joined person gets.
public struct JoinOutcome: Sendable {
    /// As the caller may see it.
    public let state: SessionState
    public let participant: Participant
    /// nil while the person waits for admission, or when a repeated call finds them gone meanwhile.
    public let media: MediaGrant?
}

/// The meeting and this person's own credentials in it: for the answer only, never stored, logged or sent in
/// events.
public struct MediaGrant: Sendable {
    /// Active: its ids and placement are set.
    public let meeting: MeetingGeneration
    public let credentials: AttendeeCredentials
}

/// What an invitation brought about.
public struct InviteOutcome: Sendable, Hashable {
    /// A place for somebody with a token of their own, or one that is offered by a grant.
    public enum Place: Sendable, Hashable {
        case participant(Participant)
        /// The grant is a bearer secret: for the answer only.
        case invitation(Invitation, grant: String)
    }

    public let state: SessionState
    public let place: Place
}

/// A guest's way in.
public struct GuestAdmission: Sendable, Hashable {
    public let state: SessionState
    public let participant: Participant
    /// The guest as a caller, whose token ``pass`` is.
    public let caller: Caller
    /// A bearer secret: for the answer only.
    public let pass: String
}

public struct AppointmentOutcome: Sendable, Hashable {
    /// nil = there is none: an early cancellation is all that is known.
    public let appointment: Appointment?
    /// Whether this call changed something.
    public let isApplied: Bool
}

public struct RecordingOutcome: Sendable, Hashable {
    public let state: SessionState
    public let recording: Recording
}

public struct ScreenShareOutcome: Sendable, Hashable {
    public let state: SessionState
    public let share: ScreenShare
}

public struct HeartbeatOutcome: Sendable, Hashable {
    public let status: SessionStatus
    /// `left` or `removed`: heartbeats do not bring a person back, JoinSession does.
    public let participantState: ParticipantState
    public let lastEventSequence: Int64
    public let nextWithin: Duration
}

/// A presigned URL: a bearer secret, for the answer only.
public struct PlaybackGrant: Sendable, Hashable {
    public let recording: Recording
    public let url: String
    public let expiresAt: Timestamp
}

public struct SessionPage: Sendable {
    public let sessions: [Session]
    /// The caller's place in those to which they were invited.
    public var places: [SessionID: Participant] = [:]
    /// Where the next page begins; nil = this was the last.
    public let next: (startsAt: Timestamp, id: SessionID)?
}
