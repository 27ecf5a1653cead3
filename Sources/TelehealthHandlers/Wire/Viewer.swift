internal import TelehealthModel
internal import TelehealthRules

/// How much of a visit its reader may see, according to their role in it (`RoleRights` lists what each role sees).
///
/// | field | visible to |
/// |---|---|
/// | clinician's join URL, meeting, end note, callers, object keys | the clinic's systems, roles that see everything |
/// | the pre-visit check | roles that see everything, admins, the person who gave it |
/// | another person's attendee id | the clinic's systems, roles that see everything |
/// | ids of people and of the appointment | all except roles that see only roles |
/// | who else is there | all; those who see only roles, once admitted |
/// | open invitations | lead clinicians, scheduler, admin (`Visibility`) |
/// | the rest | everyone who may see the session at all |
struct Viewer {
    private let standing: CallerMembership?
    private let own: Participant?
    private let sight: RoleRights.Visibility

    /// - Parameter state: the session that is then written.
    init(_ caller: Caller, in state: SessionState) {
        standing = CallerMembership.of(caller, in: state)
        own = state.place(of: caller)
        sight = own?.sight ?? standing?.sight ?? .roles
    }

    /// For rows without their participants: what the caller's role alone permits.
    init(_ caller: Caller) {
        let standing: CallerMembership =
            switch caller.role {
            case .service, .scheduler, .admin: .staff(caller.role)
            case .clinician: .participant(.clinician)
            case .client: .participant(.client)
            case .guest: .participant(.guest)
            }
        self.standing = standing
        own = nil
        sight = standing.sight
    }

    var isStaff: Bool {
        switch standing {
        case .staff: true
        case .participant: sight == .everything
        case nil: false
        }
    }

    var seesIDs: Bool { sight != .roles }

    func isSelf(_ participant: Participant) -> Bool { participant.id == own?.id }

    func sees(_ participant: Participant) -> Bool {
        seesIDs || isSelf(participant) || own?.state == .admitted
    }

    func seesCheck(of participant: Participant) -> Bool {
        if isSelf(participant) { return true }
        switch standing {
        case .staff(let role): return role == .admin
        case .participant: return sight == .everything
        case nil: return false
        }
    }
}
