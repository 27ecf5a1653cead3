// What becomes of work that did not succeed.
//
// What AWS answers about us (credentials, permissions, quota, clock, throttling) is a word about this account and
// never one about the meeting, the recording or the person that was asked for. Such work is tried again, for hours
// where nobody waits for it, and is then an operator's to retry; meanwhile the row stays what it was, and the
// recording says what it waits for. Only three answers end work for good: a meeting that Chime would not make
// (whoever joins next asks for a new one, and is told why this one failed), a capture whose meeting is gone, and a
// request that AWS does not understand where nothing can run and nothing is lost.

internal import Pacing
internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    func fail(_ effect: Effect, _ error: GatewayError) async throws(StoreError) {
        if !error.isWorthRetrying, let results = lastWord(on: effect, error) {
            guard try await finish(effect, results) else { return }
            for case .meetingFailed(_, let failure, let code) in results {
                notify(EffectNotice(effect: effect, kind: .meetingRefused(code: code, failure)))
            }
            return
        }
        let attempts = effect.attempts + 1
        let backoff = ExponentialBackoff(base: policy.backoffBase, cap: cap(effect, error), jitter: .full)
        let delay = max(
            backoff.delay(afterFailures: attempts, randomUnit: ids.randomUnit()), error.retryAfter ?? .zero)
        var row = effect
        row.leasedUntil = nil
        row.notBefore = time.now + delay
        row.attempts = attempts
        row.lastError = error.code
        row.refusal = error.refusal
        if attempts >= policy.effectAttemptsMax { row.state = .dead }
        let isDead = row.state == .dead
        let isWritten = try await settle(row, interimWord(on: effect, error, isDead: isDead)) != nil
        let kind: EffectNotice.Kind =
            isDead ? .dead(code: error.code) : .retrying(code: error.code, after: delay)
        notify(EffectNotice(effect: row, kind: isWritten ? kind : .abandoned))
    }

    /// Where somebody in a visit waits for the outcome, it is asked for every half minute whatever is wrong.
    private func cap(_ effect: Effect, _ error: GatewayError) -> Duration {
        switch effect.kind {
        case .webhook: Self.webhookBackoffCap
        case .recording(.startConcatenation, _, _), .recording(.confirmConcatenation, _, _),
            .recording(.deleteObjects, _, _):
            error.isWorthRetrying ? policy.backoffCap : policy.refusalBackoffCap
        case .recording(.startCapture, _, _), .recording(.confirmCapture, _, _), .recording(.stopCapture, _, _),
            .recording(.watchCapture, _, _), .meeting, .attendee:
            policy.backoffCap
        }
    }

    /// What a lasting refusal means where nothing is left to undo; nil = it is tried again.
    private func lastWord(on effect: Effect, _ error: GatewayError) -> [OutboundResult]? {
        let mayRun = mayHaveBeenAsked(effect) || error.mayHaveTakenEffect
        switch effect.kind {
        case .meeting(.create, let generation):
            if mayRun { return nil }
            return [.meetingFailed(generation: generation, .init(error), reason: error.code)]
        case .recording(.startCapture, let id, let generation):
            if error.kind == .gone {
                return [.meetingGone(generation: generation), .captureNeverRan(id, reason: error.code)]
            }
            if mayRun { return nil }
            if let refusal = error.refusal { return [.captureStartRefused(id, .init(refusal))] }
            return [.captureNeverRan(id, reason: error.code)]
        // A request that Chime does not take it will not take later; until then the person has what their role gives.
        case .attendee(.updateCapabilities, _, _): return error.kind == .rejected ? [] : nil
        case .recording(.confirmCapture, _, _), .recording(.stopCapture, _, _), .recording(.watchCapture, _, _),
            .recording(.startConcatenation, _, _), .recording(.confirmConcatenation, _, _),
            .recording(.deleteObjects, _, _), .meeting(.delete, _), .attendee(.delete, _, _), .webhook:
            return nil
        }
    }

    /// What an error means for the session while the operation is tried again, or once it is dead.
    private func interimWord(on effect: Effect, _ error: GatewayError, isDead: Bool) -> [OutboundResult] {
        switch effect.kind {
        case .meeting(.create, let generation):
            return error.refusal == nil ? [] : [.meetingRefused(generation: generation, .init(error))]
        case .recording(_, let id, _):
            if let refusal = error.refusal { return [.recordingWaits(id, .init(refusal))] }
            return isDead ? [.recordingWaits(id, .unavailable)] : []
        case .meeting(.delete, _), .attendee, .webhook: return []
        }
    }
}

extension MeetingGeneration.Failure {
    init(_ error: GatewayError) { self = error.kind == .quotaExceeded ? .quotaExceeded : .refused }

    /// What whoever joins is told. No time to try again: that is the operator's to say.
    var reason: TelehealthError.Reason {
        switch self {
        case .quotaExceeded: .meetingQuotaExceeded
        case .refused: .meetingRefused
        case .notNeeded: .meetingUnavailable
        }
    }
}

extension Recording.WaitReason {
    init(_ refusal: Effect.Refusal) {
        switch refusal {
        case .access: self = .accessRefused
        case .quota: self = .quotaExceeded
        }
    }
}
