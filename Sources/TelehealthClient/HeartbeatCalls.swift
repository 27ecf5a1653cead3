internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI

/// Calls Heartbeat in time for as long as it exists: the presence of a caller whose watch does not count as presence.
///
/// Isolation: any.
final class HeartbeatCalls: Sendable {
    /// Bounds whatever interval a service requests: neither constantly nor never.
    private static let intervals = Duration.seconds(1)...Duration.seconds(3600)

    /// Cancelled by deinit.
    private let task: Task<Void, Never>

    /// - Parameter within: time until the first call; the service sets the later intervals.
    init(_ client: TelehealthClient, sessionID: String, within: Duration) {
        task = Task {
            var within = within
            while true {
                let interval = min(max(within, Self.intervals.lowerBound), Self.intervals.upperBound)
                do {
                    // Up to a fifth earlier, so that many callers who joined together do not call together.
                    try await Task.sleep(for: interval * (1 - 0.2 * client.configuration.chance()))
                } catch {
                    return
                }
                // The watch reports a refusal, and an outage also ends the watch's stream.
                let answer = try? await client.sessions.heartbeat(.with { $0.sessionID = sessionID })
                if let next = answer?.nextWithin { within = next.swiftDuration }
            }
        }
    }

    deinit { task.cancel() }
}
