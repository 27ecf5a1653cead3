/// What somebody is in one visit. ``RoleRights`` says what follows from it.
public enum ParticipantRole: String, Sendable, Hashable, CaseIterable {
    /// Of the appointment.
    case clinician, client, guardian
    /// Invited.
    case coClinician, supervisor, interpreter, observer, guest
}

/// The state of a participant in a session.
public enum ParticipantState: String, Sendable, Hashable, CaseIterable {
    /// On the roster, never came.
    case expected
    /// In the waiting room, without credentials.
    case waiting
    /// Let in: may hold an attendee of the current meeting.
    case admitted
    /// Went away by themselves or by silence; may come back.
    case left
    /// Sent away out of the visit; needs a new admission.
    case removed
    /// Sent away out of the waiting room; needs a new admission.
    case denied
}

public enum DeviceType: String, Sendable, Hashable, CaseIterable { case desktop, tablet, mobile }

/// What the client says of place and device before a visit; asked again at each visit (it is not a consent).
public struct PreVisitCheck: Sendable, Hashable {
    /// In Unicode scalars.
    public static let addressCharactersMax = 300
    public static let nameCharactersMax = 200
    public static let phoneCharactersMax = 32

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
    /// Put back into the waiting room by somebody's word: only being let in by name ends it.
    public var isHeld = false
    /// What the person may send and receive; begins as their role's.
    public var capabilities: MediaCapabilities
    /// The grant this person came by; nil for those of the appointment and for staff.
    public let invitationID: InvitationID?
    /// The device that joined last, as it named itself: all of a person's devices share one attendee, and
    /// Chime lets the newest have it.
    public var deviceID: String?

    public init(
        id: ParticipantID, sessionID: SessionID, subjectID: SubjectID, role: ParticipantRole,
        externalUserID: String, state: ParticipantState = .expected, invitationID: InvitationID? = nil
    ) {
        self.id = id
        self.sessionID = sessionID
        self.subjectID = subjectID
        self.role = role
        self.externalUserID = externalUserID
        self.state = state
        self.invitationID = invitationID
        capabilities = role.rights.capabilities
    }
}
