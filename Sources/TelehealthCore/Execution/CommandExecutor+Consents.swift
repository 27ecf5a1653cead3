extension CommandExecutor {
    /// - Throws: `SUBJECT_NOT_FOUND`, and as ``ConsentRules/submit(_:_:)``.
    public func submitConsent(_ command: SubmitConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentRecord
    {
        guard SubjectID.isValid(command.subjectID.rawValue) else {
            throw .invalid("subject_id", "must have 1 to 64 characters of A-Z a-z 0-9 . _ : -")
        }
        return try await change("SubmitConsent", session: command.statement.sessionID, invocation) {
            record throws(TelehealthError) in
            try await own(record, invocation.caller)
        } decide: { () throws(TelehealthError) in
            let scene = try await scene(
                of: command.subjectID, command.type, command.statement, appointment: command.appointmentID,
                invocation.caller, notFound: .subjectNotFound)
            let (decision, record) = try ConsentRules.submit(command, scene)
            return Ruling(
                decision: decision, outcome: record, sessionID: record.sessionID, resultID: record.id.rawValue
            )
        }
    }

    /// - Throws: `CONSENT_NOT_FOUND`, and as ``ConsentRules/update(_:former:_:)``.
    public func updateConsent(_ command: UpdateConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentRecord
    {
        try await change("UpdateConsent", invocation) { record throws(TelehealthError) in
            try await own(record, invocation.caller)
        } decide: { () throws(TelehealthError) in
            let former = try await consent(command.consentID)
            let scene = try await scene(
                of: former.subjectID, former.type, command.statement, appointment: nil, invocation.caller,
                notFound: .consentNotFound)
            let (decision, record) = try ConsentRules.update(
                command, former: current(former, scene), scene)
            return Ruling(
                decision: decision, outcome: record, sessionID: record.sessionID, resultID: record.id.rawValue
            )
        }
    }

    /// Ends a grant; captures that stood on it stop at once.
    ///
    /// - Throws: `CONSENT_NOT_FOUND`, and as ``ConsentRules/revoke(_:record:_:)``.
    public func revokeConsent(_ command: RevokeConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentRecord
    {
        try await change("RevokeConsent", invocation) { record throws(TelehealthError) in
            try await own(record, invocation.caller)
        } decide: { () throws(TelehealthError) in
            let stored = try await consent(command.consentID)
            let scene = try await scene(
                of: stored.subjectID, stored.type, nil, appointment: nil, invocation.caller,
                notFound: .consentNotFound)
            let (decision, record) = try ConsentRules.revoke(command, record: current(stored, scene), scene)
            return Ruling(
                decision: decision, outcome: record, sessionID: record.sessionID, resultID: record.id.rawValue
            )
        }
    }

    /// Captures of open visits that a revocation put to an end.
    public func recordingsStopped(by record: ConsentRecord) async throws(TelehealthError) -> [RecordingID] {
        try await openSessions(of: record.subjectID).flatMap(\.recordings)
            .filter { $0.consentIDs.contains(record.id) && $0.stopCause == .consentRevoked }.map(\.id)
    }

    /// Somebody's whole history, oldest first.
    ///
    /// - Throws: `SUBJECT_NOT_FOUND`.
    public func consents(of subject: SubjectID, _ invocation: Invocation) async throws(TelehealthError)
        -> [ConsentRecord]
    {
        try await requireTie("ListConsents", to: subject, invocation)
        return try await reading { () async throws(StoreError) in try await store.consents(of: subject) }
            .records
    }

    /// What one person still has to grant; in a session also what everybody else has, for a recording.
    ///
    /// - Throws: `SUBJECT_NOT_FOUND`, `SESSION_NOT_FOUND`.
    public func consentStatus(of subject: SubjectID, session: SessionID?, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentStatus
    {
        try await requireTie("GetConsentStatus", to: subject, invocation)
        if let session {
            return ConsentStatus(
                subjectID: subject, join: try await evaluateConsent(.join, session: session, invocation),
                record: try await evaluateConsent(.record, session: session, invocation))
        }
        let ledger = try await ledger(of: [subject])
        let isClinician = invocation.caller.clinicianID == subject
        return ConsentStatus(
            subjectID: subject,
            join: isClinician
                ? ledger.evaluate(.join, [], in: nil, purpose: .clinical, context: context())
                : ledger.evaluateJoin(of: subject, in: nil, context: context()),
            record: ledger.evaluate(
                .record, [(subject, isClinician ? .clinician : .client, .recording)], in: nil,
                purpose: .clinical, context: context()))
    }

    /// What is missing for an action in a session: for a recording, of the client, the clinician and
    /// everybody admitted.
    ///
    /// - Throws: `SESSION_NOT_FOUND`.
    public func evaluateConsent(_ action: ConsentAction, session: SessionID, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentEvaluation
    {
        let (state, _) = try await read("GetConsentStatus", session, invocation)
        let people = state.participants.filter { person -> Bool in
            let isOfPair = person.role == .clinician || person.role == .client
            return !person.isBarred && (isOfPair || person.state == .admitted)
        }
        let ledger = try await ledger(of: people.map(\.subjectID))
        switch action {
        case .join: return ledger.evaluateJoin(of: state.session.clientID, in: session, context: context())
        case .record:
            return ledger.evaluateRecording(of: people, in: session, purpose: .clinical, context: context())
        }
    }

    /// - Throws: `INVALID_FIELD`, `DOCUMENT_VERSION_EXISTS`.
    public func putConsentDocument(_ command: PutConsentDocument, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentDocument
    {
        try await change("PutConsentDocument", invocation) { _ throws(TelehealthError) in
            guard let document = try await document(command.type, command.version, command.language) else {
                throw TelehealthError(.documentNotFound)
            }
            return document
        } decide: { () throws(TelehealthError) in
            let existing = try await document(command.type, command.version, command.language)
            let (decision, document) = try ConsentRules.putDocument(
                command, existing: existing, caller: invocation.caller, context: context())
            return Ruling(decision: decision, outcome: document)
        }
    }

    /// Registered texts, oldest first; anybody may read what they are asked to sign.
    public func documents(of type: ConsentType, _ invocation: Invocation) async throws(TelehealthError)
        -> [ConsentDocument]
    {
        try await reading { () async throws(StoreError) in try await store.documents(of: type) }
    }

    /// For reads: a refusal is audited.
    private func requireTie(_ action: String, to subject: SubjectID, _ invocation: Invocation)
        async throws(TelehealthError)
    {
        do {
            _ = try await tie(of: invocation.caller, to: subject, notFound: .subjectNotFound)
        } catch {
            await auditDenial(error, action, nil, invocation)
            throw error
        }
    }

    /// The tie of the caller to somebody, from identity, then from a named appointment, then from common
    /// visits.
    private func tie(
        of caller: Caller, to subject: SubjectID, appointment: AppointmentID? = nil,
        notFound: TelehealthError.Reason
    ) async throws(TelehealthError) -> SubjectTie {
        if let tie = SubjectTie.byIdentity(caller, subject: subject) { return tie }
        if let appointment,
            let row = try await reading({ () async throws(StoreError) in
                try await store.appointment(appointment)
            }),
            let tie = SubjectTie.byVisit(
                caller, subject: subject, client: row.clientID, guardian: row.guardianID,
                clinician: row.clinicianID)
        {
            return tie
        }
        for state in try await openSessions(of: subject) {
            let session = state.session
            if let tie = SubjectTie.byVisit(
                caller, subject: subject, client: session.clientID, guardian: session.guardianID,
                clinician: session.clinicianID) ?? SubjectTie.byRoster(caller, subject: subject, in: state)
            {
                return tie
            }
        }
        if caller.role == .clinician, let clinician = caller.clinicianID {
            var query = SessionQuery()
            query.clientID = subject
            query.clinicianID = clinician
            query.limit = 1
            let asked = query
            let past = try await reading { () async throws(StoreError) in try await store.sessions(asked) }
            if !past.isEmpty { return .clinician }
        }
        throw TelehealthError(notFound)
    }

    private func scene(
        of subject: SubjectID, _ type: ConsentType, _ statement: ConsentStatement?,
        appointment: AppointmentID?,
        _ caller: Caller, notFound: TelehealthError.Reason
    ) async throws(TelehealthError) -> ConsentRules.Scene {
        let tie = try await tie(of: caller, to: subject, appointment: appointment, notFound: notFound)
        let history = try await reading { () async throws(StoreError) in try await store.consents(of: subject)
        }
        let open = try await openSessions(of: subject)
        var recorded: Set<SubjectID> = []
        for session in open where session.activeRecording != nil {
            recorded.formUnion(SessionDraft.subjectsOfRecording(session))
        }
        recorded.remove(subject)
        var document: ConsentDocument?
        var session: SessionState?
        if let statement {
            document = try await self.document(type, statement.documentVersion, statement.documentLanguage)
            session = open.first { $0.session.id == statement.sessionID }
        }
        return ConsentRules.Scene(
            caller: caller, tie: tie, history: history, document: document, session: session,
            openSessions: open,
            ledger: try await ledger(of: recorded.sorted { $0.rawValue < $1.rawValue }), context: context())
    }

    private func openSessions(of subject: SubjectID) async throws(TelehealthError) -> [SessionState] {
        let ids = try await reading { () async throws(StoreError) in try await store.openSessions(of: subject)
        }
        var states: [SessionState] = []
        for id in ids {
            if let state = try await reading({ () async throws(StoreError) in try await store.session(id) }) {
                states.append(state)
            }
        }
        return states
    }

    private func consent(_ id: ConsentID) async throws(TelehealthError) -> ConsentRecord {
        guard let record = try await reading({ () async throws(StoreError) in try await store.consent(id) })
        else {
            throw TelehealthError(.consentNotFound)
        }
        return record
    }

    /// The entry as the history that the decision expects holds it.
    private func current(_ record: ConsentRecord, _ scene: ConsentRules.Scene) -> ConsentRecord {
        scene.history.records.first { $0.id == record.id } ?? record
    }

    private func own(_ request: RequestRecord, _ caller: Caller) async throws(TelehealthError)
        -> ConsentRecord
    {
        let record = try await consent(ConsentID(request.resultID ?? ""))
        _ = try await tie(of: caller, to: record.subjectID, notFound: .consentNotFound)
        return record
    }

    private func document(_ type: ConsentType, _ version: String, _ language: String)
        async throws(TelehealthError) -> ConsentDocument?
    {
        try await reading { () async throws(StoreError) in try await store.documents(of: type) }
            .first { $0.version == version && $0.language == language }
    }
}
