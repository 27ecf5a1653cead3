public import TelehealthModel

/// Port: tells one target of one event, once.
///
/// Isolation: any.
public protocol WebhookSender: Sendable {
    /// Returns when the target has taken it.
    ///
    /// - Parameters:
    ///   - delivery: the same in every attempt, so that a receiver can tell a repetition.
    ///   - attempt: 1 is the first.
    /// - Throws: ``GatewayError``, whose code holds nothing of the event.
    func send(_ event: SessionEvent, delivery: EffectID, attempt: Int, to target: String, now: Timestamp)
        async throws(GatewayError)
}
