public import TelehealthModel
public import TelehealthRules

/// Runs the rule of every RPC: load, authorize by the roster, find a repeated request, decide, apply.
///
/// A commit that came between makes the rule run again on the new state, a bounded number of times. Events
/// and effects follow the commit. The handlers decide which role may call which method; who belongs to
/// which visit is here. Isolation: the caller's.
public final class CommandExecutor: Sendable {
    /// One rule's result: the transaction, the answer, and the ids by which a repetition finds it again.
    struct CommandResult<Outcome, Made: RequestResult> {
        var decision: Decision
        var outcome: Outcome
        var sessionID: SessionID?
        var appointmentID: AppointmentID?
        var made: Made
    }

    let store: any TelehealthStore
    let hub: EventHub
    /// What those are told who watch many visits.
    public let sessionsWatches: SessionsWatchHub
    let presence: PresenceTracker
    let credentials: CredentialCache
    let gateway: any MeetingGateway
    let time: any TimeSource
    let ids: any IDSource
    public let policy: Policy
    let guestKey: GuestKey
    private let gate = RequestGate()
    let checkTurn = InspectionTurn()

    /// - Parameters:
    ///   - hub: follows the store, as `presence` and `credentials` do.
    ///   - credentials: the worker's, too.
    ///   - guestKey: signs guests' grants and passes; a fresh one ends them with this process.
    public init(
        store: any TelehealthStore, hub: EventHub, presence: PresenceTracker, credentials: CredentialCache,
        gateway: any MeetingGateway, time: any TimeSource, ids: any IDSource, policy: Policy,
        guestKey: GuestKey = GuestKey()
    ) {
        self.store = store
        self.hub = hub
        sessionsWatches = SessionsWatchHub(following: store)
        self.presence = presence
        self.credentials = credentials
        self.gateway = gateway
        self.time = time
        self.ids = ids
        self.policy = policy
        self.guestKey = guestKey
    }

    func context() -> RuleContext {
        RuleContext(
            now: time.now, policy: policy, ids: ids, controlRegion: gateway.controlRegion,
            recordingsBucket: gateway.recordingsBucket)
    }

    /// A changing call, once per request id.
    ///
    /// - Parameters:
    ///   - hasEffect: `decide` does something outside the store, so a repetition must be found before it runs.
    ///   - replay: answers a repetition from what the first call made; authorizes again.
    ///   - decide: loads and decides; runs again after a conflict.
    func change<Outcome, Made: RequestResult>(
        _ method: String, session: SessionID? = nil, hasEffect: Bool = false, _ invocation: Invocation,
        replay: (RequestRecord, Made) async throws(TelehealthError) -> Outcome,
        decide: () async throws(TelehealthError) -> CommandResult<Outcome, Made>
    ) async throws(TelehealthError) -> Outcome {
        guard let request = invocation.request, request.isValid else {
            throw .invalid("request_id", "must be a UUID")
        }
        let key = RequestRecord.Key(
            subject: invocation.caller.subject, method: method, requestID: request.id)
        guard await gate.enter(key, atMost: invocation.timeout, time) else {
            throw TelehealthError(.callCancelled)
        }
        defer { gate.leave(key) }
        do throws(TelehealthError) {
            if hasEffect, let earlier = try await earlier(key) {
                return try await repeated(earlier, request, invocation, replay)
            }
            for _ in 0..<policy.conflictRetriesMax {
                var ruling: CommandResult<Outcome, Made>
                do throws(TelehealthError) {
                    ruling = try await decide()
                } catch {
                    // What was refused now may have been done before. What is decided again needs no look-up
                    // here: the store finds the record, and that is so for one call in thousands.
                    guard let earlier = try await earlier(key) else { throw error }
                    return try await repeated(earlier, request, invocation, replay)
                }
                ruling.decision.request = RequestRecord(
                    key: key, requestHash: request.hash, sessionID: ruling.sessionID,
                    appointmentID: ruling.appointmentID, resultID: ruling.made.storedText, createdAt: time.now,
                    expiresAt: time.now + policy.requestRetention)
                switch try await apply(ruling.decision) {
                case .committed: return ruling.outcome
                case .conflict: continue
                case .requestExists(let record):
                    return try await repeated(record, request, invocation, replay)
                }
            }
            throw .versionConflict
        } catch {
            try await auditDenial(error, method, session, invocation)
            throw error
        }
    }

    /// A change of one stored session.
    ///
    /// The caller's ``Invocation/expectedVersion`` is judged with the rule, on the state that the rule saw, and so
    /// again whenever a commit came between: after the caller's rights, before what the rule says of the state.
    /// - Parameter rule: changes the draft; returns the id of what it made, if anything.
    func changeSession<Outcome, Made: RequestResult>(
        _ method: String, _ id: SessionID, _ invocation: Invocation,
        rule: (inout SessionDraft, CallerMembership) async throws(TelehealthError) -> Made,
        outcome: (SessionState, CallerMembership, Made) throws(TelehealthError) -> Outcome
    ) async throws(TelehealthError) -> Outcome {
        try await change(method, session: id, invocation) { _, made throws(TelehealthError) in
            let (state, standing) = try await visible(id, invocation.caller)
            return try outcome(state, standing, made)
        } decide: { () throws(TelehealthError) in
            let (state, standing) = try await visible(id, invocation.caller)
            var draft = SessionDraft(state, context())
            let mismatch = state.session.mismatch(invocation.expectedVersion)
            let made: Made
            do throws(TelehealthError) { made = try await rule(&draft, standing) } catch {
                throw error.reason.isOfState ? mismatch ?? error : error
            }
            if let mismatch, !draft.isRepetition { throw mismatch }
            var decision = draft.seal(by: .caller(invocation.caller), action: method, target: made.storedText)
            if invocation.expectedVersion != nil, decision.changes.isEmpty, !draft.isRepetition {
                // Also where the rule found nothing to do, the version holds until the commit.
                decision.expectations.append(.session(id, version: state.session.version))
            }
            // Participant, recording, share or invitation.
            for index in decision.audit.indices { decision.audit[index].hasOwnTarget = true }
            return CommandResult(
                decision: decision, outcome: try outcome(draft.state, standing, made), sessionID: id,
                made: made)
        }
    }

    /// A change of one stored session that answers with the session, as its caller may see it.
    func changeSession<Made: RequestResult>(
        _ method: String, _ id: SessionID, _ invocation: Invocation,
        rule: (inout SessionDraft, CallerMembership) async throws(TelehealthError) -> Made
    ) async throws(TelehealthError) -> SessionState {
        try await changeSession(method, id, invocation, rule: rule) { state, standing, _ in
            Visibility.redact(state, for: standing)
        }
    }

    /// The session with the caller's standing in it.
    ///
    /// - Throws: as ``SessionState/standing(of:in:)``; `SESSION_NOT_FOUND` also when it does not exist.
    func visible(_ id: SessionID, in matter: SessionMatter = .visit, _ caller: Caller)
        async throws(TelehealthError) -> (SessionState, CallerMembership)
    {
        let state = try await reading { () async throws(StoreError) in try await store.session(id) }
        return try await seen(state, in: matter, by: caller)
    }

    /// The rule of who may know of a session; `state` is nil for one that does not exist.
    func seen(_ state: SessionState?, in matter: SessionMatter = .visit, by caller: Caller)
        async throws(TelehealthError) -> (SessionState, CallerMembership)
    {
        guard let state else { throw TelehealthError(.sessionNotFound) }
        let standing = try state.standing(of: caller, in: matter)
        if standing == .participant(.guardian), try await !hasGuardian(state) {
            throw TelehealthError(.sessionNotFound)
        }
        return (state, standing)
    }

    func ledger(of subjects: [SubjectID]) async throws(TelehealthError) -> ConsentLedger {
        try await reading { () async throws(StoreError) in
            try await store.ledger(of: subjects, types: policy.places.types)
        }
    }

    func reading<Value>(_ body: () async throws(StoreError) -> Value) async throws(TelehealthError) -> Value {
        do { return try await body() } catch { throw TelehealthError(error) }
    }

    func apply(_ decision: Decision) async throws(TelehealthError) -> ApplyResult {
        do { return try await store.apply(decision) } catch { throw TelehealthError(error) }
    }

    private func earlier(_ key: RequestRecord.Key) async throws(TelehealthError) -> RequestRecord? {
        try await reading { () async throws(StoreError) in try await store.request(key) }
    }

    private func repeated<Outcome, Made: RequestResult>(
        _ record: RequestRecord, _ request: Invocation.Request, _ invocation: Invocation,
        _ replay: (RequestRecord, Made) async throws(TelehealthError) -> Outcome
    ) async throws(TelehealthError) -> Outcome {
        if record.requestHash != request.hash { throw TelehealthError(.requestIDReused) }
        guard let made = Made(storedText: record.resultID) else { throw TelehealthError(.dataDamaged) }
        let outcome = try await replay(record, made)
        try await auditRead(
            record.key.method, session: record.sessionID,
            target: record.resultID ?? record.appointmentID?.rawValue, reason: "REPEATED", invocation)
        return outcome
    }
}

extension Session {
    /// Why a change that is meant for a version is refused; nil when it has that version, or any will do.
    fileprivate func mismatch(_ expected: Int64?) -> TelehealthError? {
        guard let expected, expected != version else { return nil }
        return .versionMismatch(current: version)
    }
}
