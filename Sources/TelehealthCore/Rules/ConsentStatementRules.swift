/// What makes a signed statement acceptable, apart from where it is stored.
enum ConsentStatementRules {
    static func check(
        _ statement: ConsentStatement, type: ConsentType, subject: SubjectID, _ scene: ConsentRules.Scene
    ) throws(TelehealthError) {
        try checkDocument(statement, scene)
        try checkSigner(statement, scene)
        try checkTimes(statement, type, scene)
        if let evidence = statement.evidence, evidence.utf8.count > ConsentRules.evidenceBytesMax {
            throw .invalid("evidence", "must have at most \(ConsentRules.evidenceBytesMax) bytes")
        }
        if let session = statement.sessionID {
            guard scene.session?.session.id == session, scene.session?.participant(of: subject) != nil else {
                throw TelehealthError(.sessionNotFound)
            }
        }
        guard statement.decision == .granted else { return }
        if !statement.acknowledgements.areComplete { throw TelehealthError(.acknowledgementsIncomplete) }
        if type == .recording && statement.method == .verbal {
            throw TelehealthError(.writtenConsentRequired)
        }
    }

    private static func checkDocument(_ statement: ConsentStatement, _ scene: ConsentRules.Scene)
        throws(TelehealthError)
    {
        guard let document = scene.document, document.effectiveAt <= scene.context.now else {
            throw TelehealthError(.documentNotFound)
        }
        if statement.textHash != document.textHash { throw TelehealthError(.textHashMismatch) }
    }

    /// Electronic is a personal act; paper and verbal are attested by the clinic.
    private static func checkSigner(_ statement: ConsentStatement, _ scene: ConsentRules.Scene)
        throws(TelehealthError)
    {
        switch statement.method {
        case .electronic:
            guard scene.tie == .own || scene.tie == .guardian else { throw TelehealthError(.notAllowed) }
            if scene.caller.actor != nil && !scene.context.policy.acceptsElectronicConsentOnBehalf {
                throw TelehealthError(.notAllowed)
            }
            if statement.attestedBy != nil {
                throw .invalid("attested_by", "must be empty for an electronic consent")
            }
        case .paper, .verbal:
            switch scene.tie {
            case .clinician, .staff: break
            case .own, .guardian: throw TelehealthError(.notAllowed)
            }
            guard let attester = statement.attestedBy,
                (1...ConsentRules.attesterBytesMax).contains(attester.utf8.count)
            else {
                throw .invalid(
                    "attested_by", "must name who attests, in 1 to \(ConsentRules.attesterBytesMax) bytes")
            }
            let own = [scene.caller.subject, scene.caller.clinicianID?.rawValue]
            if scene.tie == .clinician && !own.contains(attester) {
                throw .invalid("attested_by", "must be the calling clinician")
            }
        }
    }

    private static func checkTimes(
        _ statement: ConsentStatement, _ type: ConsentType, _ scene: ConsentRules.Scene
    )
        throws(TelehealthError)
    {
        let now = scene.context.now
        let grantedAt = statement.grantedAt ?? now
        if statement.method == .electronic && statement.grantedAt != nil {
            throw .invalid("granted_at", "must be empty for an electronic consent: it is signed now")
        }
        if grantedAt > now { throw .invalid("granted_at", "must not be in the future") }
        // A paper that turns up late does not undo a refusal that came after it was signed.
        let isOutdated = scene.history.records.contains { record in
            guard record.type == type, statement.decision == .granted else { return false }
            if let revokedAt = record.revokedAt { return revokedAt > grantedAt }
            return record.decision == .declined && record.grantedAt > grantedAt
        }
        if isOutdated { throw .invalid("granted_at", "must not be before a later refusal or revocation") }
        guard let expiresAt = statement.expiresAt else { return }
        if expiresAt <= now { throw .invalid("expires_at", "must be in the future") }
        if expiresAt > grantedAt + scene.context.policy.consentLifetime {
            throw .invalid("expires_at", "must be within the clinic's longest validity")
        }
    }
}
