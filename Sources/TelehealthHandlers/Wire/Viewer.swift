internal import TelehealthModel
internal import TelehealthRules

/// How much of a visit its reader is shown, by their standing in it (the table of `RoleRights` says what each role
/// sees).
///
/// | field | who is shown it |
/// |---|---|
/// | clinician's join URL, meeting, end note, who wrote, object keys | the clinic's systems, who sees everything |
/// | the pre-visit check | who sees everything, admins, the person who gave it |
/// | another person's attendee id | the clinic's systems, who sees everything |
/// | ids of people and of the appointment | all but those who see roles only |
/// | who else is there | all; whoever sees roles only, once let in |
/// | open invitations | who leads the visit, scheduler, admin (`Visibility`) |
/// | the rest | everybody who may see the session at all |
struct Viewer {
    private let standing: Standing?
    private let own: Participant?
    private let sight: RoleRights.Sight

    /// - Parameter state: must be the session of everything that is then written.
    init(_ caller: Caller, in state: SessionState) {
        standing = Standing.of(caller, in: state)
        own = state.place(of: caller)
        sight = own?.sight ?? standing?.sight ?? .roles
    }

    /// For rows without their people: what the caller's role alone shows.
    init(_ caller: Caller) {
        let standing: Standing =
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
