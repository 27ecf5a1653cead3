internal import TelehealthModel
internal import TelehealthRules

/// What a batch did to the cached values, from its first decision to the end of its commit.
struct CacheUpdate {
    private var decisions: [Decision] = []
    private var touched: Set<SessionID> = []
    private var created: Set<SessionID> = []
    private var consents: Set<SubjectID> = []
    private var appointments: Set<AppointmentID> = []
    private var documents: Set<ConsentType> = []
    private var sessions: [SessionID: SessionState] = [:]

    /// Notes a decision whose savepoint was released.
    mutating func note(_ decision: Decision, created: [SessionID]) {
        decisions.append(decision)
        self.created.formUnion(created)
        for index in decision.changes.indices {
            switch decision.changes[index].owner {
            case .session(let id): touched.insert(id)
            case .appointment(let id): appointments.insert(id)
            case .person(let id): consents.insert(id)
            case .documents(let type): documents.insert(type)
            case .itself: break
            }
        }
    }

    /// Before COMMIT: hides what the batch touched and works out the sessions' new states, where the old one
    /// is known or the session is new.
    mutating func withhold(_ caches: StoreCaches) {
        sessions = caches.sessions.withhold(touched)
        _ = caches.consents.withhold(consents)
        _ = caches.appointments.withhold(appointments)
        _ = caches.documents.withhold(documents)
        // Of a session made in this batch, everything is in the batch's changes.
        if !created.isEmpty {
            for decision in decisions {
                for case .session(let row) in decision.changes
                where created.contains(row.id) && sessions[row.id] == nil {
                    sessions[row.id] = SessionState(session: row)
                }
            }
        }
        for decision in decisions {
            for index in decision.changes.indices {
                guard case .session(let id) = decision.changes[index].owner else { continue }
                sessions[id]?.absorb(decision.changes[index])
            }
        }
    }

    /// After COMMIT, or after it failed: then nothing is known.
    func publish(_ caches: StoreCaches, committed: Bool) {
        caches.sessions.publish(committed ? sessions : [:])
        caches.consents.publish([:])
        caches.appointments.publish([:])
        caches.documents.publish([:])
    }
}
