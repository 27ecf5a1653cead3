internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI

/// Calls Heartbeat in good time for as long as it is held: the presence of somebody whose watch is none.
///
/// Isolation: any.
final class HeartbeatCalls: Sendable {
    /// Whatever a service says, it is not called without pause, and not never.
    private static let intervals = Duration.seconds(1)...Duration.seconds(3600)

    /// Ended by deinit.
    private let task: Task<Void, Never>

    /// - Parameter within: the first call comes no later; the service says when it wants the others.
    init(_ client: TelehealthClient, sessionID: String, within: Duration) {
        task = Task {
            var within = within
            while true {
                let interval = min(max(within, Self.intervals.lowerBound), Self.intervals.upperBound)
                do {
                    // Early by up to a fifth, so that many who came together do not call together.
                    try await Task.sleep(for: interval * (1 - 0.2 * client.configuration.chance()))
                } catch {
                    return
                }
                // A refusal is the watch's to hear of, and an outage ends the watch's stream as well.
                let answer = try? await client.sessions.heartbeat(.with { $0.sessionID = sessionID })
                if let next = answer?.nextWithin { within = next.swiftDuration }
            }
        }
    }

    deinit { task.cancel() }
}
