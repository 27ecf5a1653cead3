internal import TelehealthModel
internal import TelehealthRules

/// Puts a session's aggregate together; the caller holds the snapshot.
enum SessionLoader {
    static func load(_ id: SessionID, _ connection: SQLiteConnection) throws(SQLiteError) -> SessionState? {
        let session = try connection.first(SessionRow.byID, bind: { $0.add(id) }, read: SessionRow.read)
        guard let session else { return nil }
        return try complete(session, connection)
    }

    static func complete(_ session: Session, _ connection: SQLiteConnection) throws(SQLiteError)
        -> SessionState
    {
        let id = session.id
        let participants = try connection.all(
            ParticipantRow.ofSession, bind: { $0.add(id) }, read: ParticipantRow.read)
        let invitations = try connection.all(
            InvitationRow.ofSession, bind: { $0.add(id) }, read: InvitationRow.read)
        // Recordings and shares are of a meeting, so three look-ups are spared to a session that had none yet.
        guard session.currentGeneration > 0 else {
            return SessionState(session: session, participants: participants, invitations: invitations)
        }
        return SessionState(
            session: session, participants: participants,
            meetings: try connection.all(MeetingRow.ofSession, bind: { $0.add(id) }, read: MeetingRow.read),
            recordings: try connection.all(
                RecordingRow.ofSession, bind: { $0.add(id) }, read: RecordingRow.read),
            screenShares: try connection.all(
                ScreenShareRow.ofSession, bind: { $0.add(id) }, read: ScreenShareRow.read),
            invitations: invitations)
    }
}

extension SessionState {
    /// The aggregate after a change to one of its rows, in the order in which ``SessionLoader`` reads them.
    mutating func absorb(_ change: Decision.Change) {
        switch change {
        case .session(let row): session = row
        case .participant(let row):
            participants.put(row, key: \.id.rawValue, before: { $0.id.rawValue < $1.id.rawValue })
        case .meeting(let row):
            meetings.put(row, key: \.generation, before: { $0.generation < $1.generation })
        case .recording(let row):
            recordings.put(row, key: \.id.rawValue) {
                ($0.segment, $0.id.rawValue) < ($1.segment, $1.id.rawValue)
            }
        case .screenShare(let row):
            screenShares.put(row, key: \.id.rawValue) {
                ($0.startedAt, $0.id.rawValue) < ($1.startedAt, $1.id.rawValue)
            }
        case .invitation(let row):
            invitations.put(row, key: \.id.rawValue, before: { $0.id.rawValue < $1.id.rawValue })
        case .appointment, .consent, .consentVersion, .document, .effect, .birthDate, .meetingFact, .presence,
            .clientQuality, .joinTime, .serviceFailure, .earlyCancellation:
            break
        }
    }
}

extension Array {
    /// Replaces the element with the same key or inserts in order.
    fileprivate mutating func put<Key: Equatable>(
        _ element: Element, key: (Element) -> Key, before: (Element, Element) -> Bool
    ) {
        if let place = firstIndex(where: { key($0) == key(element) }) {
            if !before(self[place], element), !before(element, self[place]) {
                self[place] = element
                return
            }
            remove(at: place)
        }
        insert(element, at: firstIndex { before(element, $0) } ?? endIndex)
    }
}
