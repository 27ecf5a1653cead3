internal import TelehealthModel
internal import TelehealthRules

/// Runs one claimed effect to its end: done, put off, or dead.
struct EffectRunner: Sendable {
    /// How one attempt ended, before it is written down.
    enum EffectOutcome: Sendable {
        /// Finished; the results change the session in the same transaction, in this order.
        case done([OutboundResult])
        /// Nothing failed: look again later.
        case later(Duration)
        case failed(GatewayError)
        /// Asking again does not help by itself: an operator decides, and the recording says what it waits for.
        case givenUp(code: String, RecordingID, Recording.WaitReason)
    }

    /// A settlement meets other commits of its session; after so many it is left to the next claim.
    static let settleAttemptsMax = 50

    let store: any TelehealthStore
    let credentials: CredentialCache
    let gateway: any VideoProvider & RecordingStorage
    let time: any TimeSource
    let ids: any IDSource
    let policy: Policy
    var webhooks: (any WebhookSender)?
    let webhookLanes = WebhookLanes()
    let notify: @Sendable (EffectNotice) -> Void

    func perform(_ effect: Effect) async {
        do throws(StoreError) {
            switch try await attempt(effect) {
            case .done(let results): _ = try await finish(effect, results)
            case .later(let delay): try await putOff(effect, by: delay)
            case .failed(let error): try await fail(effect, error)
            case .givenUp(let code, let recording, let reason):
                try await giveUp(effect, code: code, [.recordingWaits(recording, reason)])
            }
        } catch {
            // The row stays claimed; after the lease it is tried again.
            notify(EffectNotice(effect: effect, kind: .abandoned))
        }
    }

    /// A claimed row may have been claimed before by somebody whose answer was lost.
    func mayHaveBeenAsked(_ effect: Effect) -> Bool { effect.fence > 1 }

    /// Everything is read from the store before the call, so that inside the call only the provider can fail.
    private func attempt(_ effect: Effect) async throws(StoreError) -> EffectOutcome {
        guard let state = try await store.session(effect.sessionID) else { return .done([]) }
        switch effect.kind {
        case .meeting(let call, let generation):
            guard let meeting = state.meeting(generation) else { return .done([]) }
            switch call {
            case .create: return await ending(try await createMeeting(effect, meeting, state))
            case .delete: return await ending(try await deleteMeeting(meeting))
            }
        case .attendee(let call, let id, let generation):
            guard let person = state.participant(id) else { return .done([]) }
            switch call {
            case .delete: return await ending(try await deleteAttendee(of: person, state.meeting(generation)))
            case .updateCapabilities: return await ending(try await updateCapabilities(of: person, state.liveMeeting))
            }
        case .recording(let call, let id, _):
            guard let recording = state.recording(id) else { return .done([]) }
            return try await attempt(call, effect, recording, state)
        case .webhook(let target, let sequence):
            return try await deliverWebhook(effect, to: target, eventSequence: sequence)
        }
    }

    private func attempt(
        _ call: Effect.RecordingCall, _ effect: Effect, _ recording: Recording, _ state: SessionState
    ) async throws(StoreError) -> EffectOutcome {
        switch call {
        case .startCapture:
            let ledger = try await ledger(state)
            return await ending(try await startCapture(effect, recording, state, ledger))
        case .confirmCapture: return await ending(try await confirmCapture(recording))
        case .stopCapture: return await ending(try await stopCapture(effect, recording))
        case .watchCapture: return await ending(try await watchCapture(effect, recording, state))
        case .startConcatenation: return await ending(try await startConcatenation(recording))
        case .confirmConcatenation: return await ending(try await confirmConcatenation(recording))
        case .deleteObjects: return await ending(try await deleteObjects(recording))
        }
    }

    private func ending(_ call: @autoclosure () async throws(GatewayError) -> EffectOutcome) async -> EffectOutcome {
        do throws(GatewayError) { return try await call() } catch { return .failed(error) }
    }

    /// Everybody's consents: judgments on a capture and admissions after it need them.
    func ledger(_ state: SessionState) async throws(StoreError) -> ConsentLedger {
        try await store.ledger(
            of: state.participants.filter { $0.state != .removed }.map(\.subjectID), types: policy.places.types)
    }

    func context() -> RuleContext {
        RuleContext(
            now: time.now, policy: policy, ids: ids, controlRegion: gateway.controlRegion,
            recordingsBucket: gateway.recordingsBucket)
    }
}
