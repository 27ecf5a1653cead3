// What changes of rows mean for whoever keeps the values that they are part of.

public import TelehealthModel

extension Decision.Change {
    /// The value that a row is part of: what is read, cached and forgotten as one.
    public enum Owner: Sendable, Hashable {
        case session(SessionID)
        case appointment(AppointmentID)
        /// Somebody's consent history.
        case person(SubjectID)
        case documents(ConsentType)
        /// The row is read by itself.
        case itself
    }

    public var owner: Owner {
        switch self {
        case .appointment(let row): .appointment(row.id)
        case .session(let row): .session(row.id)
        case .participant(let row): .session(row.sessionID)
        case .meeting(let row): .session(row.sessionID)
        case .recording(let row): .session(row.sessionID)
        case .screenShare(let row): .session(row.sessionID)
        case .invitation(let row): .session(row.sessionID)
        case .consent(let row): .person(row.subjectID)
        case .consentVersion(let subject, _), .birthDate(let subject, _): .person(subject)
        case .document(let row): .documents(row.type)
        case .effect, .meetingFact, .presence, .clientQuality, .joinTime, .serviceFailure, .earlyCancellation:
            .itself
        }
    }
}
