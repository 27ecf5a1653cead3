public enum ParticipantRole: String, Sendable, Hashable, CaseIterable {
    case clinician, client, guardian
}

/// Where somebody stands in a session.
public enum ParticipantState: String, Sendable, Hashable, CaseIterable {
    /// On the roster, never came.
    case expected
    /// In the waiting room, without credentials.
    case waiting
    /// Let in: may hold an attendee of the current meeting.
    case admitted
    /// Went away by themselves or by silence; may come back.
    case left
    /// Sent away; needs a new admission.
    case removed
}

public enum DeviceType: String, Sendable, Hashable, CaseIterable { case desktop, tablet, mobile }

/// What the client says of place and device before a visit; asked again each visit (it is no consent).
public struct PreVisitCheck: Sendable, Hashable {
    /// Two-letter code of the state the client is in now ("GA").
    public var locationState: String
    /// Street, city or landmark for an emergency service; personal.
    public var locationAddress: String
    public var emergencyContactName: String
    public var emergencyContactPhone: String
    public var isLocationPrivate: Bool
    public var hasReliableConnection: Bool
    public var device: DeviceType
    public var checkedAt: Timestamp

    public init(
        locationState: String, locationAddress: String, emergencyContactName: String,
        emergencyContactPhone: String, isLocationPrivate: Bool, hasReliableConnection: Bool,
        device: DeviceType, checkedAt: Timestamp
    ) {
        self.locationState = locationState
        self.locationAddress = locationAddress
        self.emergencyContactName = emergencyContactName
        self.emergencyContactPhone = emergencyContactPhone
        self.isLocationPrivate = isLocationPrivate
        self.hasReliableConnection = hasReliableConnection
        self.device = device
        self.checkedAt = checkedAt
    }
}

/// One person's place in one session.
public struct Participant: Sendable, Hashable {
    public let id: ParticipantID
    public let sessionID: SessionID
    public let subjectID: SubjectID
    public let role: ParticipantRole
    /// The pseudonym Chime sees as ExternalUserId: random, 2 to 64 characters, stable within the session.
    public let externalUserID: String
    public var state: ParticipantState
    public var preVisitCheck: PreVisitCheck?
    /// First and latest entry into the waiting room.
    public var firstWaitingAt: Timestamp?
    public var waitingSince: Timestamp?
    public var admittedAt: Timestamp?
    /// When this person first joined at all; a rejoin keeps it.
    public var firstJoinedAt: Timestamp?
    public var leftAt: Timestamp?
    /// Chime's AttendeeId within meeting generation ``attendeeGeneration``.
    public var attendeeID: String?
    public var attendeeGeneration: Int?

    public init(
        id: ParticipantID, sessionID: SessionID, subjectID: SubjectID, role: ParticipantRole,
        externalUserID: String, state: ParticipantState = .expected
    ) {
        self.id = id
        self.sessionID = sessionID
        self.subjectID = subjectID
        self.role = role
        self.externalUserID = externalUserID
        self.state = state
    }
}
