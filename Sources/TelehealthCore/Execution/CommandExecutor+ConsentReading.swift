// What is asked about consents, apart from changing them.

extension CommandExecutor {
    /// Somebody's whole history, oldest first.
    ///
    /// - Throws: `PERSON_NOT_FOUND`.
    public func consents(of subject: SubjectID, _ invocation: Invocation) async throws(TelehealthError)
        -> [ConsentRecord]
    {
        try await consentFile(of: subject, invocation).records
    }

    /// Somebody's history, and which of it should be renewed where their visits are. A clinician whose visits with
    /// the person are past reads what had been recorded by the end of the last one.
    ///
    /// - Parameter session: the visit that the caller asks for; nil = none.
    /// - Throws: `PERSON_NOT_FOUND`.
    public func consentFile(of subject: SubjectID, in session: SessionID? = nil, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentFile
    {
        let reach = try await requireTie("ListConsents", to: subject, in: session, invocation)
        try await auditRead("ListConsents", person: subject, invocation)
        let history = try await reading { () async throws(StoreError) in try await store.consents(of: subject)
        }
        return try await judged(history.records.filter(reach.contains), of: subject)
    }

    /// How some of a person's records stand where their visits are.
    public func judged(_ records: [ConsentRecord], of subject: SubjectID) async throws(TelehealthError)
        -> ConsentFile
    {
        let context = try await contextOutside(of: subject)
        let ledger = try await ledger(of: [subject])
        let ended = records.filter { ledger.powerEnd(of: $0, context).map { $0 <= context.now } ?? false }
        return ConsentFile(
            records: records,
            renewals: Set(records.filter { ledger.isDueForRenewal($0, context) }.map(\.id)),
            ended: Set(ended.map(\.id)))
    }

    /// Where somebody's open visit is, else home, with who signs for them as an adult.
    private func contextOutside(of subject: SubjectID) async throws(TelehealthError) -> RuleContext {
        let row = try await guardianRow(of: subject)
        return try await placeContext(of: subject)
            .with(adultGuardian: row?.guardsAdult == true ? row?.guardianID : nil)
    }

    /// What one person still has to grant; in a session also what everybody else has, for a recording.
    ///
    /// - Throws: `PERSON_NOT_FOUND`, `SESSION_NOT_FOUND`.
    public func consentStatus(of subject: SubjectID, session: SessionID?, _ invocation: Invocation)
        async throws(TelehealthError) -> ConsentStatus
    {
        try await requireTie("GetConsentStatus", to: subject, in: session, invocation)
        try await auditRead("GetConsentStatus", person: subject, session: session, invocation)
        let part = invocation.asPart
        if let session {
            return ConsentStatus(
                subjectID: subject, join: try await evaluateConsent(.join, session: session, part),
                record: try await evaluateConsent(.record, session: session, part))
        }
        return ConsentStatus(
            subjectID: subject,
            join: try await evaluateConsent(.join, of: subject, purpose: .clinical, part),
            record: try await evaluateConsent(.record, of: subject, purpose: .clinical, part))
    }

    /// What is missing for an action in a session, where its client is: of the client to join, of client,
    /// clinician and everybody admitted to record, of the client for every third party on the roster, here or not yet.
    ///
    /// - Throws: `SESSION_NOT_FOUND`.
    public func evaluateConsent(
        _ action: ConsentAction, session: SessionID, purpose: Recording.Purpose = .clinical,
        method: String = "GetConsentStatus", _ invocation: Invocation
    ) async throws(TelehealthError) -> ConsentEvaluation {
        let (state, _) = try await read(method, session, invocation)
        let people = state.participants.filter { person -> Bool in
            let isOfPair = person.role == .clinician || person.role == .client
            let isAskedFor = action == .thirdParty && person.isThirdParty
            return !person.isBarred && (isOfPair || isAskedFor || person.state == .admitted)
        }
        let ledger = try await ledger(of: people.map(\.subjectID) + [state.session.clientID])
        let matter = ConsentLedger.Matter(
            action: action, session: session, purpose: purpose, context: context().at(placeOf: state))
        var parties = people.map(ConsentLedger.Party.init)
        if !parties.contains(where: { $0.subject == state.session.clientID }) {
            parties.append(ConsentLedger.Party(subject: state.session.clientID, role: .client))
        }
        return ledger.evaluate(matter, parties)
    }

    /// What one person's standing consents allow at the clinic's home place, before there is a session.
    ///
    /// - Throws: `PERSON_NOT_FOUND`.
    public func evaluateConsent(
        _ action: ConsentAction, of subject: SubjectID, purpose: Recording.Purpose,
        method: String = "GetConsentStatus", _ invocation: Invocation
    ) async throws(TelehealthError) -> ConsentEvaluation {
        guard try await requireTie(method, to: subject, invocation) == .all else {
            // What a person's consents allow now is no matter of visits that are past.
            try await recordDenial(
                action: method, sessionID: nil, person: subject, invocation,
                reason: TelehealthError.Reason.personNotFound.rawValue)
            throw TelehealthError(.personNotFound)
        }
        try await auditRead(method, person: subject, invocation)
        let role: ConsentSubjectRole = invocation.caller.clinicianID == subject ? .clinician : .client
        let row = try await guardianRow(of: subject)
        let matter = ConsentLedger.Matter(
            action: action, session: nil, purpose: purpose,
            context: context().with(adultGuardian: row?.guardsAdult == true ? row?.guardianID : nil))
        return try await ledger(of: [subject])
            .evaluate(matter, [ConsentLedger.Party(subject: subject, role: role)])
    }

    /// A judgement as the caller may know it: a client is told of their own consents and of those they sign as a
    /// guardian.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, `PERSON_NOT_FOUND`.
    public func judgeConsent(
        _ action: ConsentAction, in matter: ConsentMatter, purpose: Recording.Purpose,
        _ invocation: Invocation
    ) async throws(TelehealthError) -> ConsentJudgement {
        switch matter {
        case .person(let subject):
            return ConsentJudgement(
                evaluation: try await evaluateConsent(
                    action, of: subject, purpose: purpose, method: "EvaluateConsent", invocation),
                othersMissing: false)
        case .session(let id):
            let whole = try await evaluateConsent(
                action, session: id, purpose: purpose, method: "EvaluateConsent", invocation)
            guard invocation.caller.role == .client || invocation.caller.role == .guest else {
                return ConsentJudgement(evaluation: whole, othersMissing: false)
            }
            let (state, standing) = try await visible(id, invocation.caller)
            var known = Set([invocation.caller.clientID, invocation.caller.guest?.subjectID].compactMap { $0 })
            if standing == .participant(.guardian) { known.insert(state.session.clientID) }
            var seen = whole
            seen.missing.removeAll { !known.contains($0.subjectID) }
            seen.basis.removeAll { !known.contains($0.subjectID) }
            return ConsentJudgement(
                evaluation: seen, othersMissing: seen.missing.count < whole.missing.count)
        }
    }

    /// One record, for whoever may see its subject's, and for whoever signed it.
    ///
    /// - Throws: `CONSENT_NOT_FOUND`.
    func consent(_ id: ConsentID, _ action: String, _ invocation: Invocation) async throws(TelehealthError)
        -> ConsentRecord
    {
        do throws(TelehealthError) {
            let record = try await consent(id)
            if invocation.caller.clientID != record.signerID {
                let reach = try await reach(
                    of: invocation.caller, to: record.subjectID, in: record.sessionID, notFound: .consentNotFound)
                guard reach.contains(record) else { throw TelehealthError(.consentNotFound) }
            }
            return record
        } catch {
            try await auditDenial(error, action, nil, invocation)
            throw error
        }
    }

    /// The policies in force, by place.
    public var placePolicies: [PlacePolicy] {
        policy.places.policies.values.sorted { $0.id < $1.id }
    }

    /// Registered texts, oldest first; anybody may read what they are asked to sign.
    public func documents(of type: ConsentType, _ invocation: Invocation) async throws(TelehealthError)
        -> [ConsentDocument]
    {
        let documents = try await reading { () async throws(StoreError) in
            try await store.documents(of: type)
        }
        try await auditRead("GetConsentDocument", target: wireName(type), invocation)
        return documents
    }
}
