public import TelehealthModel

/// One message of the queue that AWS's events come by.
public struct QueuedEvent: Sendable, Hashable {
    /// The queue's own id of the message, for logs.
    public let id: String
    /// By which this delivery is deleted or given back.
    public let receipt: String
    /// The event's JSON.
    public let body: String

    public init(id: String, receipt: String, body: String) {
        self.id = id
        self.receipt = receipt
        self.body = body
    }
}

/// Port: the queue of meeting events. Delivery is at least once and in any order.
///
/// Isolation: any.
public protocol MeetingEventQueue: Sendable {
    /// Waits up to `wait` for messages, at most 10; each stays hidden from others for `visibility`.
    func receive(wait: Duration, visibility: Duration) async throws(GatewayError) -> [QueuedEvent]
    /// They were taken in: nobody gets them again.
    func delete(_ events: [QueuedEvent], timeout: Duration) async throws(GatewayError)
    /// They could not be taken in: somebody may get them again after `delay`.
    func release(_ events: [QueuedEvent], after delay: Duration, timeout: Duration)
        async throws(GatewayError)
}
