// Whose consents a change of a session looks at.

package import TelehealthModel

extension SessionState {
    /// Of a join or an admission: the client, and everybody while a capture may run or third parties are on the roster.
    package var subjectsOfAdmission: [SubjectID] {
        guard activeRecording != nil || participants.contains(where: \.isThirdParty) else {
            return [session.clientID]
        }
        let people = participants.filter { $0.state != .removed }.map(\.subjectID)
        return people.contains(session.clientID) ? people : people + [session.clientID]
    }

    /// Of a recording: everybody who is in the visit now.
    package var subjectsOfRecording: [SubjectID] { admitted.map(\.subjectID) }

    /// Of the passing of time, which ends consents: everybody in the picture, and who decides on third parties.
    package var subjectsOfSweep: [SubjectID] {
        var subjects = subjectsOfRecording
        if !subjects.contains(session.clientID) { subjects.append(session.clientID) }
        return subjects
    }
}
