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
public struct TokenBucket: Sendable, Hashable {
    private var level: Double
    private var filledAt: Timestamp

    /// A full bucket.
    public init(_ limit: RateLimit, now: Timestamp) {
        level = limit.burst
        filledAt = now
    }

    /// Takes one token, or says how long until there is one. A clock that goes back fills nothing.
    public mutating func take(_ limit: RateLimit, now: Timestamp) -> Duration? {
        fill(limit, now)
        if level >= 1 {
            level -= 1
            return nil
        }
        guard limit.perSecond > 0 else { return .seconds(60) }
        return .microseconds(Int64(((1 - level) / limit.perSecond * 1_000_000).rounded(.up)))
    }

    /// Whether it would be full again: then it says no more than a new one.
    public func isFull(_ limit: RateLimit, now: Timestamp) -> Bool {
        var copy = self
        copy.fill(limit, now)
        return copy.level >= limit.burst
    }

    private mutating func fill(_ limit: RateLimit, _ now: Timestamp) {
        let elapsed = Double(max(0, (now - filledAt).wholeMicroseconds)) / 1_000_000
        level = min(limit.burst, level + elapsed * limit.perSecond)
        filledAt = max(filledAt, now)
    }
}
