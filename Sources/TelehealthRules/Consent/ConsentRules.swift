internal import Crypto
package import TelehealthModel

/// Writing consents: append-only, each tied to the exact text that was shown.
package enum ConsentRules {
    static let evidenceBytesMax = 4096
    static let attesterBytesMax = 128
    static let documentTextBytesMax = 256 * 1024

    /// What a consent decision looks at besides the command.
    package struct Inputs {
        package let caller: Caller
        package let tie: SubjectRelationship
        package let history: ConsentHistory
        /// The registered document that the statement names; nil = none.
        package let document: ConsentDocument?
        /// The session the statement is limited to; nil = none named.
        package let session: SessionState?
        /// Who may sign for the subject in this matter; nil = nobody else.
        package let guardian: Guardianship.Signer?
        /// The subject's sessions that have not ended.
        package let openSessions: [SessionState]
        /// The histories of everybody recorded in one of these; the subject's own is replaced by the new one.
        package let ledger: ConsentLedger
        /// At the place of the session named, else of the subject's visit, else at home.
        package let context: RuleContext

        package init(
            caller: Caller, tie: SubjectRelationship, history: ConsentHistory, document: ConsentDocument?,
            session: SessionState?, guardian: Guardianship.Signer?, openSessions: [SessionState],
            ledger: ConsentLedger, context: RuleContext
        ) {
            self.caller = caller
            self.tie = tie
            self.history = history
            self.document = document
            self.session = session
            self.guardian = guardian
            self.openSessions = openSessions
            self.ledger = ledger
            self.context = context
        }

        /// With the subject's history as it is before the change.
        var ledgerWithHistory: ConsentLedger { ledger.replacing(history) }
    }

    /// A new entry; supersedes the current one of the same type and scope, if any.
    ///
    /// - Throws: `NOT_ALLOWED`, `INVALID_FIELD`, `DOCUMENT_NOT_FOUND`, `TEXT_HASH_MISMATCH`,
    ///   `ACKNOWLEDGEMENTS_INCOMPLETE`, `WRITTEN_CONSENT_REQUIRED`, `GUARDIAN_REQUIRED`, `DOCUMENT_OUTDATED`,
    ///   `EVIDENCE_INCOMPLETE`.
    package static func submit(_ command: SubmitConsent, _ inputs: Inputs) throws(TelehealthError)
        -> (Decision, ConsentRecord)
    {
        let isOwn = inputs.tie == .own
        let presumed: ConsentSubjectRole =
            isOwn && inputs.caller.role == .clinician
            ? .clinician : isOwn && inputs.caller.role == .guest ? .thirdParty : .client
        let role = command.subjectRole ?? presumed
        return try append(
            command.statement, subject: (command.subjectID, role), type: command.type,
            formers: formers(of: command.statement, command.type, inputs), inputs, action: "SubmitConsent")
    }

    /// What a new word replaces: every current one of the same type and scope. Where a place asks for a spoken and
    /// a written consent, each half replaces its own kind, and a refusal both.
    private static func formers(of statement: ConsentStatement, _ type: ConsentType, _ inputs: Inputs)
        -> [ConsentRecord]
    {
        let isPaired = inputs.context.policy.places.isPaired(type)
        return inputs.history.records.filter { record in
            guard record.type == type, record.sessionID == statement.sessionID, isCurrent(record) else {
                return false
            }
            guard isPaired, statement.decision == .granted, record.decision == .granted else { return true }
            return (record.method == .verbal) == (statement.method == .verbal)
        }
    }

    /// - Throws: as ``submit(_:_:)``, and `CONSENT_NOT_CURRENT` when the entry was superseded or revoked.
    package static func update(_ command: UpdateConsent, former: ConsentRecord, _ inputs: Inputs)
        throws(TelehealthError) -> (Decision, ConsentRecord)
    {
        guard isCurrent(former) else { throw TelehealthError(.consentNotCurrent) }
        return try append(
            command.statement, subject: (former.subjectID, former.subjectRole), type: former.type,
            formers: [former], inputs, action: "UpdateConsent")
    }

    /// Ends a grant at once, with its other half. A second revocation changes nothing.
    ///
    /// - Throws: `CONSENT_NOT_CURRENT` for refusals and superseded entries, `INVALID_FIELD`.
    package static func revoke(_ command: RevokeConsent, record: ConsentRecord, _ inputs: Inputs)
        throws(TelehealthError) -> (Decision, RevocationOutcome)
    {
        if let reason = command.reason, reason.utf8.count > SessionDraft.noteBytesMax {
            throw .invalid("reason", "must have at most \(SessionDraft.noteBytesMax) bytes")
        }
        let principal = Principal.caller(inputs.caller)
        let entry = principal.audit(
            "RevokeConsent", at: inputs.context.now, person: record.subjectID, session: record.sessionID,
            target: record.id.rawValue)
        if record.revokedAt != nil {
            var decision = Decision()
            decision.audit = [entry]
            return (decision, RevocationOutcome(record: record, stoppedRecordings: []))
        }
        guard record.supersededBy == nil, record.decision == .granted else {
            throw TelehealthError(.consentNotCurrent)
        }
        let halves = inputs.history.records.filter {
            $0.type == record.type && $0.sessionID == record.sessionID && $0.decision == .granted
                && isCurrent($0)
        }
        let revoked = halves.map { half in
            var half = half
            half.revokedAt = inputs.context.now
            half.revokedBy = inputs.caller.subject.rawValue
            half.revocationReason = command.reason
            return half
        }
        var (decision, stopped) = write(
            revoked, ended: revoked.map(\.id), type: record.type, inputs, action: "RevokeConsent")
        decision.audit.append(entry)
        let outcome = RevocationOutcome(
            record: revoked.first { $0.id == record.id } ?? record, stoppedRecordings: stopped)
        return (decision, outcome)
    }

    /// - Parameter existing: the document with this type, version and language.
    /// - Throws: `INVALID_FIELD`, `DOCUMENT_VERSION_EXISTS`.
    package static func putDocument(
        _ command: PutConsentDocument, existing: ConsentDocument?, caller: Caller, context: RuleContext
    ) throws(TelehealthError) -> (Decision, ConsentDocument) {
        guard (1...32).contains(command.version.utf8.count) else {
            throw .invalid("version", "must have 1 to 32 bytes")
        }
        guard let language = LanguageTag(command.language)?.text else {
            throw .invalid("language", "must be a BCP 47 language tag")
        }
        guard command.text.saysSomething, command.text.utf8.count <= documentTextBytesMax else {
            throw .invalid("text", "must contain a letter or digit, and have 1 to \(documentTextBytesMax) bytes")
        }
        var decision = Decision()
        decision.audit = [
            Principal.caller(caller).audit(
                "PutConsentDocument", at: context.now,
                target: "\(wireName(command.type))/\(command.version)/\(language)")
        ]
        let hash = Array(SHA256.hash(data: Array(command.text.utf8)))
        if let existing {
            guard existing.textHash == hash else { throw TelehealthError(.documentVersionExists) }
            return (decision, existing)
        }
        let document = ConsentDocument(
            type: command.type, version: command.version, language: language, text: command.text,
            textHash: hash, effectiveAt: command.effectiveAt ?? context.now, registeredAt: context.now,
            registeredBy: caller.subject.rawValue)
        decision.expectations = [
            .documentAbsent(command.type, version: command.version, language: language)
        ]
        decision.changes = [.document(document)]
        return (decision, document)
    }

    /// Keeps what the scheduling system says of a client's age: every judgement from now on knows it.
    package static func note(_ bornOn: CivilDate, _ history: ConsentHistory, in decision: inout Decision) {
        guard history.bornOn != bornOn else { return }
        decision.expectations.append(.consents(history.subjectID, version: history.version))
        decision.changes.append(.birthDate(history.subjectID, bornOn))
        decision.changes.append(.consentVersion(history.subjectID, history.version + 1))
    }

    private static func isCurrent(_ record: ConsentRecord) -> Bool {
        record.supersededBy == nil && record.revokedAt == nil
    }

    private static func append(
        _ statement: ConsentStatement, subject: (id: SubjectID, role: ConsentSubjectRole), type: ConsentType,
        formers: [ConsentRecord], _ inputs: Inputs, action: String
    ) throws(TelehealthError) -> (Decision, ConsentRecord) {
        let signer = try ConsentStatementRules.signer(of: statement, subject: subject.id, inputs)
        let standing = signer == inputs.guardian?.id ? inputs.guardian?.standing : nil
        try ConsentStatementRules.check(statement, type: type, subject: subject.id, inputs)
        let now = inputs.context.now
        let grantedAt = statement.grantedAt ?? now
        let lifetime = grantedAt + ConsentStatementRules.validity(of: type, inputs.context)
        let record = ConsentRecord(
            id: ConsentID(inputs.context.ids.uuid()), subjectID: subject.id, subjectRole: subject.role,
            type: type,
            decision: statement.decision, method: statement.method,
            documentVersion: statement.documentVersion,
            documentLanguage: inputs.document?.language ?? statement.documentLanguage, textHash: statement.textHash,
            acknowledgements: statement.acknowledgements,
            recordingPurposes: statement.recordingPurposes, signerID: signer,
            attestedBy: statement.attestedBy, evidence: statement.evidence, sessionID: statement.sessionID,
            grantedAt: grantedAt,
            expiresAt: statement.decision == .granted ? statement.expiresAt ?? lifetime : nil,
            supersedes: formers.last?.id, recordedBy: inputs.caller.subject.rawValue, recordedAt: now,
            evidenceItems: statement.evidenceItems)
        let replaced = formers.map { former in
            var former = former
            former.supersededBy = record.id
            return former
        }
        var ended = formers.filter { $0.decision == .granted }.map(\.id)
        if ended.isEmpty { ended = [record.id] }
        var (decision, _) = write(
            replaced + [record], ended: statement.decision == .declined ? ended : [], type: type, inputs,
            action: action)
        if let standing { decision.expectations.append(standing) }
        decision.audit.append(
            Principal.caller(inputs.caller).audit(
                action, at: now, person: record.subjectID, session: record.sessionID,
                target: record.id.rawValue))
        return (decision, record)
    }

    /// The rows, the history's version, and what an ended or a new consent does to the subject's open sessions.
    ///
    /// - Returns: also the recordings that it stops.
    private static func write(
        _ rows: [ConsentRecord], ended: [ConsentID], type: ConsentType, _ inputs: Inputs, action: String
    ) -> (Decision, stopped: [RecordingID]) {
        var history = inputs.history
        for row in rows {
            if let index = history.records.firstIndex(where: { $0.id == row.id }) {
                history.records[index] = row
            } else {
                history.records.append(row)
            }
        }
        var decision = Decision()
        decision.expectations = [.consents(history.subjectID, version: history.version)]
        decision.changes = rows.map(Decision.Change.consent)
        decision.changes.append(.consentVersion(history.subjectID, history.version + 1))
        let ledger = inputs.ledger.replacing(history)
        let principal = Principal.caller(inputs.caller)
        var stopped: [RecordingID] = []
        for session in inputs.openSessions {
            var draft = SessionDraft(session, inputs.context)
            if !ended.isEmpty {
                draft.consentEnded(
                    of: history.subjectID, ended, type: type, ledger: ledger, by: principal.name)
            } else if type == .recording, let active = session.activeRecording, active.state != .stopping,
                session.admitted.contains(where: { $0.subjectID == history.subjectID }),
                !draft.mayRecord(active, ledger: ledger)
            {
                // A new grant that no longer covers this recording (another purpose, another session) ends
                // it too.
                draft.consentEnded(of: history.subjectID, [], type: type, ledger: ledger, by: principal.name)
            }
            if type == .thirdPartyPresence { draft.judgeThirdParties(ledger) }
            let running = session.recordings.filter { $0.state.mayCapture && $0.state != .stopping }
            stopped += running.map(\.id).filter { draft.state.recording($0)?.state == .stopping }
            if draft.isChanged {
                decision.merge(draft.seal(by: principal, action: action))
            } else if type == .thirdPartyPresence {
                // Whoever came in meanwhile came in on what is replaced here.
                decision.expectations.append(.session(session.session.id, version: session.session.version))
            }
        }
        return (decision, stopped)
    }
}
