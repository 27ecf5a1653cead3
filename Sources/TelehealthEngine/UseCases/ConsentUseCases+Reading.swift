// What is asked about consents, apart from changing them.

public import TelehealthModel
public import TelehealthRules

extension ConsentUseCases {
    /// Somebody's whole history, oldest first.
    ///
    /// - Throws: `PERSON_NOT_FOUND`.
    public func history(of subject: SubjectID, _ invocation: Invocation) async throws(TelehealthError)
        -> [ConsentRecord]
    {
        try await file(of: subject, invocation).records
    }

    /// Somebody's history, and which of it should be renewed where their visits are. A clinician whose visits with
    /// the person are past reads what had been recorded by the end of the last one.
    ///
    /// - Throws: `PERSON_NOT_FOUND`.
    public func file(of subject: SubjectID, _ invocation: Invocation) async throws(TelehealthError)
        -> ConsentFile
    {
        let reach = try await pipeline.access.requireTie("ListConsents", to: subject, invocation)
        try await pipeline.audit.read("ListConsents", person: subject, invocation)
        return try await file(of: subject, reach)
    }

    private func file(of subject: SubjectID, _ reach: CallerAccess.Reach) async throws(TelehealthError) -> ConsentFile {
        let history = try await reading(await pipeline.store.consents(of: subject))
        return try await judged(history.records.filter(reach.contains), of: subject)
    }

    /// How some of a person's records stand where their visits are.
    public func judged(_ records: [ConsentRecord], of subject: SubjectID) async throws(TelehealthError)
        -> ConsentFile
    {
        let context = try await contextOutside(of: subject)
        let ledger = try await pipeline.ledger(of: [subject])
        let ended = records.filter { ledger.powerEnd(of: $0, context).map { $0 <= context.now } ?? false }
        return ConsentFile(
            records: records,
            renewals: Set(records.filter { ledger.isDueForRenewal($0, context) }.map(\.id)),
            ended: Set(ended.map(\.id)))
    }

    /// Where somebody's open visit is, else home, with who signs for them as an adult.
    private func contextOutside(of subject: SubjectID) async throws(TelehealthError) -> RuleContext {
        let row = try await pipeline.access.guardianRow(of: subject)
        return try await pipeline.access.placeContext(of: subject)
            .with(adultGuardian: row?.guardsAdult == true ? row?.guardianID : nil)
    }

    /// Which actions may be done now, as the caller may know it; of a person also which of their records count.
    ///
    /// A client or guest sees their own gaps and those that they sign as a guardian, of others' only that
    /// there are some. A clinician whose visits with the person are past learns nothing of what their consents allow
    /// now.
    ///
    /// - Parameter purpose: what a recording is for.
    /// - Throws: `PERSON_NOT_FOUND`, `SESSION_NOT_FOUND`, `PARTICIPANT_REMOVED`, `PARTICIPANT_DENIED`.
    public func status(
        of actions: [ConsentAction], for purpose: Recording.Purpose = .clinical, in matter: ConsentMatter,
        _ invocation: Invocation
    ) async throws(TelehealthError) -> ConsentStatus {
        let method = "GetConsentStatus"
        let context = pipeline.context()
        switch matter {
        case .visit(let id, person: nil):
            let found = try await pipeline.access.read(method, id, invocation)
            return ConsentStatus(
                judgements: try await judge(actions, purpose, found, context, invocation.caller), file: nil,
                evaluatedAt: context.now)
        case .visit(let id, let person?):
            let reach = try await pipeline.access.requireTie(method, to: person, in: id, invocation)
            let found = try await pipeline.access.read(method, id, invocation.withoutOwnAuditRow)
            try await pipeline.audit.read(method, person: person, session: id, invocation)
            return ConsentStatus(
                judgements: try await judge(actions, purpose, found, context, invocation.caller),
                file: try await file(of: person, reach), evaluatedAt: context.now)
        case .person(let person):
            guard try await pipeline.access.requireTie(method, to: person, invocation) == .all else {
                // What a person's consents allow now does not depend on past visits.
                try await pipeline.audit.recordDenial(
                    action: method, sessionID: nil, person: person, invocation,
                    reason: TelehealthError.Reason.personNotFound.rawValue)
                throw TelehealthError(.personNotFound)
            }
            try await pipeline.audit.read(method, person: person, invocation)
            return ConsentStatus(
                judgements: try await judge(actions, purpose, of: person, context, invocation.caller),
                file: try await file(of: person, .all), evaluatedAt: context.now)
        }
    }

    /// What is missing in a visit, where its client is: of the client to join, of client, clinician and everybody
    /// admitted to record, of the client for every third party on the roster, here or not yet.
    private func judge(
        _ actions: [ConsentAction], _ purpose: Recording.Purpose, _ found: (state: SessionState,
        standing: CallerMembership),
        _ context: RuleContext, _ caller: Caller
    ) async throws(TelehealthError) -> [ConsentJudgement] {
        let state = found.state
        let client = state.session.clientID
        let people = state.participants.filter { !$0.isBarred }
        let ledger = try await pipeline.ledger(of: people.map(\.subjectID) + [client])
        let context = context.at(placeOf: state)
        var known: Set<SubjectID>?
        if caller.role == .client || caller.role == .guest {
            known = Set([caller.clientID, caller.guest?.subjectID].compactMap { $0 })
            if found.standing == .participant(.guardian) { known?.insert(client) }
        }
        return actions.map { action in
            var parties = people.filter { person in
                let isOfPair = person.role == .clinician || person.role == .client
                let isAskedFor = action == .thirdParty && person.isThirdParty
                return isOfPair || isAskedFor || person.state == .admitted
            }
            .map(ConsentLedger.Party.init)
            if !parties.contains(where: { $0.subject == client }) {
                parties.append(ConsentLedger.Party(subject: client, role: .client))
            }
            let matter = ConsentLedger.Matter(
                action: action, session: state.session.id, purpose: action == .record ? purpose : .clinical,
                context: context)
            return ConsentJudgement(ledger.evaluate(matter, parties), knowing: known)
        }
    }

    /// What one person's standing consents allow at the clinic's home place, before there is a session.
    private func judge(
        _ actions: [ConsentAction], _ purpose: Recording.Purpose, of person: SubjectID, _ context: RuleContext,
        _ caller: Caller
    ) async throws(TelehealthError) -> [ConsentJudgement] {
        let row = try await pipeline.access.guardianRow(of: person)
        let context = context.with(adultGuardian: row?.guardsAdult == true ? row?.guardianID : nil)
        let ledger = try await pipeline.ledger(of: [person])
        let party = ConsentLedger.Party(subject: person, role: caller.clinicianID == person ? .clinician : .client)
        return actions.map { action in
            let matter = ConsentLedger.Matter(
                action: action, session: nil, purpose: action == .record ? purpose : .clinical, context: context)
            return ConsentJudgement(ledger.evaluate(matter, [party]), knowing: nil)
        }
    }

    /// One record, for whoever may see its subject's, and for whoever signed it.
    ///
    /// - Throws: `CONSENT_NOT_FOUND`.
    func get(_ id: ConsentID, _ action: String, _ invocation: Invocation) async throws(TelehealthError)
        -> ConsentRecord
    {
        do throws(TelehealthError) {
            let record = try await pipeline.access.consent(id)
            if invocation.caller.clientID != record.signerID {
                let reach = try await pipeline.access.reach(
                    of: invocation.caller, to: record.subjectID, in: record.sessionID, notFound: .consentNotFound)
                guard reach.contains(record) else { throw TelehealthError(.consentNotFound) }
            }
            return record
        } catch {
            try await pipeline.audit.denial(error, action, nil, invocation)
            throw error
        }
    }
}
