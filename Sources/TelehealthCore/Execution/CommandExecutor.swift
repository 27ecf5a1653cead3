/// Runs every RPC's rule: load, authorise by the roster, find a repeated request, decide, apply.
///
/// A commit that came between makes the rule run again on the new state, a bounded number of times. Events
/// and effects follow the commit. Which role may call which method stands with the handlers; who belongs to
/// which visit is here. Isolation: the caller's.
public final class CommandExecutor: Sendable {
    /// One rule's result: the transaction, the answer, and the ids by which a repetition finds it again.
    struct Ruling<Outcome> {
        var decision: Decision
        var outcome: Outcome
        var sessionID: SessionID?
        var appointmentID: AppointmentID?
        var resultID: String?
    }

    let committer: Committer
    let gateway: any MeetingGateway
    let time: any TimeSource
    let ids: any IDSource
    public let policy: Policy
    private let gate = RequestGate()

    var store: any TelehealthStore { committer.store }

    public init(
        committer: Committer, gateway: any MeetingGateway, time: any TimeSource, ids: any IDSource,
        policy: Policy
    ) {
        self.committer = committer
        self.gateway = gateway
        self.time = time
        self.ids = ids
        self.policy = policy
    }

    func context() -> RuleContext {
        RuleContext(
            now: time.now, policy: policy, ids: ids, controlRegion: gateway.controlRegion,
            recordingsBucket: gateway.recordingsBucket)
    }

    /// A changing call, once per request id.
    ///
    /// - Parameters:
    ///   - replay: answers a repetition from the stored ids; authorises again.
    ///   - decide: loads and decides; runs again after a conflict.
    func change<Outcome>(
        _ method: String, session: SessionID? = nil, _ invocation: Invocation,
        replay: (RequestRecord) async throws(TelehealthError) -> Outcome,
        decide: () async throws(TelehealthError) -> Ruling<Outcome>
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
            if let record = try await reading({ () async throws(StoreError) in try await store.request(key) })
            {
                return try await repeated(record, request, replay)
            }
            for _ in 0..<policy.conflictRetriesMax {
                var ruling = try await decide()
                ruling.decision.request = RequestRecord(
                    key: key, requestHash: request.hash, sessionID: ruling.sessionID,
                    appointmentID: ruling.appointmentID, resultID: ruling.resultID, createdAt: time.now,
                    expiresAt: time.now + policy.requestRetention)
                switch try await apply(ruling.decision) {
                case .committed: return ruling.outcome
                case .conflict: continue
                case .requestExists(let record): return try await repeated(record, request, replay)
                }
            }
            throw TelehealthError(.versionConflict, retryAfter: .milliseconds(100))
        } catch {
            await auditDenial(error, method, session, invocation)
            throw error
        }
    }

    /// A change of one stored session.
    ///
    /// - Parameter rule: changes the draft; returns the id of what it made, if anything.
    func changeSession<Outcome>(
        _ method: String, _ id: SessionID, _ invocation: Invocation,
        rule: (inout SessionDraft, Standing) async throws(TelehealthError) -> String?,
        outcome: (SessionState, Standing, String?) throws(TelehealthError) -> Outcome
    ) async throws(TelehealthError) -> Outcome {
        try await change(method, session: id, invocation) { record throws(TelehealthError) in
            let (state, standing) = try await visible(id, invocation.caller)
            return try outcome(state, standing, record.resultID)
        } decide: { () throws(TelehealthError) in
            let (state, standing) = try await visible(id, invocation.caller)
            var draft = SessionDraft(state, context())
            let resultID = try await rule(&draft, standing)
            let decision = draft.seal(by: .caller(invocation.caller), action: method, target: resultID)
            return Ruling(
                decision: decision, outcome: try outcome(draft.state, standing, resultID), sessionID: id,
                resultID: resultID)
        }
    }

    /// The session with the caller's standing in it.
    ///
    /// - Throws: `SESSION_NOT_FOUND` when it does not exist or the caller may not know of it.
    func visible(_ id: SessionID, _ caller: Caller) async throws(TelehealthError) -> (SessionState, Standing)
    {
        let state = try await reading { () async throws(StoreError) in try await store.session(id) }
        guard let state, let standing = Standing.of(caller, in: state.session) else {
            throw TelehealthError(.sessionNotFound)
        }
        return (state, standing)
    }

    /// ``visible(_:_:)`` for reads: a refusal is audited here, as ``change(_:session:_:replay:decide:)``
    /// does for the rest.
    func read(_ action: String, _ id: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> (SessionState, Standing)
    {
        do { return try await visible(id, invocation.caller) } catch {
            await auditDenial(error, action, id, invocation)
            throw error
        }
    }

    func ledger(of subjects: [SubjectID]) async throws(TelehealthError) -> ConsentLedger {
        var histories: [ConsentHistory] = []
        for subject in subjects {
            histories.append(
                try await reading { () async throws(StoreError) in try await store.consents(of: subject) })
        }
        return ConsentLedger(histories)
    }

    func reading<Value>(_ body: () async throws(StoreError) -> Value) async throws(TelehealthError) -> Value {
        do { return try await body() } catch { throw TelehealthError(error) }
    }

    func apply(_ decision: Decision) async throws(TelehealthError) -> ApplyResult {
        do { return try await committer.apply(decision) } catch { throw TelehealthError(error) }
    }

    private func repeated<Outcome>(
        _ record: RequestRecord, _ request: Invocation.Request,
        _ replay: (RequestRecord) async throws(TelehealthError) -> Outcome
    ) async throws(TelehealthError) -> Outcome {
        if record.requestHash != request.hash { throw TelehealthError(.requestIDReused) }
        return try await replay(record)
    }

    /// A refusal that says something about the caller's rights is kept; one about the visit's state is not.
    func auditDenial(
        _ error: TelehealthError, _ method: String, _ session: SessionID?, _ invocation: Invocation
    ) async {
        switch error.category {
        case .notFound, .permissionDenied, .unauthenticated:
            await recordDenial(
                action: method, sessionID: session, invocation, reason: error.reason.rawValue)
        case .aborted, .unavailable, .resourceExhausted, .internalFault:
            await noteFailure(of: method, error)
        case .invalidArgument, .alreadyExists, .failedPrecondition, .outOfRange, .cancelled:
            break
        }
    }

    /// Keeps that a caller was refused. When the store cannot keep it, the refusal stands all the same.
    public func recordDenial(
        action: String, sessionID: SessionID?, _ invocation: Invocation, reason: String
    ) async {
        var decision = Decision()
        decision.audit = [
            Principal.caller(invocation.caller).audit(
                action, at: time.now, outcome: .denied, session: sessionID, reason: reason)
        ]
        do { _ = try await committer.apply(decision) } catch { return }
    }
}
