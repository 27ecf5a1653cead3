/// A system of the clinic's that is told of events by HTTPS, since it holds no stream open.
public struct WebhookTarget: Sendable, Hashable {
    /// The operator's name for it, in lanes, logs and alarms.
    public let name: String
    /// What it is told; empty = everything.
    public let kinds: Set<SessionEvent.Kind>

    public init(name: String, kinds: Set<SessionEvent.Kind> = []) {
        self.name = name
        self.kinds = kinds
    }

    func wants(_ event: SessionEvent) -> Bool { kinds.isEmpty || kinds.contains(event.kind) }
}

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
