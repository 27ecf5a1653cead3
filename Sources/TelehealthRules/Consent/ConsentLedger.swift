package import TelehealthModel

/// The consent histories and texts one decision looks at.
///
/// The place's policy (``RuleContext/place``) says what is required; the ledger judges whether it is there.
package struct ConsentLedger: Sendable {
    private(set) var histories: [SubjectID: ConsentHistory] = [:]
    private let texts: ConsentTexts

    package init(_ histories: [ConsentHistory] = [], documents: [ConsentDocument] = []) {
        for history in histories { self.histories[history.subjectID] = history }
        texts = ConsentTexts(documents)
    }

    func replacing(_ history: ConsentHistory) -> ConsentLedger {
        var ledger = self
        ledger.histories[history.subjectID] = history
        return ledger
    }

    /// A decision on this ledger holds only while these histories stand.
    package var expectations: [Decision.Expectation] {
        histories.values.sorted { $0.subjectID.rawValue < $1.subjectID.rawValue }
            .map { .consents($0.subjectID, version: $0.version) }
    }

    /// Somebody with what they are in the visit.
    package struct Party: Sendable {
        package let subject: SubjectID
        let role: ParticipantRole

        package init(subject: SubjectID, role: ParticipantRole) {
            self.subject = subject
            self.role = role
        }

        package init(_ participant: Participant) { self.init(subject: participant.subjectID, role: participant.role) }
    }

    /// What is judged: an action for one purpose in one session, or in none.
    package struct Matter {
        package let action: ConsentAction
        package let session: SessionID?
        package let purpose: Recording.Purpose
        package let context: RuleContext

        package init(
            action: ConsentAction, session: SessionID?, purpose: Recording.Purpose, context: RuleContext
        ) {
            self.action = action
            self.session = session
            self.purpose = purpose
            self.context = context
        }
    }

    /// Whether the client of the visit may be in a telehealth visit at all.
    package func evaluateJoin(of client: SubjectID, in session: SessionID?, context: RuleContext) -> ConsentEvaluation
    {
        evaluate(
            Matter(action: .join, session: session, purpose: .clinical, context: context),
            [Party(subject: client, role: .client)])
    }

    /// Whether these people may be recorded.
    func evaluateRecording(
        of people: [Participant], in session: SessionID?, purpose: Recording.Purpose, context: RuleContext
    ) -> ConsentEvaluation {
        evaluate(
            Matter(action: .record, session: session, purpose: purpose, context: context),
            people.map(Party.init))
    }

    /// Whether everybody has consented to whatever the place asks of them for an action.
    package func evaluate(_ matter: Matter, _ people: [Party]) -> ConsentEvaluation {
        let context = matter.context
        let requirements = context.policy.requirements(for: matter.action, in: context.place)
        let present = Set(people.map(\.role))
        var evaluation = ConsentEvaluation(
            action: matter.action, place: context.place.id, policyVersion: context.place.version,
            citations: context.place.citations(of: requirements), evaluatedAt: context.now)
        for party in people {
            for requirement in requirements where requirement.applies(to: party.role, present: present) {
                switch find(requirement, of: party.subject, matter) {
                case .granted(let records):
                    for record in records {
                        evaluation.basis.append(basis(record, of: party.role.consentRole, requirement, context))
                    }
                case .gap(let cause):
                    evaluation.missing.append(
                        ConsentGap(
                            subjectID: party.subject, subjectRole: party.role.consentRole, type: requirement.types[0],
                            cause: cause, remedy: remedy(requirement, of: party.subject, context)))
                }
            }
        }
        return evaluation
    }

    /// Whether the person is too young to sign here; false where the birth date is not known.
    func isMinor(_ subject: SubjectID, _ context: RuleContext) -> Bool {
        guard let bornOn = histories[subject]?.bornOn else { return false }
        return context.now < context.place.majority(of: bornOn)
    }

    /// Whether the person has a place in the visit still: a guardian until the client has come of age.
    func hasSay(_ person: Participant, in state: SessionState, _ context: RuleContext) -> Bool {
        person.role != .guardian
            || Guardianship.stands(
                histories[state.session.clientID]?.bornOn, guardsAdult: state.session.guardsAdult, context)
    }

    /// The instant from which a record no longer counts under a requirement.
    func end(
        of record: ConsentRecord, _ requirement: JurisdictionPolicy.Requirement, _ context: RuleContext
    ) -> Timestamp {
        let byPolicy = record.grantedAt + requirement.validity
        let byTime = record.expiresAt.map { min($0, byPolicy) } ?? byPolicy
        return powerEnd(of: record, context).map { min($0, byTime) } ?? byTime
    }

    /// When the signer's power to sign for the subject ends; nil = no end is known.
    package func powerEnd(of record: ConsentRecord, _ context: RuleContext) -> Timestamp? {
        guard record.signerID != record.subjectID else { return nil }
        return Guardianship.end(
            histories[record.subjectID]?.bornOn, guardsAdult: record.signerID == context.adultGuardian,
            at: context.place)
    }

    /// From when on a newer text is in force; nil = none.
    func replaced(_ record: ConsentRecord) -> Timestamp? {
        texts.replaced(
            record.type, version: record.documentVersion, language: record.documentLanguage,
            textHash: record.textHash)
    }

    func replaced(_ type: ConsentType, version: String, language: String, textHash: [UInt8]) -> Timestamp? {
        texts.replaced(type, version: version, language: language, textHash: textHash)
    }

    /// Whether a current grant ends soon under some requirement of the place, or a newer text replaced its own.
    package func isDueForRenewal(_ record: ConsentRecord, _ context: RuleContext) -> Bool {
        guard record.decision == .granted, record.revokedAt == nil, record.supersededBy == nil else {
            return false
        }
        if let replaced = replaced(record), replaced <= context.now { return true }
        let requirements = context.place.requirements.filter { $0.types.contains(record.type) }
        guard !requirements.isEmpty else {
            return record.expiresAt.map { $0 - .seconds(30 * 86_400) <= context.now } ?? false
        }
        return requirements.contains { end(of: record, $0, context) - $0.renewalWindow <= context.now }
    }

    // MARK: Judging one requirement

    private enum Finding {
        case granted([ConsentRecord])
        case gap(ConsentGap.Cause)
    }

    /// The first type that does, with its spoken half where one is asked for.
    private func find(
        _ requirement: JurisdictionPolicy.Requirement, of subject: SubjectID, _ matter: Matter
    ) -> Finding {
        var causes: [ConsentGap.Cause] = []
        for type in requirement.types {
            switch findHalf(type, requirement.methods, of: subject, requirement, matter) {
            case .gap(let cause): causes.append(cause)
            case .granted(let records):
                guard requirement.needsVerbalToo, !records.contains(where: { $0.method == .verbal }) else {
                    return .granted(records)
                }
                switch findHalf(type, [.verbal], of: subject, requirement, matter) {
                case .granted(let spoken): return .granted(records + spoken)
                case .gap(let cause):
                    causes.append(cause == .notWritten || cause == .absent ? .verbalMissing : cause)
                }
            }
        }
        return .gap(causes.first { $0 != .absent } ?? .absent)
    }

    /// The last word that counts in this session: a refusal or revocation outweighs every older grant.
    private func findHalf(
        _ type: ConsentType, _ methods: Set<ConsentMethod>, of subject: SubjectID,
        _ requirement: JurisdictionPolicy.Requirement, _ matter: Matter
    ) -> Finding {
        var cause: ConsentGap.Cause?
        for record in (histories[subject]?.records ?? []).reversed() {
            guard record.type == type, record.supersededBy == nil else { continue }
            guard record.sessionID == nil || record.sessionID == matter.session else { continue }
            if record.revokedAt != nil { return .gap(cause ?? .revoked) }
            if record.decision == .declined { return .gap(cause ?? .declined) }
            if let flaw = flaw(of: record, methods, requirement, matter) {
                // A flaw of the right kind of record says more than that there is one of another kind.
                cause = cause == nil || cause == .notWritten ? flaw : cause
            } else {
                return .granted([record])
            }
        }
        return .gap(cause ?? .absent)
    }

    /// Why a standing grant does not count here and now.
    private func flaw(
        of record: ConsentRecord, _ methods: Set<ConsentMethod>, _ requirement: JurisdictionPolicy.Requirement,
        _ matter: Matter
    ) -> ConsentGap.Cause? {
        let context = matter.context
        if !methods.contains(record.method) { return .notWritten }
        if end(of: record, requirement, context) <= context.now { return .expired }
        guard record.acknowledgements.areComplete, record.grantedAt <= context.now else { return .absent }
        if record.type == .recording && record.method == .verbal { return .notWritten }
        if requirement.perSession && record.sessionID == nil { return .notForSession }
        if record.type == .recording && !record.recordingPurposes.contains(matter.purpose) {
            return .otherPurpose
        }
        if record.signerID == record.subjectID && isMinor(record.subjectID, context) {
            return .guardianRequired
        }
        if !context.place.missingEvidence(record.method, note: record.evidence, record.evidenceItems).isEmpty
        {
            return .evidenceMissing
        }
        if let replaced = replaced(record), replaced + requirement.versionGrace <= context.now {
            return .outdatedVersion
        }
        return nil
    }

    private func basis(
        _ record: ConsentRecord, of role: ConsentSubjectRole, _ requirement: JurisdictionPolicy.Requirement,
        _ context: RuleContext
    ) -> ConsentBasis {
        let replacedAt = replaced(record).map { $0 + requirement.versionGrace }
        let end = end(of: record, requirement, context)
        let last = replacedAt.map { min($0, end) } ?? end
        let isReplaced = replaced(record).map { $0 <= context.now } ?? false
        return ConsentBasis(
            consentID: record.id, subjectID: record.subjectID, subjectRole: role, type: record.type,
            method: record.method, countsUntil: last,
            isExpiring: end - requirement.renewalWindow <= context.now || isReplaced, isReplaced: isReplaced)
    }

    private func remedy(
        _ requirement: JurisdictionPolicy.Requirement, of subject: SubjectID, _ context: RuleContext
    ) -> ConsentRemedy {
        ConsentRemedy(
            types: requirement.types, methods: requirement.methods,
            needsVerbalToo: requirement.needsVerbalToo,
            perSession: requirement.perSession, needsGuardian: isMinor(subject, context),
            evidence: context.place.evidence,
            documents: requirement.types.flatMap { texts.inForce($0, at: context.now) },
            citations: requirement.citations)
    }
}
