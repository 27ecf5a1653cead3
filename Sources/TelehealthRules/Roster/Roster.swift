public import TelehealthModel

/// Who somebody is to one session: decided from the verified identity, the appointment and the session's roster,
/// never from a request.
public enum CallerMembership: Sendable, Hashable {
    case participant(ParticipantRole)
    /// Not of the visit, but of the clinic: sees it, cannot join it.
    case staff(Role)

    /// - Returns: nil when the caller may not know that the session exists.
    public static func of(_ caller: Caller, in state: SessionState) -> CallerMembership? {
        if let standing = of(caller, in: state.session) { return standing }
        return state.place(of: caller).map { .participant($0.role) }
    }

    /// For those of the appointment and the clinic's systems: what the session's own row tells.
    public static func of(_ caller: Caller, in session: Session) -> CallerMembership? {
        of(caller, client: session.clientID, guardian: session.guardianID, clinician: session.clinicianID)
    }

    /// - Returns: nil when the caller may not know that the appointment exists.
    public static func of(_ caller: Caller, in appointment: Appointment) -> CallerMembership? {
        of(
            caller, client: appointment.clientID, guardian: appointment.guardianID,
            clinician: appointment.clinicianID)
    }

    private static func of(_ caller: Caller, client: SubjectID, guardian: SubjectID?, clinician: SubjectID)
        -> CallerMembership?
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
        case .guest: return nil
        }
    }

    /// Those who lead the visit by the table of roles, or an administrator in their stead.
    package var leadsVisit: Bool {
        switch self {
        case .participant(let role): role.rights.leads
        case .staff(.admin): true
        case .staff: false
        }
    }

    /// Those who lead, and the scheduling system.
    var invites: Bool { leadsVisit || self == .staff(.scheduler) }

    package var isStaff: Bool {
        switch self {
        case .staff: true
        case .participant: false
        }
    }

    /// What the table of roles shows this viewer; the clinic's systems see people.
    public var sight: RoleRights.Visibility {
        switch self {
        case .participant(let role): role.rights.sight
        case .staff(.admin): .everything
        case .staff: .people
        }
    }
}

extension SessionState {
    /// The caller's place on the roster, also one that they were sent away from.
    ///
    /// - Returns: nil for the clinic's systems, and for whoever the roster does not know (any more).
    public func place(of caller: Caller) -> Participant? {
        guard let subject = caller.personID else { return nil }
        if let guest = caller.guest {
            guard guest.sessionID == session.id else { return nil }
            return participants.first { $0.id == guest.participantID && $0.subjectID == subject }
        }
        let isClientParty: Bool
        switch caller.role {
        case .client: isClientParty = true
        case .clinician: isClientParty = false
        case .service, .scheduler, .admin, .guest: return nil
        }
        // By index, for no copies of people: every call of a participant comes here several times.
        var barred: Int?
        for index in participants.indices
        where participants[index].subjectID == subject && participants[index].invitationID == nil
            && participants[index].role.rights.isClientParty == isClientParty && isRostered(participants[index])
        {
            if !participants[index].isBarred { return participants[index] }
            barred = index
        }
        return barred.map { participants[$0] }
    }

    /// The caller's present place on the roster.
    ///
    /// - Throws: `NOT_ALLOWED` for staff, `SESSION_NOT_FOUND`, `PARTICIPANT_REMOVED`, `PARTICIPANT_DENIED`.
    package func ownParticipant(of caller: Caller) throws(TelehealthError) -> Participant {
        switch CallerMembership.of(caller, in: self) {
        case .participant: break
        case .staff: throw TelehealthError(.notAllowed)
        case nil: throw TelehealthError(.sessionNotFound)
        }
        guard let participant = place(of: caller) else { throw TelehealthError(.sessionNotFound) }
        if let refusal = participant.refusal { throw refusal }
        return participant
    }

    /// Whom a clinician's token shows the visit: the appointment's clinician and invited staff, none who was sent away.
    package var staffViewers: [SubjectID] {
        let places = participants.filter {
            $0.invitationID == nil && !$0.role.rights.isClientParty && isRostered($0)
        }
        var viewers: [SubjectID] = []
        for place in places where !place.isBarred && !viewers.contains(place.subjectID) {
            viewers.append(place.subjectID)
        }
        let clinician = session.clinicianID
        if !places.contains(where: { $0.subjectID == clinician }) { viewers.append(clinician) }
        return viewers
    }

    /// Whether the place still counts: one of the appointment ends when the appointment names somebody else, an
    /// invited one when it names this person, and a former one when the person has another.
    func isRostered(_ place: Participant) -> Bool {
        let isNamed: Bool
        switch place.role {
        case .clinician: isNamed = place.subjectID == session.clinicianID
        case .client: isNamed = place.subjectID == session.clientID
        case .guardian: isNamed = place.subjectID == session.guardianID
        case .coClinician, .supervisor, .interpreter, .observer, .guest:
            let named = [session.clinicianID, session.clientID, session.guardianID]
            isNamed = !named.contains(place.subjectID)
        }
        guard isNamed, place.isBarred else { return isNamed }
        return !participants.contains {
            $0.subjectID == place.subjectID && $0.id != place.id && !$0.isBarred
        }
    }
}

/// What ties a caller to the person whose consents they touch.
public enum SubjectRelationship: Sendable, Hashable {
    /// The person themself.
    case own
    /// Signs for the client of a visit.
    case guardian
    /// Has or had a visit with the person.
    case clinician
    case staff(Role)

    /// What identity alone says; the ties of guardian and clinician are in sessions and appointments.
    package static func byIdentity(_ caller: Caller, subject: SubjectID) -> SubjectRelationship? {
        switch caller.role {
        case .service, .scheduler, .admin: .staff(caller.role)
        case .client, .clinician, .guest: caller.personID == subject ? .own : nil
        }
    }

    /// What a common visit says.
    package static func byVisit(_ caller: Caller, subject: SubjectID, in session: Session) -> SubjectRelationship? {
        byVisit(caller, subject, session.clientID, session.guardianID, session.clinicianID)
    }

    /// What a booked appointment says.
    package static func byVisit(_ caller: Caller, subject: SubjectID, in row: Appointment) -> SubjectRelationship? {
        byVisit(caller, subject, row.clientID, row.guardianID, row.clinicianID)
    }

    /// A clinician's tie to client and guardian; a guardian's is a matter of time and age (``Guardianship``).
    private static func byVisit(
        _ caller: Caller, _ subject: SubjectID, _ client: SubjectID, _ guardian: SubjectID?, _ clinician: SubjectID
    ) -> SubjectRelationship? {
        guard caller.role == .clinician, caller.clinicianID == clinician else { return nil }
        return subject == client || subject == guardian ? .clinician : nil
    }

    /// What a session's roster says: a clinician in charge of the visit may attest what people in it said or signed.
    package static func byRoster(_ caller: Caller, subject: SubjectID, in state: SessionState) -> SubjectRelationship? {
        guard caller.role == .clinician, let own = state.place(of: caller), !own.isBarred,
            own.role.rights.leads, let other = state.participant(of: subject), other.id != own.id
        else { return nil }
        return other.role.rights.countsAsClinician ? nil : .clinician
    }
}
