internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    /// The longest pause between two attempts of one delivery: with the attempts an effect has, about 20 hours in all.
    static let webhookBackoffCap = Duration.seconds(300)

    func deliverWebhook(_ effect: Effect, to target: String, eventSequence: Int64)
        async throws(StoreError) -> EffectOutcome
    {
        guard let webhooks, policy.webhooks.contains(where: { $0.name == target })
        else { return .done([]) }  // The operator took the target out.
        let events = try await store.events(of: effect.sessionID, after: eventSequence - 1, limit: 1)
        guard let event = events?.first, event.sequence == eventSequence else {
            return .done([])  // Older than events are kept: nobody can be told any more.
        }
        if let wait = webhookLanes.enter(target, now: time.now) { return .later(wait) }
        do throws(GatewayError) {
            try await webhooks.send(
                event, delivery: effect.id, attempt: effect.attempts + 1, to: target, now: time.now)
            webhookLanes.leave(target, succeeded: true, now: time.now)
            return .done([])
        } catch {
            webhookLanes.leave(target, succeeded: false, now: time.now)
            return .failed(error)
        }
    }
}
