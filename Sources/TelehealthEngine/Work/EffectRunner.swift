internal import TelehealthModel
internal import TelehealthRules

/// Runs one claimed effect to its end: done, put off, or dead.
struct EffectRunner: Sendable {
    /// How one attempt ended, before it is written down.
    enum Ending {
        /// Finished; the change of the session goes into the same transaction.
        case done(@Sendable (inout SessionDraft, ConsentLedger) -> Void)
        /// Nothing failed: look again later.
        case later(Duration)
        case failed(GatewayError)
        /// Nothing will come of asking again by itself: an operator's matter, and the recording says so.
        case givenUp(code: String, waits: Recording.WaitReason)
    }

    /// A settlement meets other commits of its session; after so many it is left to the next claim.
    static let settleAttemptsMax = 50

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
            case .later(let delay): try await putOff(effect, by: delay)
            case .failed(let error): try await fail(effect, error)
            case .givenUp(let code, let reason): try await giveUp(effect, code: code, reason)
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

    /// Everybody's consents: judgments on a capture and admissions after it need them.
    func ledger(_ state: SessionState) async throws(StoreError) -> ConsentLedger {
        try await committer.store.ledger(
            of: state.participants.filter { $0.state != .removed }.map(\.subjectID), types: policy.places.types)
    }

    func context() -> RuleContext {
        RuleContext(
            now: time.now, policy: policy, ids: ids, controlRegion: gateway.controlRegion,
            recordingsBucket: gateway.recordingsBucket)
    }

    /// Writes the end of an effect with what it means for its session.
    func settle(_ effect: Effect, _ change: @Sendable (inout SessionDraft, ConsentLedger) -> Void)
        async throws(StoreError)
    {
        var done = effect
        done.state = .done
        done.leasedUntil = nil
        done.lastError = nil
        done.refusal = nil
        for _ in 0..<Self.settleAttemptsMax {
            var decision = Decision()
            if let state = try await committer.store.session(effect.sessionID) {
                let ledger = try await ledger(state)
                var draft = SessionDraft(state, context())
                if let recording = effect.recordingID { draft.recordingWaits(recording, nil) }
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
                for case .effect(let next) in decision.changes where next.state == .dead {
                    notify(EffectNotice(effect: next, kind: .dead(code: next.lastError ?? "")))
                }
                return
            }
        }
        notify(EffectNotice(effect: effect, kind: .abandoned))
    }
}
