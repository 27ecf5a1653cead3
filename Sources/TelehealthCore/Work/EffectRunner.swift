/// Runs one claimed effect to its end: done, put off, or dead.
struct EffectRunner: Sendable {
    /// How one attempt ended, before it is written down.
    enum Ending {
        /// Finished; the change of the session goes into the same transaction.
        case done(@Sendable (inout SessionDraft, ConsentLedger) -> Void)
        /// Nothing failed: look again later.
        case later(Duration)
        case failed(GatewayError)
    }

    /// A settlement meets other commits of its session; after so many it is left to the next claim.
    private static let settleAttemptsMax = 50

    let committer: Committer
    let gateway: any MeetingGateway
    let time: any TimeSource
    let ids: any IDSource
    let policy: Policy
    var webhooks: (any WebhookSender)?
    let webhookLanes = WebhookLanes()
    let notify: @Sendable (EffectNotice) -> Void

    func perform(_ effect: Effect) async {
        do {
            switch try await attempt(effect) {
            case .done(let change): try await settle(effect, change)
            case .later(let delay): try await putOff(effect, by: delay, error: nil)
            case .failed(let error): try await fail(effect, error)
            }
        } catch {
            // The row stays claimed; after the lease it is tried again.
            notify(EffectNotice(effect: effect, kind: .abandoned))
        }
    }

    /// A claimed row may have been claimed before by somebody whose answer was lost.
    func mayHaveBeenAsked(_ effect: Effect) -> Bool { effect.fence > 1 }

    private func attempt(_ effect: Effect) async throws(StoreError) -> Ending {
        guard let state = try await committer.store.session(effect.sessionID) else {
            return .done { _, _ in }
        }
        do {
            switch effect.kind {
            case .createMeeting: return try await createMeeting(effect, state)
            case .deleteMeeting: return try await deleteMeeting(effect, state)
            case .startCapture: return try await startCapture(effect, state, try await ledger(state))
            case .confirmCapture: return try await confirmCapture(effect, state)
            case .stopCapture: return try await stopCapture(effect, state)
            case .startConcatenation: return try await startConcatenation(effect, state)
            case .confirmConcatenation: return try await confirmConcatenation(effect, state)
            case .deleteAttendee: return try await deleteAttendee(effect, state)
            case .updateCapabilities: return try await updateCapabilities(effect, state)
            case .watchCapture: return try await watchCapture(effect, state)
            case .deleteObjects: return try await deleteObjects(effect, state)
            case .deliverWebhook: return try await deliverWebhook(effect)
            }
        } catch let error as GatewayError {
            return .failed(error)
        } catch let error as StoreError {
            throw error
        } catch {
            return .failed(GatewayError(kind: .rejected, code: "UnexpectedError", mayHaveTakenEffect: true))
        }
    }

    /// Everybody's consents: judgements on a capture and admissions behind it need them.
    func ledger(_ state: SessionState) async throws(StoreError) -> ConsentLedger {
        try await committer.store.ledger(
            of: state.participants.filter { $0.state != .removed }.map(\.subjectID))
    }

    func context() -> RuleContext {
        RuleContext(
            now: time.now, policy: policy, ids: ids, controlRegion: gateway.controlRegion,
            recordingsBucket: gateway.recordingsBucket)
    }

    /// Writes the end of an effect with what it means for its session.
    private func settle(_ effect: Effect, _ change: @Sendable (inout SessionDraft, ConsentLedger) -> Void)
        async throws(StoreError)
    {
        var done = effect
        done.state = .done
        done.leasedUntil = nil
        done.lastError = nil
        for _ in 0..<Self.settleAttemptsMax {
            var decision = Decision()
            if let state = try await committer.store.session(effect.sessionID) {
                let ledger = try await ledger(state)
                var draft = SessionDraft(state, context())
                change(&draft, ledger)
                if draft.isChanged {
                    draft.expectations += ledger.expectations
                    decision = draft.seal(
                        by: .system, action: effect.kind.rawValue, target: effect.recordingID?.rawValue)
                }
            }
            decision.expectations.append(.effect(effect.id, fence: effect.fence))
            decision.changes.append(.effect(done))
            if try await committer.apply(decision) == .committed {
                notify(EffectNotice(effect: done, kind: .done))
                return
            }
        }
        notify(EffectNotice(effect: effect, kind: .abandoned))
    }

    private func fail(_ effect: Effect, _ error: GatewayError) async throws(StoreError) {
        if !error.isWorthRetrying, let refusal = refusal(of: effect, error) {
            try await settle(effect, refusal)
            return
        }
        let attempts = effect.attempts + 1
        let cap = effect.kind == .deliverWebhook ? Self.webhookBackoffCap : policy.backoffCap
        let backoff = Backoff(base: policy.backoffBase, cap: cap)
        let delay = max(
            backoff.delay(attempt: attempts, fraction: ids.randomFraction()), error.retryAfter ?? .zero)
        try await putOff(effect, by: delay, error: error)
    }

    /// What a lasting refusal means where nothing is left to undo; nil = it has to be tried again all the
    /// same, because something may run that has to stop.
    private func refusal(of effect: Effect, _ error: GatewayError)
        -> (@Sendable (inout SessionDraft, ConsentLedger) -> Void)?
    {
        let code = error.code
        let recording = effect.recordingID ?? RecordingID("")
        let generation = effect.generation ?? 0
        let mayRun = mayHaveBeenAsked(effect) || error.mayHaveTakenEffect
        switch effect.kind {
        case .createMeeting:
            if mayRun { return nil }
            return { draft, _ in draft.meetingFailed(generation, reason: code) }
        case .startCapture:
            if error.kind == .gone {
                return { draft, ledger in
                    draft.meetingGone(generation)
                    draft.captureNeverRan(recording, reason: code, ledger: ledger)
                }
            }
            if mayRun { return nil }
            return { draft, ledger in draft.captureNeverRan(recording, reason: code, ledger: ledger) }
        case .startConcatenation, .confirmConcatenation:
            return { draft, _ in draft.processingFailed(recording, reason: code) }
        case .confirmCapture:
            return { draft, _ in draft.stopCapture(of: recording, cause: .failed, by: Principal.system.name) }
        // Without it the person has what their role gives: nothing that has to stop.
        case .updateCapabilities: return { _, _ in }
        case .deleteMeeting, .stopCapture, .deleteAttendee, .watchCapture, .deleteObjects, .deliverWebhook: return nil
        }
    }

    private func putOff(_ effect: Effect, by delay: Duration, error: GatewayError?) async throws(StoreError) {
        var row = effect
        row.leasedUntil = nil
        row.notBefore = time.now + delay
        if let error {
            row.attempts += 1
            row.lastError = error.code
            if row.attempts >= policy.effectAttemptsMax { row.state = .dead }
        }
        var decision = Decision()
        decision.expectations = [.effect(effect.id, fence: effect.fence)]
        decision.changes = [.effect(row)]
        guard try await committer.apply(decision) == .committed else {
            notify(EffectNotice(effect: effect, kind: .abandoned))
            return
        }
        guard let error else { return }
        notify(
            EffectNotice(
                effect: row,
                kind: row.state == .dead ? .dead(code: error.code) : .retrying(code: error.code, after: delay)
            ))
    }
}
