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
        if level >= 1 {
            level -= 1
            return nil
        }
        guard limit.perSecond > 0 else { return .seconds(60) }
        return .microseconds(Int64(((1 - level) / limit.perSecond * 1_000_000).rounded(.up)))
    }

    /// Takes back what was taken for a call that turned out to be none of those that are counted.
    public mutating func giveBack(_ limit: RateLimit) { level = min(limit.burst, level + 1) }

    /// Whether it would be full again: then it says no more than a new one.
    public func isFull(_ limit: RateLimit, now: ContinuousClock.Instant) -> Bool {
        var copy = self
        copy.fill(limit, now)
        return copy.level >= limit.burst
    }

    private mutating func fill(_ limit: RateLimit, _ now: ContinuousClock.Instant) {
        let elapsed = max(0, filledAt.duration(to: now) / .seconds(1))
        level = min(limit.burst, level + elapsed * limit.perSecond)
        filledAt = max(filledAt, now)
    }
}
