internal import Synchronization

/// Counts the connections to the monitoring endpoint that were cut off; any thread.
public final class MonitoringCounters: Sendable {
    private let ended = Mutex<[String: Int]>([:])

    public init() {}

    /// By reason: the label of an `HTTP1Violation`, `connections_max`, `response_not_taken` or `unread_bytes` (sent on
    /// after the response). Fixed words, none of them the client's.
    public var endedConnections: [String: Int] { ended.withLock { $0 } }

    func countEnd(_ reason: String) { ended.withLock { $0[reason, default: 0] += 1 } }
}
