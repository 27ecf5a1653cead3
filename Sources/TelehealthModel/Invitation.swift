/// One single-use grant by which a person without an account comes to one session.
public struct InvitationID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A place in a visit that is offered by a signed grant (``GuestKey``) and not yet anybody's.
///
/// open -> used | revoked | expired; none of the three is ever left. That it expired follows from the clock.
public struct Invitation: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, CaseIterable { case open, used, revoked, expired }

    /// The grant's nonce.
    public let id: InvitationID
    public let sessionID: SessionID
    public let role: ParticipantRole
    public let createdAt: Timestamp
    /// `Caller.subject`.
    public let createdBy: String
    public let expiresAt: Timestamp
    public var redeemedAt: Timestamp?
    /// Who came by it.
    public var participantID: ParticipantID?
    public var revokedAt: Timestamp?

    public init(
        id: InvitationID, sessionID: SessionID, role: ParticipantRole, createdAt: Timestamp,
        createdBy: String, expiresAt: Timestamp
    ) {
        self.id = id
        self.sessionID = sessionID
        self.role = role
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
    }

    public func state(at now: Timestamp) -> State {
        if redeemedAt != nil { return .used }
        if revokedAt != nil { return .revoked }
        return now >= expiresAt ? .expired : .open
    }
}
