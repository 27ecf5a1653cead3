public import TelehealthModel
public import TelehealthRules

/// What callers do with consents: submit, update and revoke them. Reading is in a file of its own.
///
/// Isolation: the caller's.
public struct ConsentUseCases: Sendable {
    let pipeline: CommandPipeline

    /// - Throws: `PERSON_NOT_FOUND`, and as ``ConsentRules/submit(_:_:)``.
    public func submit(_ command: SubmitConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentRecord
    {
        guard SubjectID.isValid(command.subjectID.rawValue) else {
            throw .invalid("person_id", "must have 1 to 64 characters of A-Z a-z 0-9 . _ : -")
        }
        let visit = command.statement.sessionID
        return try await write("SubmitConsent", session: visit, invocation) { () throws(TelehealthError) in
            let tie = try await pipeline.access.tie(
                of: invocation.caller, to: command.subjectID, in: visit, appointment: command.appointmentID,
                notFound: .personNotFound)
            let inputs = try await inputs(
                of: command.subjectID, command.type, tie, command.statement, concerning: visit, invocation.caller)
            return try ConsentRules.submit(command, inputs)
        }
    }

    /// - Throws: `CONSENT_NOT_FOUND`, and as ``ConsentRules/update(_:former:_:)``.
    public func update(_ command: UpdateConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentRecord
    {
        try await write("UpdateConsent", invocation) { () throws(TelehealthError) in
            let former = try await pipeline.access.consent(command.consentID)
            let visit = command.statement.sessionID
            // Who may write the new word must also be one who may take the old one away.
            _ = try await pipeline.access.tie(
                of: invocation.caller, to: former.subjectID, in: former.sessionID, notFound: .consentNotFound)
            let tie = try await pipeline.access.tie(
                of: invocation.caller, to: former.subjectID, in: visit, notFound: .consentNotFound)
            let inputs = try await inputs(
                of: former.subjectID, former.type, tie, command.statement, concerning: visit, invocation.caller)
            return try ConsentRules.update(command, former: current(former, inputs), inputs)
        }
    }

    /// A change that writes one entry, which is its answer.
    private func write(
        _ method: String, session: SessionID? = nil, _ invocation: Invocation,
        rule: () async throws(TelehealthError) -> (Decision, ConsentRecord)
    ) async throws(TelehealthError) -> ConsentRecord {
        try await pipeline.change(method, session: session, invocation) { _, id throws(TelehealthError) in
            try await own(id, invocation.caller)
        } decide: { () throws(TelehealthError) in
            let (decision, record) = try await rule()
            return CommandResult(decision: decision, outcome: record, sessionID: record.sessionID, made: record.id)
        }
    }

    /// Ends a grant; captures that stood on it stop at once.
    ///
    /// - Throws: `CONSENT_NOT_FOUND`, and as ``ConsentRules/revoke(_:record:_:)``.
    public func revoke(_ command: RevokeConsent, _ invocation: Invocation)
        async throws(TelehealthError) -> RevocationOutcome
    {
        try await pipeline.change("RevokeConsent", invocation) { _, made throws(TelehealthError) in
            RevocationOutcome(
                record: try await own(made.consent, invocation.caller), stoppedRecordings: made.stoppedRecordings)
        } decide: { () throws(TelehealthError) in
            let stored = try await pipeline.access.consent(command.consentID)
            let tie = try await pipeline.access.tie(of: invocation.caller, to: stored)
            let inputs = try await inputs(
                of: stored.subjectID, stored.type, tie, nil, concerning: stored.sessionID, invocation.caller)
            let (decision, outcome) = try ConsentRules.revoke(command, record: current(stored, inputs), inputs)
            return CommandResult(
                decision: decision, outcome: outcome, sessionID: outcome.record.sessionID,
                made: RevocationResult(
                    consent: outcome.record.id, stoppedRecordings: outcome.stoppedRecordings))
        }
    }

    /// - Parameter concerning: the session that what is done is limited to; nil = none.
    private func inputs(
        of subject: SubjectID, _ type: ConsentType, _ tie: SubjectRelationship, _ statement: ConsentStatement?,
        concerning visit: SessionID?, _ caller: Caller
    ) async throws(TelehealthError) -> ConsentRules.Inputs {
        let history = try await reading(await pipeline.store.consents(of: subject))
        let open = try await pipeline.access.openSessions(of: subject)
        var recorded: Set<SubjectID> = []
        for session in open where session.activeRecording != nil {
            recorded.formUnion(session.subjectsOfRecording)
        }
        if type == .thirdPartyPresence {
            for session in open { recorded.formUnion(session.subjectsOfAdmission) }
        }
        recorded.remove(subject)
        var document: ConsentDocument?
        if let statement {
            // Texts from before may stand twice under one tag; the hash tells which was shown.
            let shown = try await reading(await pipeline.store.documents(of: type))
                .filter { $0.version == statement.documentVersion }
                .inLanguage(lookedUp: statement.documentLanguage)
            document = shown.first { $0.textHash == statement.textHash } ?? shown.first
        }
        let session = visit.flatMap { id in open.first { $0.session.id == id } }
        let place = session ?? open.first { $0.session.clientID == subject }
        // After the history: a birth date that comes between is a conflict.
        let guardian = try await pipeline.access.guardian(of: subject, in: visit)
        if tie == .guardian, statement != nil, guardian?.id != caller.clientID {
            throw .versionConflict
        }
        return ConsentRules.Inputs(
            caller: caller, tie: tie, history: history, document: document, session: session,
            guardian: guardian, openSessions: open,
            ledger: try await pipeline.ledger(of: recorded.sorted { $0.rawValue < $1.rawValue }),
            context: place.map { pipeline.context().at(placeOf: $0) } ?? pipeline.context())
    }

    /// The entry as the history that the decision expects holds it.
    private func current(_ record: ConsentRecord, _ inputs: ConsentRules.Inputs) -> ConsentRecord {
        inputs.history.records.first { $0.id == record.id } ?? record
    }

    private func own(_ id: ConsentID, _ caller: Caller) async throws(TelehealthError) -> ConsentRecord {
        let record = try await pipeline.access.consent(id)
        _ = try await pipeline.access.tie(of: caller, to: record)
        return record
    }
}
