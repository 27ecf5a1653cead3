internal import TelehealthModel
internal import TelehealthRules

/// The way of every command: find a repeated request, load, authorize, decide, apply.
///
/// A commit that came between makes the rule run again on the new state, a bounded number of times. Events
/// and effects follow the commit. Isolation: the caller's.
final class CommandPipeline: Sendable {
    let store: any TelehealthStore
    let contexts: RuleContextSource
    let audit: AuditRecorder
    let access: CallerAccess
    private let gate = RequestGate()

    init(store: any TelehealthStore, contexts: RuleContextSource) {
        self.store = store
        self.contexts = contexts
        audit = AuditRecorder(store: store, contexts: contexts)
        access = CallerAccess(store: store, contexts: contexts, audit: audit)
    }

    var time: any TimeSource { contexts.time }
    var ids: any IDSource { contexts.ids }
    var policy: Policy { contexts.policy }

    func context() -> RuleContext { contexts.context() }

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
                var result: CommandResult<Outcome, Made>
                do throws(TelehealthError) {
                    result = try await decide()
                } catch {
                    // What was refused now may have been done before. What is decided again needs no look-up
                    // here: the store finds the record, and that is so for one call in thousands.
                    guard let earlier = try await earlier(key) else { throw error }
                    return try await repeated(earlier, request, invocation, replay)
                }
                result.decision.request = RequestRecord(
                    key: key, requestHash: request.hash, sessionID: result.sessionID,
                    appointmentID: result.appointmentID, resultID: result.made.storedText, createdAt: time.now,
                    expiresAt: time.now + policy.requestRetention)
                switch try await apply(result.decision) {
                case .committed: return result.outcome
                case .conflict: continue
                case .requestExists(let record):
                    return try await repeated(record, request, invocation, replay)
                }
            }
            throw .versionConflict
        } catch {
            try await audit.denial(error, method, session, invocation)
            throw error
        }
    }

    func apply(_ decision: Decision) async throws(TelehealthError) -> ApplyResult { try await store.applying(decision) }

    func ledger(of subjects: [SubjectID]) async throws(TelehealthError) -> ConsentLedger {
        try await reading(await store.ledger(of: subjects, types: policy.places.types))
    }

    private func earlier(_ key: RequestRecord.Key) async throws(TelehealthError) -> RequestRecord? {
        try await reading(await store.request(key))
    }

    private func repeated<Outcome, Made: RequestResult>(
        _ record: RequestRecord, _ request: Invocation.Request, _ invocation: Invocation,
        _ replay: (RequestRecord, Made) async throws(TelehealthError) -> Outcome
    ) async throws(TelehealthError) -> Outcome {
        if record.requestHash != request.hash { throw TelehealthError(.requestIDReused) }
        guard let made = Made(storedText: record.resultID) else { throw TelehealthError(.dataDamaged) }
        let outcome = try await replay(record, made)
        try await audit.read(
            record.key.method, session: record.sessionID,
            target: record.resultID ?? record.appointmentID?.rawValue, reason: "REPEATED", invocation)
        return outcome
    }
}
