public import TelehealthModel

extension SessionState {
    /// The person with this id, whatever their state.
    public func participant(_ id: ParticipantID) -> Participant? { participants.first { $0.id == id } }

    /// The person's present place on the roster.
    public func participant(of subject: SubjectID) -> Participant? {
        participants.first { $0.subjectID == subject && $0.state != .removed }
    }

    /// Everybody who has or had a place, the clinician first, then the client's side, then who was invited.
    public var rostered: [Participant] {
        // By index, for no copies of people, who are usually in this order already.
        let order = participants.indices.sorted { precedes($0, $1) }
        return order.elementsEqual(participants.indices) ? participants : order.map { participants[$0] }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let ranks = (Self.rank(participants[left].role), Self.rank(participants[right].role))
        if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
        let isBarred = (participants[left].isBarred, participants[right].isBarred)
        if isBarred.0 != isBarred.1 { return isBarred.1 }
        return participants[left].id.rawValue < participants[right].id.rawValue
    }

    private static let roles = ParticipantRole.allCases

    private static func rank(_ role: ParticipantRole) -> Int { roles.firstIndex(of: role) ?? 0 }

    /// Whether somebody who counts as the clinician (``RoleRights/countsAsClinician``) is in the visit.
    public var isClinicianPresent: Bool {
        participants.contains { $0.role.rights.countsAsClinician && $0.state == .admitted }
    }

    public func invitation(_ id: InvitationID) -> Invitation? { invitations.first { $0.id == id } }

    /// Everybody who is in the visit now.
    public var admitted: [Participant] { participants.filter { $0.state == .admitted } }

    /// The generation that serves, or will serve, joins; at most one.
    public var liveMeeting: MeetingGeneration? {
        meetings.last { $0.state == .intent || $0.state == .active }
    }

    /// The recording whose capture may run; at most one.
    public var activeRecording: Recording? { recordings.last { $0.state.mayCapture } }

    public func recording(_ id: RecordingID) -> Recording? { recordings.first { $0.id == id } }

    public func meeting(_ generation: Int) -> MeetingGeneration? {
        meetings.first { $0.generation == generation }
    }

    /// Who of the client's side has stated the pre-visit check, the last of them where both have.
    public var preVisitChecked: Participant? {
        participants.filter { $0.isClientParty && !$0.isBarred && $0.preVisitCheck != nil && isRostered($0) }
            .max { ($0.preVisitCheck?.checkedAt.microseconds ?? 0) < ($1.preVisitCheck?.checkedAt.microseconds ?? 0) }
    }

    /// Whether the client or guardian of now ever reached the waiting room or the visit.
    public var clientEverCame: Bool {
        participants.contains { $0.isClientParty && $0.firstWaitingAt != nil && isRostered($0) }
    }
}

extension Participant {
    /// The client, or the guardian who comes with or for the client.
    public var isClientParty: Bool { role.rights.isClientParty }

    /// Beyond client, guardian and clinician: here only with the client's consent, where the place asks for it.
    public var isThirdParty: Bool { !role.rights.isOfAppointment && !role.rights.countsAsClinician }

    /// Sent away by somebody's word, until let in again.
    public var isBarred: Bool {
        switch state {
        case .removed, .denied: true
        case .expected, .waiting, .admitted, .left: false
        }
    }

    /// Whether silence of this person means something.
    public var isHere: Bool {
        switch state {
        case .waiting, .admitted: true
        case .expected, .left, .removed, .denied: false
        }
    }

    var consentRole: ConsentSubjectRole { role.consentRole }

    /// Whether a new meeting is made with an attendee for them already: nobody whose coming is in doubt.
    package var isAwaited: Bool { !isBarred && !isHeld && (role.rights.isOfAppointment || state == .admitted) }
}

extension ParticipantRole {
    /// As whose a consent is kept.
    var consentRole: ConsentSubjectRole {
        switch self {
        case .clinician, .coClinician, .supervisor: .clinician
        case .client: .client
        case .guardian: .guardian
        case .interpreter, .observer, .guest: .thirdParty
        }
    }
}

extension Session {
    /// From the first admission of a client to the end; nil before the end and when no client was ever
    /// admitted.
    public var visitDuration: Duration? {
        guard let startedAt, let endedAt else { return nil }
        return endedAt > startedAt ? endedAt - startedAt : .zero
    }
}
