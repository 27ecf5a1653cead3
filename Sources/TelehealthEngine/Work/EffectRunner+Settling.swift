// Writes down how an attempt ended, with what it means for the session.

internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    /// - Returns: false when another worker holds the effect by now.
    func finish(_ effect: Effect, _ results: [OutboundResult]) async throws(StoreError) -> Bool {
        var done = effect
        done.state = .done
        done.leasedUntil = nil
        done.lastError = nil
        done.refusal = nil
        var results = results
        if let recording = effect.kind.recordingID { results.insert(.recordingWaits(recording, nil), at: 0) }
        guard let decision = try await settle(done, results) else {
            notify(EffectNotice(effect: effect, kind: .abandoned))
            return false
        }
        notify(EffectNotice(effect: done, kind: .done))
        for case .effect(let next) in decision.changes where next.state == .dead {
            notify(EffectNotice(effect: next, kind: .dead(code: next.lastError ?? "")))
        }
        return true
    }

    func putOff(_ effect: Effect, by delay: Duration) async throws(StoreError) {
        var row = effect
        row.leasedUntil = nil
        row.notBefore = time.now + delay
        row.refusal = nil
        if try await settle(row, []) == nil { notify(EffectNotice(effect: effect, kind: .abandoned)) }
    }

    func giveUp(_ effect: Effect, code: String, _ results: [OutboundResult]) async throws(StoreError) {
        var row = effect
        row.leasedUntil = nil
        row.attempts += 1
        row.lastError = code
        row.state = .dead
        let isWritten = try await settle(row, results) != nil
        notify(EffectNotice(effect: row, kind: isWritten ? .dead(code: code) : .abandoned))
    }

    /// One transaction: the effect's row, under the fence of its claim, and what the results change in its session.
    ///
    /// - Returns: what was committed; nil when another worker holds the effect by now.
    func settle(_ row: Effect, _ results: [OutboundResult]) async throws(StoreError) -> Decision? {
        for _ in 0..<Self.settleAttemptsMax {
            var decision = try await change(of: row, results)
            let hasChange = !decision.isEmpty
            decision.expectations.append(.effect(row.id, fence: row.fence))
            decision.changes.append(.effect(row))
            if try await store.apply(decision) == .committed { return decision }
            // Then nothing but the fence can have been in conflict.
            if !hasChange { return nil }
        }
        return nil
    }

    private func change(of row: Effect, _ results: [OutboundResult]) async throws(StoreError) -> Decision {
        guard !results.isEmpty, let state = try await store.session(row.sessionID) else {
            return Decision()
        }
        let ledger = try await ledger(state)
        var draft = SessionDraft(state, context())
        for result in results { draft.apply(result, ledger) }
        guard draft.isChanged else { return Decision() }
        draft.expectations += ledger.expectations
        return draft.seal(by: .system, action: row.kind.word, target: row.kind.recordingID?.rawValue)
    }
}
