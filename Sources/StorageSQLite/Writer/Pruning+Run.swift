internal import Storage
internal import TelehealthModel

extension Pruning {
    /// Rows (requests, effects) and sessions (with their few tens of events) per step: about 2 ms.
    private static let requestsPerStep = 500
    private static let effectsPerStep = 500
    private static let sessionsPerStep = 50

    private static let deleteRequests = PreparedSQL(
        "requests.prune",
        """
        DELETE FROM requests WHERE (request_id, method, subject) IN \
        (SELECT request_id, method, subject FROM requests WHERE expires_at < ?1 LIMIT ?2)
        """)
    private static let endedSessions = PreparedSQL(
        "sessions.to prune",
        "SELECT id FROM sessions WHERE is_open = 0 AND oldest_event_at < ?1 ORDER BY oldest_event_at LIMIT ?2"
    )
    private static let deleteEvents = PreparedSQL(
        "session_events.prune", "DELETE FROM session_events WHERE session_id = ?1 AND at < ?2")
    private static let noteOldest = PreparedSQL(
        "sessions.note oldest event",
        """
        UPDATE sessions SET oldest_event_at = (SELECT min(at) FROM session_events WHERE session_id = ?1) \
        WHERE id = ?1
        """)

    /// What was given up stays until somebody has looked at it.
    private static let deleteEffects = PreparedSQL(
        "effects.prune",
        """
        DELETE FROM effects WHERE id IN \
        (SELECT id FROM effects WHERE state = 'done' AND due_at < ?1 LIMIT ?2)
        """)

    private static let deleteEarlyCancellations = PreparedSQL(
        "early_cancellations.prune",
        """
        DELETE FROM early_cancellations WHERE appointment_id IN \
        (SELECT appointment_id FROM early_cancellations WHERE cancelled_at < ?1 LIMIT ?2)
        """)

    private static let deleteDepartures = PreparedSQL(
        "visit_departures.prune",
        """
        DELETE FROM visit_departures WHERE number IN \
        (SELECT number FROM visit_departures WHERE at < ?1 LIMIT ?2)
        """)

    static let statements = [
        deleteRequests, deleteEffects, deleteEarlyCancellations, deleteDepartures,
        endedSessions, deleteEvents, noteOldest,
    ]

    /// - Returns: whether all is done.
    func step(_ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
        let requests = try connection.run(Self.deleteRequests) { values in
            values.add(requestsBefore)
            values.add(Self.requestsPerStep)
        }
        let effects = try connection.run(Self.deleteEffects) { values in
            values.add(effectsBefore)
            values.add(Self.effectsPerStep)
        }
        let cancellations = try connection.run(Self.deleteEarlyCancellations) { values in
            values.add(earlyCancellationsBefore)
            values.add(Self.effectsPerStep)
        }
        let departures = try connection.run(Self.deleteDepartures) { values in
            values.add(eventsBefore)
            values.add(Self.effectsPerStep)
        }
        let sessions = try connection.all(
            Self.endedSessions,
            bind: { values in
                values.add(eventsBefore)
                values.add(Self.sessionsPerStep)
            }, read: { row in row.identifier(SessionID.self) })
        for id in sessions {
            try connection.run(Self.deleteEvents) { values in
                values.add(id)
                values.add(eventsBefore)
            }
            try connection.run(Self.noteOldest) { $0.add(id) }
        }
        return requests < Self.requestsPerStep && effects < Self.effectsPerStep
            && cancellations < Self.effectsPerStep && departures < Self.effectsPerStep
            && sessions.count < Self.sessionsPerStep
    }
}
