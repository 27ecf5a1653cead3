/// How much somebody may ask: so many calls a second, and so many at once after a pause.
public struct RateLimit: Sendable, Hashable {
    public var perSecond: Double
    public var burst: Double

    public init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// A token bucket: fills at a steady rate up to its burst; each call takes one token.
///
/// Its time is monotonic: a step of the wall clock neither locks anybody out nor lets anybody in.
public struct TokenBucket: Sendable, Hashable {
    /// Refills are sums of fractions: what lacks less than a billionth of a token is there.
    private static let slack = 1e-9
    /// The longest wait that is told: a bucket that fills too slowly, or never, is asked again after this.
    private static let waitMax = 86_400.0

    private var level: Double
    private var filledAt: ContinuousClock.Instant

    /// A full bucket.
    public init(_ limit: RateLimit, now: ContinuousClock.Instant) {
        level = limit.burst
        filledAt = now
    }

    /// Takes one token, or says how long until there is one. An instant before the last one fills nothing.
    public mutating func take(_ limit: RateLimit, now: ContinuousClock.Instant) -> Duration? {
        fill(limit, now)
        if let wait = wait(for: 1, limit) { return wait }
        level -= 1
        return nil
    }

    /// Takes back what was taken for a call that turned out to be none of those that are counted.
    public mutating func giveBack(_ limit: RateLimit) { level = min(limit.burst, level + 1) }

    /// Whether it would be full again: then it says no more than a new one.
    public func isFull(_ limit: RateLimit, now: ContinuousClock.Instant) -> Bool {
        var copy = self
        copy.fill(limit, now)
        return copy.level >= limit.burst
    }

    /// Adds what has come since the last instant that it was given.
    public mutating func fill(_ limit: RateLimit, _ now: ContinuousClock.Instant) {
        let elapsed = max(0, filledAt.duration(to: now) / .seconds(1))
        level = min(limit.burst, level + elapsed * limit.perSecond)
        filledAt = max(filledAt, now)
    }

    /// How long from the last fill until there are `count` tokens; nil when there are.
    public func wait(for count: Int, _ limit: RateLimit) -> Duration? {
        let missing = Double(count) - level
        guard missing > Self.slack else { return nil }
        guard limit.perSecond > 0 else { return .seconds(60) }
        let seconds = min(missing / limit.perSecond, Self.waitMax)
        return .microseconds(Int64((seconds * 1_000_000).rounded(.up)))
    }
}
