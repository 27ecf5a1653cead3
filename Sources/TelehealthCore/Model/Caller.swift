/// What a verified token says its bearer is.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Another back-end service of the clinic.
    case service
    /// The scheduling system or its staff.
    case scheduler
    case clinician
    case client
    case admin
}

/// Who is calling, as the verified token says; never as a request field says.
public struct Caller: Sendable, Hashable {
    /// The token's `sub`.
    public let subject: String
    public let role: Role
    /// Set when ``role`` is client (or a service acts for one): the person's id in the clinic's records.
    public let clientID: SubjectID?
    /// Set when ``role`` is clinician (or a service acts for one).
    public let clinicianID: SubjectID?
    /// The token's `act`: the service that acts on the subject's behalf.
    public let actor: String?
    /// When the token ends; a watch ends with it.
    public let expiresAt: Timestamp
    /// The peer's address without its port, for the audit log; nil where no network was involved.
    public var source: String?

    public init(
        subject: String, role: Role, clientID: SubjectID? = nil, clinicianID: SubjectID? = nil,
        actor: String? = nil, expiresAt: Timestamp
    ) {
        self.subject = subject
        self.role = role
        self.clientID = clientID
        self.clinicianID = clinicianID
        self.actor = actor
        self.expiresAt = expiresAt
    }
}
