public import TelehealthModel

/// What a joined person gets.
public struct JoinOutcome: Sendable {
    /// As the caller may see it.
    public let state: SessionState
    public let participant: Participant
    /// nil while the person waits for admission, or when a repeated call finds them gone meanwhile.
    public let media: MediaGrant?

    package init(state: SessionState, participant: Participant, media: MediaGrant?) {
        self.state = state
        self.participant = participant
        self.media = media
    }
}

/// The meeting and this person's own credentials in it: for the answer only, never stored, logged or sent in
/// events.
public struct MediaGrant: Sendable {
    /// Active: its ids and placement are set.
    public let meeting: MeetingGeneration
    public let credentials: AttendeeCredentials

    package init(meeting: MeetingGeneration, credentials: AttendeeCredentials) {
        self.meeting = meeting
        self.credentials = credentials
    }
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

    package init(state: SessionState, place: Place) {
        self.state = state
        self.place = place
    }
}

/// A guest's way in.
public struct GuestAdmission: Sendable, Hashable {
    public let state: SessionState
    public let participant: Participant
    /// The guest as a caller, whose token ``pass`` is.
    public let caller: Caller
    /// A bearer secret: for the answer only.
    public let pass: String

    package init(state: SessionState, participant: Participant, caller: Caller, pass: String) {
        self.state = state
        self.participant = participant
        self.caller = caller
        self.pass = pass
    }
}

public struct AppointmentOutcome: Sendable, Hashable {
    /// nil = there is none: an early cancellation is all that is known.
    public let appointment: Appointment?
    /// Whether this call changed something.
    public let isApplied: Bool

    package init(appointment: Appointment?, isApplied: Bool) {
        self.appointment = appointment
        self.isApplied = isApplied
    }
}

public struct RecordingOutcome: Sendable, Hashable {
    public let state: SessionState
    public let recording: Recording

    package init(state: SessionState, recording: Recording) {
        self.state = state
        self.recording = recording
    }
}

public struct ScreenShareOutcome: Sendable, Hashable {
    public let state: SessionState
    public let share: ScreenShare

    package init(state: SessionState, share: ScreenShare) {
        self.state = state
        self.share = share
    }
}

public struct HeartbeatOutcome: Sendable, Hashable {
    public let status: SessionStatus
    /// `left` or `removed`: heartbeats do not bring a person back, JoinSession does.
    public let participantState: ParticipantState
    public let lastEventSequence: Int64
    public let nextWithin: Duration

    package init(
        status: SessionStatus, participantState: ParticipantState, lastEventSequence: Int64,
        nextWithin: Duration
    ) {
        self.status = status
        self.participantState = participantState
        self.lastEventSequence = lastEventSequence
        self.nextWithin = nextWithin
    }
}

/// A presigned URL: a bearer secret, for the answer only.
public struct PlaybackGrant: Sendable, Hashable {
    public let recording: Recording
    public let url: String
    public let expiresAt: Timestamp

    package init(recording: Recording, url: String, expiresAt: Timestamp) {
        self.recording = recording
        self.url = url
        self.expiresAt = expiresAt
    }
}

public struct SessionPage: Sendable {
    public let sessions: [Session]
    /// The caller's place in those to which they were invited.
    public var places: [SessionID: Participant] = [:]
    /// Where the next page begins; nil = this was the last.
    public let next: (startsAt: Timestamp, id: SessionID)?

    package init(
        sessions: [Session], places: [SessionID: Participant] = [:], next: (startsAt: Timestamp, id: SessionID)?
    ) {
        self.sessions = sessions
        self.places = places
        self.next = next
    }
}
