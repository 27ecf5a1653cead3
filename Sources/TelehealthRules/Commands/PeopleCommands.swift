public import TelehealthModel

public struct InviteParticipant: Sendable, Hashable {
    public var sessionID: SessionID
    public var role: ParticipantRole
    /// Somebody with a token of their own; nil = whoever redeems the grant.
    public var subjectID: SubjectID?
    /// Of the grant; nil = ``Policy/invitationValidity``.
    public var validFor: Duration?

    public init(
        sessionID: SessionID, role: ParticipantRole, subjectID: SubjectID? = nil, validFor: Duration? = nil
    ) {
        self.sessionID = sessionID
        self.role = role
        self.subjectID = subjectID
        self.validFor = validFor
    }
}

/// What a lead clinician does to one participant.
public enum ModerationAction: Sendable, Hashable {
    /// Out of the waiting room; may not come back.
    case deny
    /// Out of the visit; may not come back.
    case remove
    /// Out of the visit into the waiting room, until let in by name.
    case returnToWaitingRoom
    case setCapabilities(MediaCapabilities)
}

public struct LeaveSession: Sendable, Hashable {
    public var sessionID: SessionID
    /// The device that goes: one that another has taken over from changes nothing. nil = the person goes.
    public var deviceID: String?

    public init(sessionID: SessionID, deviceID: String? = nil) {
        self.sessionID = sessionID
        self.deviceID = deviceID
    }
}
