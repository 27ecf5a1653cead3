internal import TelehealthCore

/// How much of a visit its reader is shown.
///
/// | field | who is shown it |
/// |---|---|
/// | clinician's join URL, meeting, end note, who wrote, pipelines, object keys | staff |
/// | the pre-visit check | the session's clinician, admins, the person who gave it |
/// | another person's attendee id | staff |
/// | the rest | everybody who may see the session at all |
struct Viewer {
    private let role: Role
    private let clinicianID: SubjectID?
    let clientID: SubjectID?

    init(_ caller: Caller) {
        role = caller.role
        clinicianID = caller.clinicianID
        clientID = caller.clientID
    }

    var isStaff: Bool {
        switch role {
        case .client: false
        case .service, .scheduler, .clinician, .admin: true
        }
    }

    func isSelf(_ participant: Participant) -> Bool {
        switch participant.role {
        case .clinician: participant.subjectID == clinicianID
        case .client, .guardian: participant.subjectID == clientID
        }
    }

    func seesCheck(of participant: Participant, in session: Session) -> Bool {
        switch role {
        case .admin: true
        case .clinician: session.clinicianID == clinicianID
        case .client: isSelf(participant)
        case .service, .scheduler: false
        }
    }
}
