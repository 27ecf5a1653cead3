internal import Pacing

/// How long to wait between attempts to connect.
/// - Spec: gRPC doc/connection-backoff.md.
public struct ConnectionBackoff: Sendable, Hashable {
    public var initial: Duration
    public var multiplier: Double
    public var maximum: Duration
    /// Random share of the delay, in both directions; 0...1.
    public var jitter: Double
    /// Since the last connection.
    private var failures = 0

    public init(
        initial: Duration = .seconds(1), multiplier: Double = 1.6, maximum: Duration = .seconds(120),
        jitter: Double = 0.2
    ) {
        self.initial = initial
        self.multiplier = multiplier
        self.maximum = maximum
        self.jitter = jitter
    }

    /// The delay after another failure, counted from the start of the failed attempt.
    ///
    /// - Parameter randomUnit: uniform in 0..<1, drawn by the caller.
    public mutating func nextDelay(randomUnit: Double) -> Duration {
        // Saturating: long before that the delay is at its maximum.
        if failures < .max { failures += 1 }
        return ExponentialBackoff(base: initial, factor: multiplier, cap: maximum, jitter: .around(share: jitter))
            .delay(afterFailures: failures, randomUnit: randomUnit)
    }

    /// Called when the server has sent its SETTINGS: the next failure starts at the initial delay.
    public mutating func reset() { failures = 0 }
}
