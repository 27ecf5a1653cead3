/// The consent histories one decision looks at.
struct ConsentLedger: Sendable {
    private(set) var histories: [SubjectID: ConsentHistory] = [:]

    init(_ histories: [ConsentHistory] = []) {
        for history in histories { self.histories[history.subjectID] = history }
    }

    func replacing(_ history: ConsentHistory) -> ConsentLedger {
        var ledger = self
        ledger.histories[history.subjectID] = history
        return ledger
    }

    /// A decision on this ledger holds only while these histories stand.
    var expectations: [Decision.Expectation] {
        histories.values.sorted { $0.subjectID.rawValue < $1.subjectID.rawValue }
            .map { .consents($0.subjectID, version: $0.version) }
    }

    enum Finding {
        case granted(ConsentRecord)
        case gap(ConsentGap.Cause)
    }

    /// The last word that counts in this session: a refusal or revocation outweighs every older grant.
    func find(
        _ type: ConsentType, of subject: SubjectID, in session: SessionID?, purpose: Recording.Purpose,
        context: RuleContext
    ) -> Finding {
        var cause: ConsentGap.Cause?
        for record in (histories[subject]?.records ?? []).reversed() {
            guard record.type == type, record.supersededBy == nil else { continue }
            guard record.sessionID == nil || record.sessionID == session else { continue }
            if record.revokedAt != nil { return .gap(cause ?? .revoked) }
            if record.decision == .declined { return .gap(cause ?? .declined) }
            if let flaw = Self.flaw(of: record, purpose: purpose, context: context) {
                cause = cause ?? flaw
            } else {
                return .granted(record)
            }
        }
        return .gap(cause ?? .absent)
    }

    /// Why a standing grant does not count here and now.
    private static func flaw(of record: ConsentRecord, purpose: Recording.Purpose, context: RuleContext)
        -> ConsentGap.Cause?
    {
        if let end = record.expiresAt, end <= context.now { return .expired }
        guard record.acknowledgements.areComplete, record.grantedAt <= context.now else { return .absent }
        guard record.type == .recording else { return nil }
        if record.method == .verbal || !context.policy.recordingConsentMethods.contains(record.method) {
            return .notWritten
        }
        return record.recordingPurposes.contains(purpose) ? nil : .otherPurpose
    }

    /// Whether the client of the visit may be in a telehealth visit at all.
    func evaluateJoin(of client: SubjectID, in session: SessionID?, context: RuleContext) -> ConsentEvaluation
    {
        evaluate(
            .join, context.policy.joinConsents.map { (client, .client, $0) }, in: session, purpose: .clinical,
            context: context)
    }

    /// Whether these people may be recorded.
    func evaluateRecording(
        of people: [Participant], in session: SessionID?, purpose: Recording.Purpose, context: RuleContext
    ) -> ConsentEvaluation {
        evaluate(
            .record, people.map { ($0.subjectID, $0.consentRole, .recording) }, in: session, purpose: purpose,
            context: context)
    }

    func evaluate(
        _ action: ConsentAction, _ needed: [(SubjectID, ConsentSubjectRole, ConsentType)],
        in session: SessionID?,
        purpose: Recording.Purpose, context: RuleContext
    ) -> ConsentEvaluation {
        var missing: [ConsentGap] = []
        var standsOn: [ConsentID] = []
        var expiring: [ConsentID] = []
        for (subject, role, type) in needed {
            switch find(type, of: subject, in: session, purpose: purpose, context: context) {
            case .gap(let cause):
                missing.append(ConsentGap(subjectID: subject, subjectRole: role, type: type, cause: cause))
            case .granted(let record):
                standsOn.append(record.id)
                if let end = record.expiresAt, end - context.policy.consentRenewalWindow <= context.now {
                    expiring.append(record.id)
                }
            }
        }
        return ConsentEvaluation(action: action, missing: missing, standsOn: standsOn, expiring: expiring)
    }
}
