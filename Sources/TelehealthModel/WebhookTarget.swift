/// A system of the clinic that receives events by HTTPS, because it holds no stream open.
public struct WebhookTarget: Sendable, Hashable {
    /// The operator's name for it, in lanes, logs and alarms.
    public let name: String
    /// What it is told; empty = everything.
    public let kinds: Set<SessionEvent.Kind>

    public init(name: String, kinds: Set<SessionEvent.Kind> = []) {
        self.name = name
        self.kinds = kinds
    }

    package func wants(_ event: SessionEvent) -> Bool { kinds.isEmpty || kinds.contains(event.kind) }
}
