internal import TelehealthModel

/// What makes a signed statement acceptable, apart from where it is stored.
enum ConsentStatementRules {
    static func check(
        _ statement: ConsentStatement, type: ConsentType, subject: SubjectID, _ inputs: ConsentRules.Inputs
    ) throws(TelehealthError) {
        try checkDocument(statement, type, inputs)
        // What is kept is what was signed: nothing is added, and nothing is left out.
        guard statement.recordingPurposes.isEmpty == (type != .recording) else {
            throw .invalid(
                "submission.recording_purposes",
                type == .recording ? "is required for a recording consent" : "belongs to the recording consent only")
        }
        try checkSigner(statement, inputs)
        try checkTimes(statement, type, inputs)
        try checkEvidence(statement, inputs)
        if let session = statement.sessionID {
            guard let state = inputs.session, state.session.id == session,
                let place = state.participant(of: subject)
                    ?? state.participants.last(where: { $0.subjectID == subject })
            else { throw TelehealthError(.sessionNotFound) }
            // Whoever was sent away has no say in the visit any more, but may always say no to what is kept of it.
            if statement.decision == .granted, let refusal = place.refusal { throw refusal }
        }
        guard statement.decision == .granted else { return }
        if !statement.acknowledgements.areComplete { throw TelehealthError(.acknowledgementsIncomplete) }
        if type == .recording && statement.method == .verbal {
            throw TelehealthError(.writtenConsentRequired)
        }
    }

    /// For how long a consent of this type holds: what the place says, within what the clinic allows.
    static func validity(of type: ConsentType, _ context: RuleContext) -> Duration {
        let longest = context.policy.consentLifetime
        return context.place.validity(of: type).map { min($0, longest) } ?? longest
    }

    /// Whose signature or word it is. Whoever calls signs an electronic consent; who files a paper or attests a
    /// word names a guardian where one signed.
    ///
    /// - Throws: `INVALID_FIELD` for somebody who is neither the subject nor their guardian, `GUARDIAN_REQUIRED`
    ///   when a minor's own word would be all.
    static func signer(of statement: ConsentStatement, subject: SubjectID, _ inputs: ConsentRules.Inputs)
        throws(TelehealthError) -> SubjectID
    {
        let caller = inputs.tie == .guardian ? inputs.caller.clientID ?? subject : subject
        let signer: SubjectID
        switch statement.method {
        case .electronic:
            signer = caller
            if let named = statement.signerID, named != signer {
                throw .invalid("submission.signer_id", "must be the caller or empty for an electronic consent")
            }
        case .paper, .verbal:
            signer = statement.signerID ?? caller
            guard signer == subject || signer == inputs.guardian?.id else {
                throw .invalid("submission.signer_id", "must be the subject of the consent or their guardian")
            }
        }
        // A minor may always refuse.
        if statement.decision == .granted, signer == subject,
            inputs.ledgerWithHistory.isMinor(subject, inputs.context)
        {
            throw TelehealthError(.guardianRequired)
        }
        return signer
    }

    private static func checkDocument(
        _ statement: ConsentStatement, _ type: ConsentType, _ inputs: ConsentRules.Inputs
    ) throws(TelehealthError) {
        let now = inputs.context.now
        guard let document = inputs.document, document.effectiveAt <= now else {
            throw TelehealthError(.documentNotFound)
        }
        if statement.textHash != document.textHash { throw TelehealthError(.textHashMismatch) }
        // A paper may be older than the text that replaced it, and is kept for what it is.
        guard statement.method == .electronic, statement.decision == .granted else { return }
        let grace = inputs.context.place.requirements.filter { $0.types.contains(type) }.map(\.versionGrace)
            .min()
        let replaced = inputs.ledgerWithHistory.replaced(
            type, version: document.version, language: document.language, textHash: document.textHash)
        if let grace, let replaced, replaced + grace <= now { throw TelehealthError(.documentOutdated) }
    }

    private static func checkEvidence(_ statement: ConsentStatement, _ inputs: ConsentRules.Inputs)
        throws(TelehealthError)
    {
        if let evidence = statement.evidence, evidence.utf8.count > ConsentRules.evidenceBytesMax {
            throw .invalid("submission.evidence", "must have at most \(ConsentRules.evidenceBytesMax) bytes")
        }
        let items = statement.evidenceItems
        let texts = [
            ("scan_reference", items.scanReference), ("script_version", items.scriptVersion),
            ("witness", items.witness),
        ]
        for case (let field, let text?) in texts
        where !(1...ConsentEvidence.textBytesMax).contains(text.utf8.count) {
            throw .invalid("submission.evidence_items.\(field)", "must have 1 to \(ConsentEvidence.textBytesMax) bytes")
        }
        if let hash = items.scanSHA256, hash.count != 32 {
            throw .invalid("submission.evidence_items.scan_sha256", "must be 32 bytes")
        }
        guard statement.decision == .granted else { return }
        let missing = inputs.context.place.missingEvidence(statement.method, note: statement.evidence, items)
        if !missing.isEmpty {
            throw .evidenceIncomplete(missing.map(\.name), place: inputs.context.place)
        }
    }

    /// Electronic is a personal act; paper and verbal are attested by the clinic. Who attests follows from who calls,
    /// so a fault of that is not a field of the request.
    private static func checkSigner(_ statement: ConsentStatement, _ inputs: ConsentRules.Inputs)
        throws(TelehealthError)
    {
        switch statement.method {
        case .electronic:
            guard inputs.tie == .own || inputs.tie == .guardian else { throw TelehealthError(.notAllowed) }
            if inputs.caller.actor != nil && !inputs.context.policy.acceptsElectronicConsentOnBehalf {
                throw TelehealthError(.notAllowed)
            }
            if statement.attestedBy != nil { throw TelehealthError(.notAllowed) }
        case .paper, .verbal:
            switch inputs.tie {
            case .clinician, .staff: break
            case .own, .guardian: throw TelehealthError(.notAllowed)
            }
            guard let attester = statement.attestedBy,
                (1...ConsentRules.attesterBytesMax).contains(attester.utf8.count)
            else { throw TelehealthError(.notAllowed) }
            let own = [inputs.caller.subject, inputs.caller.clinicianID.map { Subject($0.rawValue) }]
            if inputs.tie == .clinician && !own.contains(Subject(attester)) { throw TelehealthError(.notAllowed) }
        }
    }

    private static func checkTimes(
        _ statement: ConsentStatement, _ type: ConsentType, _ inputs: ConsentRules.Inputs
    )
        throws(TelehealthError)
    {
        let now = inputs.context.now
        let grantedAt = statement.grantedAt ?? now
        if statement.method == .electronic && statement.grantedAt != nil {
            throw .invalid("submission.decision_time", "must be empty for an electronic consent: it is signed now")
        }
        if grantedAt > now { throw .invalid("submission.decision_time", "must not be in the future") }
        // A paper that turns up late does not undo a refusal that came after it was signed.
        let isOutdated = inputs.history.records.contains { record in
            guard record.type == type, statement.decision == .granted else { return false }
            if let revokedAt = record.revokedAt { return revokedAt > grantedAt }
            return record.decision == .declined && record.grantedAt > grantedAt
        }
        if isOutdated { throw .invalid("submission.decision_time", "must not be before a later refusal or revocation") }
        guard let expiresAt = statement.expiresAt else { return }
        if expiresAt <= now { throw .invalid("submission.expire_time", "must be in the future") }
        if expiresAt > grantedAt + validity(of: type, inputs.context) {
            throw .invalid("submission.expire_time", "must be within the clinic's longest validity")
        }
    }
}
