public import TelehealthModel
public import TelehealthRules

extension SQLiteStore {
    public func owner(of reference: MeetingReference) async throws(StoreError) -> SessionID? {
        try readers.readOnce { (connection) throws(SQLiteError) in
            switch reference {
            case .meeting(let id):
                try connection.first(
                    MeetingRow.ownerOfMeeting, bind: { $0.add(id) }, read: { row in row.identifier() })
            case .token(let token):
                try connection.first(
                    MeetingRow.ownerOfToken, bind: { $0.add(token) }, read: { row in row.identifier() })
            case .pipeline(let id):
                try connection.first(
                    RecordingRow.ofPipeline, bind: { $0.add(id) }, read: { row in row.identifier() })
            }
        }
    }

    public func meetingFacts(of session: SessionID) async throws(StoreError) -> [MeetingFact] {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(
                MeetingFactRow.ofSession, bind: { $0.add(session) }, read: MeetingFactRow.read)
        }
    }

    public func presence(of session: SessionID) async throws(StoreError) -> [PresenceInterval] {
        let rows = try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(PresenceRow.ofSession, bind: { $0.add(session) }, read: PresenceRow.read)
        }
        return rows.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    }

    public func recordingsToDelete(
        before instant: Timestamp, limit: Int
    ) async throws(StoreError) -> [(session: SessionID, recording: RecordingID)] {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(
                RecordingRow.toDelete,
                bind: { values in
                    values.add(instant)
                    values.add(max(limit, 0))
                }, read: { row in (row.identifier(), row.identifier()) })
        }
    }
}
