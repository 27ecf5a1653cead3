internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension MemoryStore {
    @discardableResult
    func follow(_ follower: @escaping @Sendable (CommitNotice) -> Void) -> Int64 {
        tables.withLock { tables in
            tables.followers.append(follower)
            return Int64(tables.audit.count)
        }
    }

    func feedSeal(at position: Int64) async throws(StoreError) -> FeedSeal? {
        if position == 0 { return FeedSeal(position: 0, key: [], at: Timestamp(microseconds: 0)) }
        let rows = snapshot.audit
        guard (1...Int64(rows.count)).contains(position) else { return nil }
        let row = rows[Int(position) - 1]
        return FeedSeal(position: position, key: Array("\(row)".utf8), at: row.at)
    }

    func feedPosition(of id: SessionID) async throws(StoreError) -> Int64 { snapshot.positions[id] ?? 0 }

    func visitMarks(_ query: VisitQuery) async throws(StoreError) -> [VisitMark] {
        let tables = snapshot
        let states = tables.sessions.values.filter { state in
            query.range.contains(state.session.startsAt)
                && (query.viewer == nil || query.viewer == state.session.clinicianID
                    || state.participants.contains {
                        $0.subjectID == query.viewer && !$0.role.rights.isOfAppointment && !$0.isBarred
                    })
                && tables.positions[state.session.id] ?? 0 > query.changedAfter ?? -1
        }
        let sorted = states.map(\.session).sorted { ($0.startsAt, $0.id.rawValue) < ($1.startsAt, $1.id.rawValue) }
        return sorted.prefix(query.limit).map {
            VisitMark(sessionID: $0.id, position: tables.positions[$0.id] ?? 0)
        }
    }

    func departures(of viewer: SubjectID?, after position: Int64, limit: Int) async throws(StoreError)
        -> [(position: Int64, departure: VisitDeparture)]
    {
        Array(
            snapshot.departures.filter { $0.position > position && $0.departure.viewer == viewer }.prefix(limit))
    }
}

extension MemoryStore.Tables {
    /// After the commit of a decision.
    mutating func tell(_ decision: Decision) {
        let position = Int64(audit.count)
        var changed: [SessionID] = []
        for change in decision.changes {
            switch change {
            case .session(let row): changed.append(row.id)
            case .consentVersion(let person, _), .birthDate(let person, _):
                changed += order.filter { id in
                    sessions[id].map { $0.session.clientID == person && !$0.session.status.isTerminal } ?? false
                }
            default: break
            }
        }
        for id in changed { positions[id] = position }
        departures += decision.departures.map { (position, $0) }
        var notice = CommitNotice(position: position)
        notice.add(
            decision,
            changes: Set(changed).map { id in
                VisitChange(
                    sessionID: id, position: position, departures: decision.departures.filter { $0.sessionID == id })
            })
        for follower in followers { follower(notice) }
    }
}
