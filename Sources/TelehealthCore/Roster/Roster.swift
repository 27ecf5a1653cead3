/// Who somebody is to one session: decided from the verified identity and the appointment, never from a
/// request.
public enum Standing: Sendable, Hashable {
    case participant(ParticipantRole)
    /// Not of the visit, but of the clinic: sees it, cannot join it.
    case staff(Role)

    /// - Returns: nil when the caller may not know that the session exists.
    public static func of(_ caller: Caller, in session: Session) -> Standing? {
        of(caller, client: session.clientID, guardian: session.guardianID, clinician: session.clinicianID)
    }

    /// - Returns: nil when the caller may not know that the appointment exists.
    public static func of(_ caller: Caller, in appointment: Appointment) -> Standing? {
        of(
            caller, client: appointment.clientID, guardian: appointment.guardianID,
            clinician: appointment.clinicianID)
    }

    private static func of(_ caller: Caller, client: SubjectID, guardian: SubjectID?, clinician: SubjectID)
        -> Standing?
    {
        switch caller.role {
        case .service, .scheduler, .admin: return .staff(caller.role)
        case .clinician:
            guard let id = caller.clinicianID else { return nil }
            return id == clinician || caller.emergencyReason != nil ? .participant(.clinician) : nil
        case .client:
            guard let id = caller.clientID else { return nil }
            if id == client { return .participant(.client) }
            return id == guardian ? .participant(.guardian) : nil
        }
    }

    /// The clinician of the visit, or an administrator in the clinician's stead.
    var leadsVisit: Bool {
        switch self {
        case .participant(.clinician), .staff(.admin): true
        case .participant, .staff: false
        }
    }

    var isStaff: Bool {
        switch self {
        case .staff: true
        case .participant: false
        }
    }
}

/// What ties a caller to the person whose consents they touch.
public enum SubjectTie: Sendable, Hashable {
    /// The person themself.
    case own
    /// Signs for the client of a visit.
    case guardian
    /// Has or had a visit with the person.
    case clinician
    case staff(Role)

    /// What identity alone says; the ties of guardian and clinician stand in sessions and appointments.
    static func byIdentity(_ caller: Caller, subject: SubjectID) -> SubjectTie? {
        switch caller.role {
        case .service, .scheduler, .admin: .staff(caller.role)
        case .client: caller.clientID == subject ? .own : nil
        case .clinician: caller.clinicianID == subject ? .own : nil
        }
    }

    /// What a common visit says.
    static func byVisit(
        _ caller: Caller, subject: SubjectID, client: SubjectID, guardian: SubjectID?, clinician: SubjectID
    ) -> SubjectTie? {
        switch caller.role {
        case .service, .scheduler, .admin: nil
        case .client:
            guardian != nil && caller.clientID == guardian && subject == client ? .guardian : nil
        case .clinician:
            caller.clinicianID == clinician && (subject == client || subject == guardian) ? .clinician : nil
        }
    }
}
