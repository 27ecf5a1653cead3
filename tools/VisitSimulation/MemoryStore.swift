internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// The store's contract in memory, with a watchful eye: it refuses nothing a real store would accept, and
/// notes every transaction that breaks a rule of the domain.
final class MemoryStore: TelehealthStore, OutboundOperationStore, VisitFeed, QualityStore {
    var operations: any OutboundOperationStore { self }
    var visitFeed: any VisitFeed { self }
    var quality: any QualityStore { self }

    struct Tables: Sendable {
        var appointments: [AppointmentID: Appointment] = [:]
        var earlyCancellations: [AppointmentID: EarlyCancellation] = [:]
        var sessions: [SessionID: SessionState] = [:]
        var order: [SessionID] = []
        var histories: [SubjectID: ConsentHistory] = [:]
        var documents: [ConsentDocument] = []
        var events: [SessionID: [SessionEvent]] = [:]
        var effects: [Effect] = []
        var audit: [AuditEntry] = []
        var requests: [RequestRecord.Key: RequestRecord] = [:]
        var facts: [SessionID: [MeetingFact]] = [:]
        var presence: [SessionID: [PresenceInterval]] = [:]
        var quality: [ParticipantID: ClientQuality] = [:]
        var joinTimes: [JoinTime] = []
        var failures: [ServiceFailure] = []
        var figures = ServiceFigures()
        var prunedEvents: Set<SessionID> = []
        var violations: [String] = []
        var commits = 0
        var positions: [SessionID: Int64] = [:]
        var departures: [(position: Int64, departure: VisitDeparture)] = []
        var followers: [@Sendable (CommitNotice) -> Void] = []
    }

    let tables = Mutex(Tables())
    /// Runs once, before the next apply looks at its expectations: another call that comes between.
    private let interruption = Mutex<(@Sendable () async -> Void)?>(nil)
    /// Runs once, after the next commit and before its caller continues: a faster competitor.
    private let overtaking = Mutex<(@Sendable () async -> Void)?>(nil)
    private let forcedConflicts = Mutex(0)
    /// Runs before and behind every read of a session and of its events: others who commit meanwhile.
    private let others = Mutex<(@Sendable () async -> Void)?>(nil)
    /// What ``record(_:)`` fails with, if anything.
    let recordingFailure = Mutex<StoreError?>(nil)

    var snapshot: Tables { tables.withLock { $0 } }
    func interrupt(_ body: @escaping @Sendable () async -> Void) { interruption.withLock { $0 = body } }
    func overtake(_ body: @escaping @Sendable () async -> Void) { overtaking.withLock { $0 = body } }
    func besideReads(_ body: (@Sendable () async -> Void)?) { others.withLock { $0 = body } }
    func forceConflicts(_ count: Int) { forcedConflicts.withLock { $0 = count } }

    func appointment(_ id: AppointmentID) async throws(StoreError) -> Appointment? {
        snapshot.appointments[id]
    }
    func earlyCancellation(of id: AppointmentID) async throws(StoreError) -> EarlyCancellation? {
        snapshot.earlyCancellations[id]
    }
    func bookedAppointments(of client: SubjectID, endingAfter: Timestamp) async throws(StoreError) -> [Appointment] {
        snapshot.appointments.values.filter {
            $0.clientID == client && $0.status == .scheduled && $0.endsAt > endingAfter
        }
    }
    func session(_ id: SessionID) async throws(StoreError) -> SessionState? { await beside { $0.sessions[id] } }

    private func beside<Row>(_ read: (Tables) -> Row) async -> Row {
        let others = others.withLock { $0 }
        await others?()
        let row = read(snapshot)
        await others?()
        return row
    }

    func latestSession(of appointment: AppointmentID) async throws(StoreError) -> SessionState? {
        let tables = snapshot
        return tables.order.reversed().lazy.compactMap { tables.sessions[$0] }
            .first { $0.session.appointmentID == appointment }
    }

    func sessions(_ query: SessionQuery) async throws(StoreError) -> [Session] {
        let rows = snapshot.sessions.values.filter { state in
            query.matches(state.session)
                && (query.invitedID == nil
                    || state.participants.contains {
                        $0.subjectID == query.invitedID && !$0.role.rights.isOfAppointment && !$0.isBarred
                    })
                && !state.participants.contains { $0.subjectID == query.openTo && $0.isBarred }
        }.map(\.session)
        return Array(
            rows.sorted { ($0.startsAt, $0.id.rawValue) < ($1.startsAt, $1.id.rawValue) }.prefix(query.limit))
    }

    func openSessions(of subject: SubjectID) async throws(StoreError) -> [SessionID] {
        let tables = snapshot
        return tables.order.filter { id in
            guard let state = tables.sessions[id], !state.session.status.isTerminal else { return false }
            let row = state.session
            return [row.clientID, row.guardianID, row.clinicianID].contains(subject)
                || state.participants.contains {
                    $0.subjectID == subject && !$0.role.rights.isOfAppointment
                }
        }
    }

    func openSessions(
        startingBefore instant: Timestamp, untouchedEndingBefore: Timestamp, after: SessionID?, limit: Int
    ) async throws(StoreError) -> [SessionID] {
        let rows = snapshot.sessions.values.map(\.session)
            .filter { !$0.status.isTerminal && $0.startsAt < instant }
            .filter {
                $0.status != .scheduled || $0.clinicianArrivedAt != nil || $0.endsAt < untouchedEndingBefore
            }
            .sorted { ($0.startsAt, $0.id.rawValue) < ($1.startsAt, $1.id.rawValue) }
        let start = after.flatMap { last in rows.firstIndex { $0.id == last } }.map { $0 + 1 } ?? 0
        return rows[start...].prefix(limit).map(\.id)
    }

    func consents(of subject: SubjectID) async throws(StoreError) -> ConsentHistory {
        snapshot.histories[subject] ?? ConsentHistory(subjectID: subject)
    }

    func consent(_ id: ConsentID) async throws(StoreError) -> ConsentRecord? {
        snapshot.histories.values.lazy.flatMap(\.records).first { $0.id == id }
    }

    func documents(of type: ConsentType) async throws(StoreError) -> [ConsentDocument] {
        snapshot.documents.filter { $0.type == type }
    }

    func recording(_ id: RecordingID) async throws(StoreError) -> Recording? {
        snapshot.sessions.values.lazy.flatMap(\.recordings).first { $0.id == id }
    }

    func events(of session: SessionID, after sequence: Int64, limit: Int) async throws(StoreError)
        -> [SessionEvent]?
    {
        await beside { tables in
            if tables.prunedEvents.contains(session) { return nil }
            return Array((tables.events[session] ?? []).filter { $0.sequence > sequence }.prefix(limit))
        }
    }

    func request(_ key: RequestRecord.Key) async throws(StoreError) -> RequestRecord? {
        snapshot.requests[key]
    }

    func owner(of reference: MeetingReference) async throws(StoreError) -> SessionID? {
        snapshot.sessions.values.first { state in
            switch reference {
            case .meeting(let id): state.meetings.contains { $0.meetingID == id }
            case .token(let token): state.meetings.contains { $0.clientRequestToken == token }
            case .pipeline(let id):
                state.recordings.contains {
                    $0.capturePipelineID == id || $0.concatenationPipelineID == id
                }
            }
        }?.session.id
    }

    func meetingFacts(of session: SessionID) async throws(StoreError) -> [MeetingFact] {
        snapshot.facts[session] ?? []
    }

    func presence(of session: SessionID) async throws(StoreError) -> [PresenceInterval] {
        (snapshot.presence[session] ?? []).sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    }

    func recordingsToDelete(before instant: Timestamp, limit: Int) async throws(StoreError)
        -> [(session: SessionID, recording: RecordingID)]
    {
        let due = snapshot.sessions.values.flatMap(\.recordings).filter { row in
            [.available, .failed].contains(row.state) && row.hold == nil
                && (row.retainUntil.map { $0 <= instant } ?? false)
        }
        return due.prefix(limit).map { ($0.sessionID, $0.id) }
    }

    func clientQuality(of participant: ParticipantID, in session: SessionID) async throws(StoreError)
        -> ClientQuality?
    {
        snapshot.quality[participant]
    }

    /// The sums are the database's work; its own tests look at them. Here they are as somebody set them.
    func serviceFigures(_ query: ServiceFiguresQuery) async throws(StoreError) -> ServiceFigures {
        snapshot.figures
    }

    func apply(_ decision: Decision) async throws(StoreError) -> ApplyResult {
        let interruption = interruption.withLock { body in
            defer { body = nil }
            return body
        }
        await interruption?()
        let isForced = forcedConflicts.withLock { count in
            defer { count = max(0, count - 1) }
            return count > 0
        }
        let result = tables.withLock { tables -> ApplyResult in
            if let request = decision.request, let existing = tables.requests[request.key] {
                return .requestExists(existing)
            }
            if isForced || !decision.expectations.allSatisfy({ tables.holds($0) }) { return .conflict }
            tables.commit(decision)
            tables.tell(decision)
            return .committed
        }
        guard result == .committed else { return result }
        let overtaking = overtaking.withLock { body in
            defer { body = nil }
            return body
        }
        await overtaking?()
        return result
    }

    func record(_ entry: AuditEntry) async throws(StoreError) {
        let error = recordingFailure.withLock { $0 }
        if let error { throw error }
        tables.withLock { tables in
            tables.audit.append(entry)
            tables.tell(Decision())
        }
    }

    func record(_ entry: AuditEntry, then done: @escaping @Sendable (StoreError?) -> Void) {
        Task {
            do throws(StoreError) {
                try await record(entry)
                done(nil)
            } catch {
                done(error)
            }
        }
    }

    func claimEffects(limit: Int, now: Timestamp, lease: Duration) async throws(StoreError) -> [Effect] {
        tables.withLock { tables in
            var claimed: [Effect] = []
            var lanes: Set<String> = []
            for index in tables.effects.indices where tables.effects[index].state != .done {
                let effect = tables.effects[index]
                guard lanes.insert("\(effect.sessionID)/\(effect.lane)").inserted, claimed.count < limit,
                    effect.state == .pending, effect.notBefore <= now, (effect.leasedUntil ?? now) <= now
                else { continue }
                tables.effects[index].fence += 1
                tables.effects[index].leasedUntil = now + lease
                claimed.append(tables.effects[index])
            }
            return claimed
        }
    }

    func nextEffectDue() async throws(StoreError) -> Timestamp? {
        snapshot.effects.filter { $0.state == .pending }.map {
            max($0.notBefore, $0.leasedUntil ?? $0.notBefore)
        }
        .min()
    }

    func deadEffects(after: EffectID?, limit: Int) async throws(StoreError) -> [Effect] {
        let dead = snapshot.effects.filter { $0.state == .dead && $0.id.rawValue > (after?.rawValue ?? "") }
        return Array(dead.sorted { $0.id.rawValue < $1.id.rawValue }.prefix(limit))
    }

    func effect(_ id: EffectID) async throws(StoreError) -> Effect? {
        snapshot.effects.first { $0.id == id }
    }

    func effectCounts() async throws(StoreError) -> EffectCounts {
        let effects = snapshot.effects
        return EffectCounts(
            pending: effects.count { $0.state == .pending }, dead: effects.count { $0.state == .dead },
            refused: effects.count { $0.state == .pending && $0.refusal != nil })
    }

    func prune(
        requestsBefore: Timestamp, eventsBefore: Timestamp, effectsBefore: Timestamp,
        earlyCancellationsBefore: Timestamp
    ) async throws(StoreError) {
        tables.withLock { tables in
            tables.earlyCancellations = tables.earlyCancellations.filter {
                $0.value.cancelledAt >= earlyCancellationsBefore
            }
            tables.effects.removeAll { $0.state == .done && $0.notBefore < effectsBefore }
            tables.requests = tables.requests.filter { $0.value.expiresAt >= requestsBefore }
            for (id, state) in tables.sessions where (state.session.endedAt ?? eventsBefore) < eventsBefore {
                tables.events[id] = []
                tables.prunedEvents.insert(id)
            }
            tables.departures.removeAll { $0.departure.at < eventsBefore }
        }
    }
}

extension MemoryStore.Tables {
    fileprivate func holds(_ expectation: Decision.Expectation) -> Bool {
        switch expectation {
        case .appointment(let id, let version): (appointments[id]?.version ?? 0) == version
        case .session(let id, let version, let lastEvent):
            (sessions[id]?.session.version ?? 0) == version
                && (lastEvent.map { $0 == sessions[id]?.session.lastEventSequence ?? 0 } ?? true)
        case .earlyCancellation(let id, let version): (earlyCancellations[id]?.sourceVersion ?? 0) == version
        case .consents(let id, let version): (histories[id]?.version ?? 0) == version
        case .noOtherOpenSession(let appointment, let except):
            !sessions.values.contains {
                $0.session.appointmentID == appointment && !$0.session.status.isTerminal
                    && $0.session.id != except
            }
        case .effect(let id, let fence):
            effects.contains { $0.id == id && $0.state == .pending && $0.fence == fence }
        case .deadEffect(let id): effects.contains { $0.id == id && $0.state == .dead }
        case .documentAbsent(let type, let version, let language):
            !documents.contains { $0.type == type && $0.version == version && $0.language == language }
        case .meetingFacts(let id, let count): (facts[id]?.count ?? 0) == count
        case .clientReports(_, let participant, let count):
            (quality[participant]?.reportCount ?? 0) == count
        }
    }

    fileprivate mutating func commit(_ decision: Decision) {
        commits += 1
        let before = sessions
        for case .consent(let row) in decision.changes {
            let old = histories[row.subjectID]?.records.first { $0.id == row.id }
            if let old, !old.mayBecome(row) { violations.append("a consent's facts changed") }
            if old == nil { violations += Invariants.broken(by: row, self) }
        }
        for change in decision.changes { write(change) }
        for event in decision.events {
            let last = events[event.sessionID]?.last?.sequence ?? 0
            if event.sequence != last + 1 { violations.append("event \(event.sequence) follows \(last)") }
            events[event.sessionID, default: []].append(event)
        }
        audit += decision.audit
        if let request = decision.request { requests[request.key] = request }
        for case .session(let row) in decision.changes {
            guard let old = before[row.id]?.session else { continue }
            let kinds = Set(decision.events.map(\.kind))
            let isPassing = kinds == [.connectionQualityChanged]
            if row.version != old.version + (isPassing ? 0 : 1) { violations.append("version jumped") }
            if let started = old.startedAt, row.startedAt != started {
                violations.append("startedAt changed")
            }
        }
        for (id, state) in sessions where before[id] != state {
            violations += Invariants.broken(by: state, self)
            if let old = before[id] {
                violations += Invariants.broken(
                    by: old, state, actions: Set(decision.audit.map(\.action)), self)
            }
        }
    }

    private mutating func write(_ change: Decision.Change) {
        switch change {
        case .appointment(let row):
            if earlyCancellations[row.id] != nil { violations.append("a ghost was booked") }
            appointments[row.id] = row
        case .session(let row):
            if sessions[row.id] == nil {
                sessions[row.id] = SessionState(session: row)
                order.append(row.id)
            } else {
                sessions[row.id]?.session = row
            }
        case .participant(let row): sessions[row.sessionID]?.participants.put(row) { $0.id == row.id }
        case .meeting(let row): sessions[row.sessionID]?.meetings.put(row) { $0.generation == row.generation }
        case .recording(let row): sessions[row.sessionID]?.recordings.put(row) { $0.id == row.id }
        case .screenShare(let row): sessions[row.sessionID]?.screenShares.put(row) { $0.id == row.id }
        case .consent(let row):
            histories[row.subjectID, default: ConsentHistory(subjectID: row.subjectID)].records
                .put(row) { $0.id == row.id }
        case .consentVersion(let id, let version):
            histories[id, default: ConsentHistory(subjectID: id)].version = version
        case .document(let row): documents.append(row)
        case .effect(let row): effects.put(row) { $0.id == row.id }
        case .meetingFact(let row): facts[row.sessionID, default: []].append(row)
        case .presence(let row): presence[row.sessionID, default: []].put(row) { $0.id == row.id }
        case .clientQuality(let row): quality[row.participantID] = row
        case .joinTime(let row): joinTimes.append(row)
        case .serviceFailure(let row): failures.append(row)
        case .earlyCancellation(let row):
            if appointments[row.appointmentID] != nil { violations.append("an early cancellation that was late") }
            earlyCancellations[row.appointmentID] = row
        case .birthDate(let id, let date):
            histories[id, default: ConsentHistory(subjectID: id)].bornOn = date
        case .invitation(let row): sessions[row.sessionID]?.invitations.put(row) { $0.id == row.id }
        }
    }
}

extension Array {
    fileprivate mutating func put(_ element: Element, where isSame: (Element) -> Bool) {
        if let index = firstIndex(where: isSame) { self[index] = element } else { append(element) }
    }
}
