internal import Storage
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// Checks and writes one decision inside the batch's transaction. Its audit entries are the writer's to add:
/// they are chained at the batch's end, when it is known which decisions were taken.
struct DecisionWriter {
    enum Outcome {
        /// Written.
        case committed(Written)
        /// Not written, for a reason of the port.
        case declined(ApplyResult)
        /// This decision's own fault; the batch goes on without it.
        case refused(StoreError)
    }

    struct Written {
        /// Sessions that were not there before.
        var created: [SessionID] = []
        /// Those whose short views may be others now.
        var changed: [VisitChange] = []
    }

    let connection: SQLiteConnection
    /// Whether a decision that fails half-way leaves the others of the batch alone. A savepoint copies every page
    /// that it sees changed, so a batch is tried without any, and once more with them when one failed.
    let usesSavepoints: Bool

    /// Nothing of the decision stays behind unless the outcome is "committed".
    ///
    /// - Parameter position: of the decision's last audit row, in the feed of changed visits.
    /// - Throws: only what spoils the whole transaction; without savepoints also the decision's own fault.
    func apply(_ decision: Decision, at position: Int64) throws(SQLiteError) -> Outcome {
        // Checks come before the first write, so the usual refusals have nothing to roll back.
        for expectation in decision.expectations {
            guard try holds(expectation) else {
                if let request = decision.request, let earlier = try stored(request) {
                    return .declined(.requestExists(earlier))
                }
                return .declined(.conflict)
            }
        }
        guard usesSavepoints else { return try perform(decision, at: position) }
        try connection.run(Transaction.savepoint)
        do throws(SQLiteError) {
            let outcome = try perform(decision, at: position)
            try connection.run(Transaction.release)
            return outcome
        } catch {
            switch error.scope {
            case .constraint, .statement, .row:
                try connection.run(Transaction.rollBackToSavepoint)
                try connection.run(Transaction.release)
                return error.isDuplicateKey ? .declined(.conflict) : .refused(StoreError(error))
            case .full, .temporary, .device: throw error
            }
        }
    }

    /// The request comes first: when it is known already, nothing is written.
    private func perform(_ decision: Decision, at position: Int64) throws(SQLiteError) -> Outcome {
        if let request = decision.request, let earlier = try insert(request) {
            return .declined(.requestExists(earlier))
        }
        return .committed(try write(decision, at: position))
    }

    private func holds(_ expectation: Decision.Expectation) throws(SQLiteError) -> Bool {
        switch expectation {
        case .appointment(let id, let version):
            return try integer(AppointmentRow.version, { $0.add(id) }) ?? 0 == version
        case .session(let id, let version, let lastEvent):
            let stored = try connection.first(
                SessionRow.version, bind: { $0.add(id) }, read: { row in (row.integer(), row.integer()) })
            return stored?.0 ?? 0 == version && (lastEvent.map { $0 == stored?.1 ?? 0 } ?? true)
        case .earlyCancellation(let id, let version):
            return try integer(EarlyCancellationRow.version, { $0.add(id) }) ?? 0 == version
        case .consents(let subject, let version):
            return try integer(ConsentRow.version, { $0.add(subject) }) ?? 0 == version
        case .noOtherOpenSession(let appointment, let except):
            let open = try connection.first(
                SessionRow.openOfAppointment, bind: { $0.add(appointment) },
                read: { row in row.identifier(SessionID.self) })
            return open == nil || open == except
        case .effect(let id, let fence):
            return try integer(EffectRow.fence, { $0.add(id) }) == fence
        case .deadEffect(let id): return try integer(EffectRow.isDead, { $0.add(id) }) != nil
        case .documentAbsent(let type, let version, let language):
            let presence = try integer(ConsentDocumentRow.presence) { values in
                values.add(type)
                values.add(version)
                values.add(language)
            }
            return presence == nil
        case .meetingFacts(let session, let count):
            return try integer(MeetingFactRow.count, { $0.add(session) }) ?? 0 == Int64(count)
        case .clientReports(let session, let participant, let count):
            let reports = try integer(ClientQualityRow.reportCount) { values in
                values.add(session)
                values.add(participant)
            }
            return reports ?? 0 == Int64(count)
        }
    }

    private func integer(
        _ sql: PreparedSQL, _ bind: (inout StatementBinder) -> Void
    ) throws(SQLiteError) -> Int64? {
        try connection.first(sql, bind: bind, read: { row in row.integer() })
    }

    /// The request's live record; one that expired before the new one was made counts as forgotten.
    private func stored(_ request: RequestRecord) throws(SQLiteError) -> RequestRecord? {
        let record = try connection.first(
            RequestRow.byKey, bind: { RequestRow.bind(request.key, &$0) }, read: RequestRow.read)
        guard let record, record.expiresAt > request.createdAt else { return nil }
        return record
    }

    /// - Returns: the live record that was there already.
    private func insert(_ request: RequestRecord) throws(SQLiteError) -> RequestRecord? {
        if try connection.run(RequestRow.insertIfAbsent, bind: { RequestRow.bind(request, &$0) }) == 1 {
            return nil
        }
        if let earlier = try stored(request) { return earlier }
        try connection.run(RequestRow.upsert, bind: { RequestRow.bind(request, &$0) })
        return nil
    }

    private func write(_ decision: Decision, at position: Int64) throws(SQLiteError) -> Written {
        var written = Written()
        // Rows that others refer to come first, whatever the order in the decision.
        for rank in Decision.Change.Rank.allCases {
            for index in decision.changes.indices where decision.changes[index].rank == rank {
                if try write(decision.changes[index], at: position),
                    case .session(let id) = decision.changes[index].owner
                {
                    written.created.append(id)
                }
            }
        }
        for event in decision.events {
            try connection.run(SessionEventRow.insert) { SessionEventRow.bind(event, &$0) }
            if event.status.isTerminal {
                try connection.run(SessionEventRow.reopenPruning) { values in
                    values.add(event.sessionID)
                    values.add(event.at)
                }
            }
        }
        for access in decision.emergencies {
            try connection.run(EmergencyRow.insert) { EmergencyRow.bind(access, &$0) }
        }
        written.changed = try writeFeed(decision, at: position)
        return written
    }

    /// - Returns: the visits whose short views may be others now.
    private func writeFeed(_ decision: Decision, at position: Int64) throws(SQLiteError) -> [VisitChange] {
        for departure in decision.departures {
            try connection.run(VisitFeedRow.insertDeparture) {
                VisitFeedRow.bind(departure, position: position, &$0)
            }
        }
        var changed: [SessionID] = []
        var people: Set<SubjectID> = []
        for change in decision.changes {
            if case .session(let row) = change { changed.append(row.id) }
            if case .person(let subject) = change.owner { people.insert(subject) }
        }
        for person in people {
            changed += try connection.all(
                VisitFeedRow.touchOfClient,
                bind: { values in
                    values.add(person)
                    values.add(position)
                }, read: { row in row.identifier(SessionID.self) }
            ).filter { !changed.contains($0) }
        }
        return changed.map { id in
            VisitChange(
                sessionID: id, position: position, departures: decision.departures.filter { $0.sessionID == id })
        }
    }

    /// - Returns: whether the session is new.
    private func write(_ row: Session, at position: Int64) throws(SQLiteError) -> Bool {
        if try connection.run(SessionRow.updateInPlace, bind: { SessionRow.bind(row, position: position, &$0) }) == 1 {
            return false
        }
        if try connection.run(SessionRow.insertIfAbsent, bind: { SessionRow.bind(row, position: position, &$0) }) == 1 {
            return true
        }
        try connection.run(SessionRow.upsert) { SessionRow.bind(row, position: position, &$0) }
        return false
    }

    /// - Returns: whether it is a session and new.
    private func write(_ change: Decision.Change, at position: Int64) throws(SQLiteError) -> Bool {
        switch change {
        case .session(let row): return try write(row, at: position)
        case .appointment(let row):
            try connection.run(AppointmentRow.upsert) { AppointmentRow.bind(row, &$0) }
        case .participant(let row):
            if try connection.run(ParticipantRow.update, bind: { ParticipantRow.bind(row, &$0) }) == 0 {
                try connection.run(ParticipantRow.insert) { ParticipantRow.bind(row, &$0) }
            }
        case .meeting(let row): try connection.run(MeetingRow.upsert) { MeetingRow.bind(row, &$0) }
        case .recording(let row): try connection.run(RecordingRow.upsert) { RecordingRow.bind(row, &$0) }
        case .screenShare(let row):
            try connection.run(ScreenShareRow.upsert) { ScreenShareRow.bind(row, &$0) }
        case .consent(let row): try connection.run(ConsentRow.upsert) { ConsentRow.bind(row, &$0) }
        case .consentVersion(let subject, let version):
            try connection.run(ConsentRow.upsertVersion) { values in
                values.add(subject)
                values.add(version)
            }
        case .document(let row):
            try connection.run(ConsentDocumentRow.insert) { ConsentDocumentRow.bind(row, &$0) }
        case .effect(let row): try connection.run(EffectRow.upsert) { EffectRow.bind(row, &$0) }
        case .birthDate(let subject, let date):
            try connection.run(ConsentRow.upsertBirthDate) { values in
                values.add(subject)
                values.add(sealed: date.text, .bornOn, row: subject.rawValue)
            }
        case .invitation(let row):
            try connection.run(InvitationRow.upsert) { InvitationRow.bind(row, &$0) }
        case .meetingFact(let row):
            try connection.run(MeetingFactRow.insert) { MeetingFactRow.bind(row, &$0) }
        case .presence(let row): try connection.run(PresenceRow.upsert) { PresenceRow.bind(row, &$0) }
        case .clientQuality(let row):
            try connection.run(ClientQualityRow.upsert) { ClientQualityRow.bind(row, &$0) }
        case .joinTime(let row): try connection.run(JoinTimeRow.insert) { JoinTimeRow.bind(row, &$0) }
        case .serviceFailure(let row):
            try connection.run(ServiceFailureRow.insert) { ServiceFailureRow.bind(row, &$0) }
        case .earlyCancellation(let row):
            try connection.run(EarlyCancellationRow.upsert) { EarlyCancellationRow.bind(row, &$0) }
        }
        return false
    }
}

extension Decision.Change {
    /// Rows of a lower rank are referred to by rows of a higher one.
    fileprivate enum Rank: CaseIterable { case appointment, session, rest }

    fileprivate var rank: Rank {
        if case .appointment = self { return .appointment }
        return if case .session = self { .session } else { .rest }
    }
}
