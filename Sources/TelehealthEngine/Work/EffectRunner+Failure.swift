// What becomes of work that did not succeed.
//
// What AWS answers about us (credentials, permissions, quota, clock, throttling) is a word about this account and
// never one about the meeting, the recording or the person that was asked for. Such work is tried again, for hours
// where nobody waits for it, and is then an operator's to retry; meanwhile the row stays what it was, and the
// recording says what it waits for. Only three answers end work for good: a meeting that Chime would not make
// (whoever joins next asks for a new one, and is told why this one failed), a capture whose meeting is gone, and a
// request that AWS does not understand where nothing can run and nothing is lost.
// What becomes of work that did not succeed.
//
// What AWS answers about us (credentials, permissions, quota, clock, throttling) is a word about this account and
// never one about the meeting, the recording or the person that was asked for. Such work is tried again, for hours
// where nobody waits for it, and is then an operator's to retry; meanwhile the row stays what it was, and the
// recording says what it waits for. Only three answers end work for good: a meeting that Chime would not make
// (whoever joins next asks for a new one, and is told why this one failed), a capture whose meeting is gone, and a
// request that AWS does not understand where nothing can run and nothing is lost.
// What becomes of work that did not succeed.
//
// What AWS answers about us (credentials, permissions, quota, clock, throttling) is a word about this account and
// never one about the meeting, the recording or the person that was asked for. Such work is tried again, for hours
// where nobody waits for it, and is then an operator's to retry; meanwhile the row stays what it was, and the
// recording says what it waits for. Only three answers end work for good: a meeting that Chime would not make
// (whoever joins next asks for a new one, and is told why this one failed), a capture whose meeting is gone, and a
// request that AWS does not understand where nothing can run and nothing is lost.
// What becomes of work that did not succeed.
//
// What AWS answers about us (credentials, permissions, quota, clock, throttling) is a word about this account and
// never one about the meeting, the recording or the person that was asked for. Such work is tried again, for hours
// where nobody waits for it, and is then an operator's to retry; meanwhile the row stays what it was, and the
// recording says what it waits for. Only three answers end work for good: a meeting that Chime would not make
// (whoever joins next asks for a new one, and is told why this one failed), a capture whose meeting is gone, and a
// request that AWS does not understand where nothing can run and nothing is lost.

internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    func fail(_ effect: Effect, _ error: GatewayError) async throws(StoreError) {
        if !error.isWorthRetrying, let change = lastWord(on: effect, error) {
            try await settle(effect, change)
            if effect.kind == .createMeeting {
                notify(EffectNotice(effect: effect, kind: .meetingRefused(code: error.code, .init(error))))
            }
            return
        }
        let attempts = effect.attempts + 1
        let backoff = Backoff(base: policy.backoffBase, cap: cap(effect, error))
        let delay = max(
            backoff.delay(attempt: attempts, fraction: ids.randomFraction()), error.retryAfter ?? .zero)
        var row = effect
        row.leasedUntil = nil
        row.notBefore = time.now + delay
        row.attempts = attempts
        row.lastError = error.code
        row.refusal = error.refusal
        if attempts >= policy.effectAttemptsMax { row.state = .dead }
        let isDead = row.state == .dead
        let isWritten = try await write(row) { draft in
            draft.note(error, on: effect, isDead: isDead)
        }
        let kind: EffectNotice.Kind =
            isDead ? .dead(code: error.code) : .retrying(code: error.code, after: delay)
        notify(EffectNotice(effect: row, kind: isWritten ? kind : .abandoned))
    }

    func putOff(_ effect: Effect, by delay: Duration) async throws(StoreError) {
        var row = effect
        row.leasedUntil = nil
        row.notBefore = time.now + delay
        row.refusal = nil
        if try await !write(row, nil) { notify(EffectNotice(effect: effect, kind: .abandoned)) }
    }

    func giveUp(_ effect: Effect, code: String, _ reason: Recording.WaitReason) async throws(StoreError) {
        var row = effect
        row.leasedUntil = nil
        row.attempts += 1
        row.lastError = code
        row.state = .dead
        let recording = effect.recordingID ?? RecordingID("")
        let isWritten = try await write(row) { $0.recordingWaits(recording, reason) }
        notify(EffectNotice(effect: row, kind: isWritten ? .dead(code: code) : .abandoned))
    }

    /// Where somebody in a visit waits for the outcome, it is asked for every half minute whatever is wrong.
    private func cap(_ effect: Effect, _ error: GatewayError) -> Duration {
        switch effect.kind {
        case .deliverWebhook: Self.webhookBackoffCap
        case .startConcatenation, .confirmConcatenation, .deleteObjects:
            error.isWorthRetrying ? policy.backoffCap : policy.refusalBackoffCap
        case .createMeeting, .deleteMeeting, .startCapture, .confirmCapture, .stopCapture, .deleteAttendee,
            .updateCapabilities, .watchCapture:
            policy.backoffCap
        }
    }

    /// What a lasting refusal means where nothing is left to undo; nil = it is tried again.
    private func lastWord(on effect: Effect, _ error: GatewayError)
        -> (@Sendable (inout SessionDraft, ConsentLedger) -> Void)?
    {
        let code = error.code
        let recording = effect.recordingID ?? RecordingID("")
        let generation = effect.generation ?? 0
        let mayRun = mayHaveBeenAsked(effect) || error.mayHaveTakenEffect
        switch effect.kind {
        case .createMeeting:
            if mayRun { return nil }
            let failure = MeetingGeneration.Failure(error)
            return { draft, _ in draft.meetingFailed(generation, failure, reason: code) }
        case .startCapture:
            if error.kind == .gone {
                return { draft, ledger in
                    draft.meetingGone(generation)
                    draft.captureNeverRan(recording, reason: code, ledger: ledger)
                }
            }
            if mayRun { return nil }
            if let refusal = error.refusal {
                return { draft, _ in draft.captureStartRefused(recording, .init(refusal)) }
            }
            return { draft, ledger in draft.captureNeverRan(recording, reason: code, ledger: ledger) }
        // A request that Chime does not take it will not take later; until then the person has what their role gives.
        case .updateCapabilities:
            if error.kind != .rejected { return nil }
            return { _, _ in }
        case .startConcatenation, .confirmConcatenation, .confirmCapture, .deleteMeeting, .stopCapture,
            .deleteAttendee, .watchCapture, .deleteObjects, .deliverWebhook:
            return nil
        }
    }

    /// Writes the effect's row with what it means for its session.
    ///
    /// - Returns: false when the effect is another worker's by now.
    private func write(_ row: Effect, _ change: (@Sendable (inout SessionDraft) -> Void)?)
        async throws(StoreError) -> Bool
    {
        for _ in 0..<Self.settleAttemptsMax {
            var decision = Decision()
            var hasChange = false
            if let change, let state = try await committer.store.session(row.sessionID) {
                var draft = SessionDraft(state, context())
                change(&draft)
                hasChange = draft.isChanged
                if hasChange {
                    decision = draft.seal(
                        by: .system, action: row.kind.rawValue, target: row.recordingID?.rawValue)
                }
            }
            decision.expectations.append(.effect(row.id, fence: row.fence))
            decision.changes.append(.effect(row))
            if try await committer.apply(decision) == .committed { return true }
            if !hasChange { return false }
        }
        return false
    }
}

extension SessionDraft {
    /// A call for this session did not come through.
    mutating func note(_ error: GatewayError, on effect: Effect, isDead: Bool) {
        if effect.kind == .createMeeting, error.refusal != nil {
            meetingRefused(effect.generation ?? 0, .init(error))
        }
        guard let recording = effect.recordingID else { return }
        if let refusal = error.refusal {
            recordingWaits(recording, .init(refusal))
        } else if isDead {
            recordingWaits(recording, .unavailable)
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
