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
///
/// What the token says is one shared object, so that the many open calls of one bearer do not each hold a copy.
public struct Caller: Sendable, Hashable {
    private struct Fields: Sendable, Hashable {
        let subject: Subject
        let role: Role
        let clientID: SubjectID?
        let clinicianID: SubjectID?
        let guest: GuestIdentity?
        let actor: Subject?
        var expiresAt: Timestamp
        var emergencyReason: String?
    }

    private final class Storage: Sendable {
        let fields: Fields

        init(_ fields: Fields) { self.fields = fields }
    }

    private var storage: Storage
    /// The peer's address without its port, for the audit log; nil where no network was involved.
    public var source: String?

    private var fields: Fields {
        get { storage.fields }
        set { storage = Storage(newValue) }
    }

    /// The token's `sub`.
    public var subject: Subject { storage.fields.subject }
    public var role: Role { storage.fields.role }
    /// Set when ``role`` is client (or a service acts for one): the person's id in the clinic's records.
    public var clientID: SubjectID? { storage.fields.clientID }
    /// Set when ``role`` is clinician (or a service acts for one): the staff member's id in the clinic's
    /// records. An interpreter, observer or supervisor of the clinic has this role, too: a caller's role says
    /// which calls a token may use at all, the roster of the session says what its bearer is there.
    public var clinicianID: SubjectID? { storage.fields.clinicianID }
    /// Set when ``role`` is guest.
    public var guest: GuestIdentity? { storage.fields.guest }
    /// The token's `act`: the service that acts on the subject's behalf.
    public var actor: Subject? { storage.fields.actor }
    /// When the token ends; a watch ends with it.
    public var expiresAt: Timestamp { storage.fields.expiresAt }
    /// Why a clinician who is not of the visit must get in now; nil for every ordinary call.
    public var emergencyReason: String? { storage.fields.emergencyReason }

    public init(
        subject: Subject, role: Role, clientID: SubjectID? = nil, clinicianID: SubjectID? = nil,
        guest: GuestIdentity? = nil, actor: Subject? = nil, expiresAt: Timestamp, emergencyReason: String? = nil
    ) {
        storage = Storage(
            Fields(
                subject: subject, role: role, clientID: clientID, clinicianID: clinicianID, guest: guest,
                actor: actor, expiresAt: expiresAt, emergencyReason: emergencyReason))
    }

    public static func == (left: Caller, right: Caller) -> Bool {
        left.source == right.source && (left.storage === right.storage || left.fields == right.fields)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(fields)
        hasher.combine(source)
    }

    /// The same caller as one without an emergency.
    package var withoutEmergency: Caller {
        var caller = self
        caller.fields.emergencyReason = nil
        return caller
    }

    /// The same caller in an emergency, until the given instant at most.
    public func inEmergency(_ reason: String, until instant: Timestamp) -> Caller {
        var caller = self
        var fields = fields
        fields.expiresAt = min(expiresAt, instant)
        fields.emergencyReason = reason
        caller.fields = fields
        return caller
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
