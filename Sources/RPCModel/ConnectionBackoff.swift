/// How long to wait between attempts to connect.
/// - Spec: gRPC doc/connection-backoff.md.
public struct ConnectionBackoff: Sendable, Hashable {
    public var initial: Duration
    public var multiplier: Double
    public var maximum: Duration
    /// Random share of the delay, in both directions.
    public var jitter: Double
    private var next: Duration

    public init(
        initial: Duration = .seconds(1), multiplier: Double = 1.6, maximum: Duration = .seconds(120),
        jitter: Double = 0.2
    ) {
        self.initial = initial
        self.multiplier = multiplier
        self.maximum = maximum
        self.jitter = jitter
        next = initial
    }

    /// The delay after another failure, counted from the start of the failed attempt.
    ///
    /// - Parameter random: uniform in -1...1, drawn by the caller.
    public mutating func nextDelay(random: Double) -> Duration {
        let delay = min(next, maximum)
        next = delay.multiplied(by: multiplier, atMost: maximum)
        return delay * (1 + jitter * random)
    }

    /// Called when the server has sent its SETTINGS: the next failure starts at the initial delay.
    public mutating func reset() { next = initial }
}

extension Duration {
    /// The product, or `limit` if smaller: computed first, the product could overflow a `Duration`.
    func multiplied(by factor: Double, atMost limit: Duration) -> Duration {
        let seconds = self / .seconds(1) * factor
        return seconds < limit / .seconds(1) ? min(self * factor, limit) : limit
    }
}
