public import TelehealthModel
public import TelehealthRules

/// What operators do with outbound operations that failed: look at them, and retry them.
///
/// Isolation: the caller's.
public struct OperationUseCases: Sendable {
    let pipeline: CommandPipeline

    /// Effects that were given up, oldest first.
    public func failed(after: EffectID?, limit: Int) async throws(TelehealthError) -> [Effect] {
        try await reading(await pipeline.store.operations.deadEffects(after: after, limit: limit))
    }

    public func counts() async throws(TelehealthError) -> EffectCounts {
        try await reading(await pipeline.store.operations.effectCounts())
    }

    /// Puts an effect that was given up back into its lane.
    ///
    /// - Throws: `OPERATION_NOT_FOUND`, `OPERATION_NOT_FAILED`, `REQUEST_ID_REUSED`.
    public func retry(_ id: EffectID, _ invocation: Invocation) async throws(TelehealthError) {
        try await pipeline.change("RetryOperation", invocation) { _, _ throws(TelehealthError) in
        } decide: { () throws(TelehealthError) in
            let effect = try await reading(await pipeline.store.operations.effect(id))
            guard let effect else { throw TelehealthError(.effectNotFound) }
            guard effect.state == .dead else { throw TelehealthError(.effectNotFailed) }
            var revived = effect
            revived.state = .pending
            revived.attempts = 0
            revived.refusal = nil
            revived.notBefore = pipeline.time.now
            revived.leasedUntil = nil
            var decision = Decision()
            decision.expectations = [.deadEffect(id)]
            decision.changes = [.effect(revived)]
            decision.audit = [
                Principal.caller(invocation.caller).audit(
                    "RetryOperation", at: pipeline.time.now, session: effect.sessionID, target: id.rawValue)
            ]
            return CommandResult(decision: decision, outcome: (), sessionID: effect.sessionID, made: NothingMade())
        }
    }
}
