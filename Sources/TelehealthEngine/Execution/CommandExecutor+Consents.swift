public import TelehealthModel
public import TelehealthRules

extension CommandExecutor {
    /// - Throws: `PERSON_NOT_FOUND`, and as ``ConsentRules/submit(_:_:)``.
    public func submitConsent(_ command: SubmitConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentRecord
    {
        guard SubjectID.isValid(command.subjectID.rawValue) else {
            throw .invalid("person_id", "must have 1 to 64 characters of A-Z a-z 0-9 . _ : -")
        }
        return try await change("SubmitConsent", session: command.statement.sessionID, invocation) {
            _, id throws(TelehealthError) in
            try await own(id, invocation.caller)
        } decide: { () throws(TelehealthError) in
            let visit = command.statement.sessionID
            let tie = try await tie(
                of: invocation.caller, to: command.subjectID, in: visit, appointment: command.appointmentID,
                notFound: .personNotFound)
            let inputs = try await inputs(
                of: command.subjectID, command.type, tie, command.statement, concerning: visit, invocation.caller)
            let (decision, record) = try ConsentRules.submit(command, inputs)
            return CommandResult(decision: decision, outcome: record, sessionID: record.sessionID, made: record.id)
        }
    }

    /// - Throws: `CONSENT_NOT_FOUND`, and as ``ConsentRules/update(_:former:_:)``.
    public func updateConsent(_ command: UpdateConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentRecord
    {
        try await change("UpdateConsent", invocation) { _, id throws(TelehealthError) in
            try await own(id, invocation.caller)
        } decide: { () throws(TelehealthError) in
            let former = try await consent(command.consentID)
            let visit = command.statement.sessionID
            // Who may write the new word must also be one who may take the old one away.
            _ = try await tie(
                of: invocation.caller, to: former.subjectID, in: former.sessionID, notFound: .consentNotFound)
            let tie = try await tie(
                of: invocation.caller, to: former.subjectID, in: visit, notFound: .consentNotFound)
            let inputs = try await inputs(
                of: former.subjectID, former.type, tie, command.statement, concerning: visit, invocation.caller)
            let (decision, record) = try ConsentRules.update(
                command, former: current(former, inputs), inputs)
            return CommandResult(decision: decision, outcome: record, sessionID: record.sessionID, made: record.id)
        }
    }

    /// Ends a grant; captures that stood on it stop at once.
    ///
    /// - Throws: `CONSENT_NOT_FOUND`, and as ``ConsentRules/revoke(_:record:_:)``.
    public func revokeConsent(_ command: RevokeConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> RevocationOutcome
    {
        try await change("RevokeConsent", invocation) { _, made throws(TelehealthError) in
            RevocationOutcome(
                record: try await own(made.consent, invocation.caller), stoppedRecordings: made.stoppedRecordings)
        } decide: { () throws(TelehealthError) in
            let stored = try await consent(command.consentID)
            let tie = try await tie(of: invocation.caller, to: stored)
            let inputs = try await inputs(
                of: stored.subjectID, stored.type, tie, nil, concerning: stored.sessionID, invocation.caller)
            let (decision, outcome) = try ConsentRules.revoke(command, record: current(stored, inputs), inputs)
            return CommandResult(
                decision: decision, outcome: outcome, sessionID: outcome.record.sessionID,
                made: RevocationResult(
                    consent: outcome.record.id, stoppedRecordings: outcome.stoppedRecordings))
        }
    }

    /// - Throws: `INVALID_FIELD`, `DOCUMENT_VERSION_EXISTS`.
    public func putConsentDocument(_ command: PutConsentDocument, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentDocument
    {
        try await change("PutConsentDocument", invocation) { _, _ throws(TelehealthError) in
            guard let document = try await document(command.type, command.version, command.language) else {
                throw TelehealthError(.documentNotFound)
            }
            return document
        } decide: { () throws(TelehealthError) in
            let existing = try await document(command.type, command.version, command.language)
            let (decision, document) = try ConsentRules.putDocument(
                command, existing: existing, caller: invocation.caller, context: context())
            return CommandResult(decision: decision, outcome: document, made: NothingMade())
        }
    }

    /// - Parameter concerning: the session that what is done is limited to; nil = none.
    private func inputs(
        of subject: SubjectID, _ type: ConsentType, _ tie: SubjectRelationship, _ statement: ConsentStatement?,
        concerning visit: SessionID?, _ caller: Caller
    ) async throws(TelehealthError) -> ConsentRules.Inputs {
        let history = try await reading { () async throws(StoreError) in try await store.consents(of: subject)
        }
        let open = try await openSessions(of: subject)
        var recorded: Set<SubjectID> = []
        for session in open where session.activeRecording != nil {
            recorded.formUnion(SessionDraft.subjectsOfRecording(session))
        }
        if type == .thirdPartyPresence {
            for session in open { recorded.formUnion(SessionDraft.subjectsOfAdmission(session)) }
        }
        recorded.remove(subject)
        var document: ConsentDocument?
        if let statement {
            // Texts from before may stand twice under one tag; the hash tells which was shown.
            let shown = try await reading { () async throws(StoreError) in try await store.documents(of: type) }
                .filter { $0.version == statement.documentVersion }
                .inLanguage(lookedUp: statement.documentLanguage)
            document = shown.first { $0.textHash == statement.textHash } ?? shown.first
        }
        let session = visit.flatMap { id in open.first { $0.session.id == id } }
        let place = session ?? open.first { $0.session.clientID == subject }
        // After the history: a birth date that comes between is a conflict.
        let guardian = try await guardian(of: subject, in: visit)
        if tie == .guardian, statement != nil, guardian?.id != caller.clientID {
            throw .versionConflict
        }
        return ConsentRules.Inputs(
            caller: caller, tie: tie, history: history, document: document, session: session,
            guardian: guardian, openSessions: open,
            ledger: try await ledger(of: recorded.sorted { $0.rawValue < $1.rawValue }),
            context: place.map { context().at(placeOf: $0) } ?? context())
    }

    func openSessions(of subject: SubjectID) async throws(TelehealthError) -> [SessionState] {
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

    func consent(_ id: ConsentID) async throws(TelehealthError) -> ConsentRecord {
        guard let record = try await reading({ () async throws(StoreError) in try await store.consent(id) })
        else {
            throw TelehealthError(.consentNotFound)
        }
        return record
    }

    /// The entry as the history that the decision expects holds it.
    private func current(_ record: ConsentRecord, _ inputs: ConsentRules.Inputs) -> ConsentRecord {
        inputs.history.records.first { $0.id == record.id } ?? record
    }

    private func own(_ id: ConsentID, _ caller: Caller) async throws(TelehealthError) -> ConsentRecord {
        let record = try await consent(id)
        _ = try await tie(of: caller, to: record)
        return record
    }

    private func document(_ type: ConsentType, _ version: String, _ language: String)
        async throws(TelehealthError) -> ConsentDocument?
    {
        try await reading { () async throws(StoreError) in try await store.documents(of: type) }
            .first { $0.version == version && $0.language == LanguageTag.canonical(language) }
    }
}
