internal import Pacing
internal import Synchronization
internal import TelehealthModel

/// Keeps a target that is slow or dead from taking the worker's places from everything else.
///
/// A target has few calls under way at once, and rests after a failure, the longer the more there were in a row. What
/// finds no place is put back at once, without counting as an attempt. Isolation: any.
final class WebhookLanes: Sendable {
    /// Of the worker's 64 places; a healthy target answers in milliseconds, so eight carry hundreds of events a second.
    static let underWayMax = 8
    private static let rest = ExponentialBackoff(
        base: .milliseconds(500), cap: .seconds(30), jitter: .around(share: 0))
    /// How soon a delivery that found every place taken looks again.
    private static let turn = Duration.milliseconds(250)

    private struct Lane {
        var underWay = 0
        var failures = 0
        var restsUntil = Timestamp(microseconds: .min)
    }

    private let lanes = Mutex<[String: Lane]>([:])

    /// - Returns: nil when a call may begin, which ``leave(_:succeeded:now:)`` ends; otherwise when to ask again.
    func enter(_ target: String, now: Timestamp) -> Duration? {
        lanes.withLock { lanes in
            var lane = lanes[target] ?? Lane()
            // A target that rests is tried by one call, not by all that wait for it.
            let places = lane.failures > 0 ? 1 : Self.underWayMax
            if now < lane.restsUntil { return max(lane.restsUntil - now, Self.turn) }
            guard lane.underWay < places else { return Self.turn }
            lane.underWay += 1
            lanes[target] = lane
            return nil
        }
    }

    func leave(_ target: String, succeeded: Bool, now: Timestamp) {
        lanes.withLock { lanes in
            guard var lane = lanes[target] else { return }
            lane.underWay -= 1
            lane.failures = succeeded ? 0 : min(lane.failures + 1, 16)
            lane.restsUntil = succeeded ? now : now + Self.rest.delay(afterFailures: lane.failures, randomUnit: 0)
            lanes[target] = lane
        }
    }
}
