internal import Storage
public import TelehealthEngine
public import TelehealthModel
public import TelehealthRules

extension SQLiteStore {
    public func appointment(_ id: AppointmentID) async throws(StoreError) -> Appointment? {
        try caches.appointments.value(id) { () throws(StoreError) in
            try readers.readOnce { (connection) throws(SQLiteError) in
                try connection.first(AppointmentRow.byID, bind: { $0.add(id) }, read: AppointmentRow.read)
            }
        }
    }

    public func earlyCancellation(of id: AppointmentID) async throws(StoreError) -> EarlyCancellation? {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(EarlyCancellationRow.byID, bind: { $0.add(id) }, read: EarlyCancellationRow.read)
        }
    }

    public func bookedAppointments(of client: SubjectID, endingAfter: Timestamp) async throws(StoreError)
        -> [Appointment]
    {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(
                AppointmentRow.bookedOfClient,
                bind: { values in
                    values.add(client)
                    values.add(endingAfter)
                }, read: AppointmentRow.read)
        }
    }

    public func session(_ id: SessionID) async throws(StoreError) -> SessionState? {
        try caches.sessions.value(id) { () throws(StoreError) in
            try readers.read { (connection) throws(SQLiteError) in try SessionLoader.load(id, connection) }
        }
    }

    public func latestSession(of appointment: AppointmentID) async throws(StoreError) -> SessionState? {
        // The id only, one step in an index; the session itself is mostly in memory. It may be newer than the
        // id's snapshot: an appointment's session is never taken away.
        let id = try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(
                SessionRow.latestOfAppointment, bind: { $0.add(appointment) },
                read: { row in row.identifier(SessionID.self) })
        }
        guard let id else { return nil }
        return try await session(id)
    }

    /// A damaged row is passed over: the other visits go on, and ``integrityCheck(progress:)`` names it.
    ///
    /// - Parameter query: a `limit` outside 1...200 is brought inside.
    public func sessions(_ query: SessionQuery) async throws(StoreError) -> [Session] {
        var query = query
        var sessions: [Session] = []
        while true {
            let asked = query
            let limit = min(max(query.limit, 1), 200) - sessions.count
            var last: (startsAt: Timestamp, id: SessionID)?
            let (rows, damaged) = try readers.readOnce { (connection) throws(SQLiteError) in
                try connection.allSound(
                    SessionList.statement(asked), bind: { SessionList.bind(asked, limit: limit, &$0) },
                    read: { row throws(SQLiteError) in
                        last = SessionRow.position(row)
                        return try SessionRow.read(&row)
                    })
            }
            sessions += rows
            if damaged > 0 { readers.noteDamage("value in sessions.list") }
            // A page is full but for the rows that were passed over, or it is the last one.
            if damaged == 0 || rows.count + damaged < limit { return sessions }
            query.after = last
        }
    }

    public func openSessions(of subject: SubjectID) async throws(StoreError) -> [SessionID] {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(
                SessionRow.openOfSubject, bind: { $0.add(subject) }, read: { row in row.identifier() })
        }
    }

    public func openSessions(
        startingBefore instant: Timestamp, untouchedEndingBefore: Timestamp, after: SessionID?, limit: Int
    ) async throws(StoreError) -> [SessionID] {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(
                after == nil ? SessionRow.openByStart : SessionRow.openByStartAfter,
                bind: { values in
                    values.add(instant)
                    values.add(max(limit, 0))
                    values.add(untouchedEndingBefore)
                    if let after { values.add(after) }
                }, read: { row in row.identifier() })
        }
    }

    public func consents(of subject: SubjectID) async throws(StoreError) -> ConsentHistory {
        let history = try caches.consents.value(subject) { () throws(StoreError) in
            try readers.read { (connection) throws(SQLiteError) -> ConsentHistory? in
                let head = try connection.first(
                    ConsentRow.head, bind: { $0.add(subject) },
                    read: { row in
                        (version: row.integer(), bornOn: row.optionalSealed(.bornOn, row: subject.rawValue))
                    })
                let records = try connection.all(
                    ConsentRow.ofSubject, bind: { $0.add(subject) }, read: ConsentRow.read)
                return ConsentHistory(
                    subjectID: subject, version: head?.version ?? 0, records: records,
                    bornOn: head?.bornOn.flatMap(CivilDate.init))
            }
        }
        return history ?? ConsentHistory(subjectID: subject)
    }

    public func consent(_ id: ConsentID) async throws(StoreError) -> ConsentRecord? {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(ConsentRow.byID, bind: { $0.add(id) }, read: ConsentRow.read)
        }
    }

    public func documents(of type: ConsentType) async throws(StoreError) -> [ConsentDocument] {
        let documents = try caches.documents.value(type) { () throws(StoreError) in
            try readers.readOnce { (connection) throws(SQLiteError) -> [ConsentDocument]? in
                try connection.all(
                    ConsentDocumentRow.ofType, bind: { $0.add(type) }, read: ConsentDocumentRow.read)
            }
        }
        return documents ?? []
    }

    public func recording(_ id: RecordingID) async throws(StoreError) -> Recording? {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(RecordingRow.byID, bind: { $0.add(id) }, read: RecordingRow.read)
        }
    }

    /// Of an unknown session: an empty list.
    public func events(
        of session: SessionID, after sequence: Int64, limit: Int
    ) async throws(StoreError) -> [SessionEvent]? {
        try readers.read { (connection) throws(SQLiteError) in
            let events = try connection.all(
                SessionEventRow.after,
                bind: { values in
                    values.add(session)
                    values.add(sequence)
                    values.add(max(limit, 0))
                }, read: SessionEventRow.read)
            // A session's events have no gaps, so what is missing in front was pruned.
            if let first = events.first { return first.sequence == sequence + 1 ? events : nil }
            let last = try connection.first(
                SessionRow.lastEventSequence, bind: { $0.add(session) }, read: { row in row.integer() })
            return (last ?? 0) > sequence && limit > 0 ? nil : events
        }
    }

    /// Also one that has expired and is not forgotten yet: ``apply(_:)`` replaces such a one.
    public func request(_ key: RequestRecord.Key) async throws(StoreError) -> RequestRecord? {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(
                RequestRow.byKey, bind: { RequestRow.bind(key, &$0) }, read: RequestRow.read)
        }
    }
}
