/// What a verified token says its bearer is.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Another back-end service of the clinic.
    case service
    /// The scheduling system or its staff.
    case scheduler
    case clinician
    case client
    case admin
    /// Somebody without an account, in one session: by a pass of this service (``GuestKey``), never by a JWT.
    case guest
}

/// The one place that a guest's pass is good for.
public struct GuestIdentity: Sendable, Hashable {
    public let sessionID: SessionID
    public let participantID: ParticipantID
    /// Made at the redemption; a guest's consents are kept under it.
    public let subjectID: SubjectID

    public init(sessionID: SessionID, participantID: ParticipantID, subjectID: SubjectID) {
        self.sessionID = sessionID
        self.participantID = participantID
        self.subjectID = subjectID
    }
}

/// Who is calling, as the verified token says; never as a request field says.
public struct Caller: Sendable, Hashable {
    /// The token's `sub`.
    public let subject: String
    public let role: Role
    /// Set when ``role`` is client (or a service acts for one): the person's id in the clinic's records.
    public let clientID: SubjectID?
    /// Set when ``role`` is clinician (or a service acts for one): the staff member's id in the clinic's
    /// records. An interpreter, observer or supervisor of the clinic has this role, too: a caller's role says
    /// which calls a token may use at all, the roster of the session says what its bearer is there.
    public let clinicianID: SubjectID?
    /// Set when ``role`` is guest.
    public let guest: GuestIdentity?
    /// The token's `act`: the service that acts on the subject's behalf.
    public let actor: String?
    /// When the token ends; a watch ends with it.
    public let expiresAt: Timestamp
    /// The peer's address without its port, for the audit log; nil where no network was involved.
    public var source: String?

    public init(
        subject: String, role: Role, clientID: SubjectID? = nil, clinicianID: SubjectID? = nil,
        guest: GuestIdentity? = nil, actor: String? = nil, expiresAt: Timestamp
    ) {
        self.subject = subject
        self.role = role
        self.clientID = clientID
        self.clinicianID = clinicianID
        self.guest = guest
        self.actor = actor
        self.expiresAt = expiresAt
    }

    /// As whom this caller would stand on a roster; nil for the clinic's systems.
    public var personID: SubjectID? {
        switch role {
        case .client: clientID
        case .clinician: clinicianID
        case .guest: guest?.subjectID
        case .service, .scheduler, .admin: nil
        }
    }
}
