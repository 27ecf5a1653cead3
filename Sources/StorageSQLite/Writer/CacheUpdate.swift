internal import TelehealthCore

/// What a batch did to the cached values, from its first decision to the end of its commit.
struct CacheUpdate {
    private var changes: [SessionID: [Decision.Change]] = [:]
    private var consents: Set<SubjectID> = []
    private var appointments: Set<AppointmentID> = []
    private var documents: Set<ConsentType> = []
    private var sessions: [SessionID: SessionState] = [:]

    private var created: Set<SessionID> = []

    /// Notes a decision whose savepoint was released.
    mutating func note(_ decision: Decision, created: [SessionID]) {
        self.created.formUnion(created)
        for change in decision.changes {
            if let session = change.aggregate {
                changes[session, default: []].append(change)
                continue
            }
            switch change {
            case .appointment(let row): appointments.insert(row.id)
            case .consent(let row): consents.insert(row.subjectID)
            case .consentVersion(let subject, _): consents.insert(subject)
            case .document(let row): documents.insert(row.type)
            case .effect, .session, .participant, .meeting, .recording, .screenShare: break
            }
        }
    }

    /// Before COMMIT: hides what the batch touched and works out the sessions' new states, where the old one is known
    /// or the session is new.
    mutating func withhold(_ caches: StoreCaches) {
        let known = caches.sessions.withhold(changes.keys)
        _ = caches.consents.withhold(consents)
        _ = caches.appointments.withhold(appointments)
        _ = caches.documents.withhold(documents)
        for (id, changes) in changes {
            guard var state = known[id] ?? newSession(id, changes) else { continue }
            for change in changes { state.absorb(change) }
            sessions[id] = state
        }
    }

    /// After COMMIT, or after it failed: then nothing is known.
    func publish(_ caches: StoreCaches, committed: Bool) {
        caches.sessions.publish(committed ? sessions : [:])
        caches.consents.publish([:])
        caches.appointments.publish([:])
        caches.documents.publish([:])
    }

    /// Of a session made in this batch, all that there is stands in the batch's changes.
    private func newSession(_ id: SessionID, _ changes: [Decision.Change]) -> SessionState? {
        guard created.contains(id) else { return nil }
        for case .session(let row) in changes { return SessionState(session: row) }
        return nil
    }
}
