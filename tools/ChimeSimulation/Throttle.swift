/// How many calls an operation takes: a steady rate, and a burst on top of silence.
public struct ThrottleLimits: Sendable, Hashable {
    public var ratePerSecond: Double
    public var burst: Double

    public init(ratePerSecond: Double, burst: Double) {
        self.ratePerSecond = ratePerSecond
        self.burst = burst
    }
}

/// A token bucket per operation, as AWS limits calls per account and Region. Independent of the product's limiter on
/// purpose, whose calls it refuses when they come too fast.
///
/// Spec: "Amazon Chime SDK endpoints and quotas": 10 requests per second and a burst of 20 for each operation
/// of the meetings API; the media pipelines API has one such bucket for all its operations.
struct Throttle: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: Timestamp
    }

    private let limits: ThrottleLimits
    /// At most one per operation, and operations are a fixed list.
    private var buckets: [String: Bucket] = [:]

    init(limits: ThrottleLimits) { self.limits = limits }

    /// Takes one token of the bucket; `false` means that the call is over the rate.
    mutating func admit(_ name: String, at now: Timestamp) -> Bool {
        var bucket = buckets[name] ?? Bucket(tokens: limits.burst, filledAt: now)
        let seconds = Double(max(0, (now - bucket.filledAt).microseconds)) / 1_000_000
        bucket.tokens = min(limits.burst, bucket.tokens + seconds * limits.ratePerSecond)
        bucket.filledAt = now
        let isAdmitted = bucket.tokens >= 1
        if isAdmitted { bucket.tokens -= 1 }
        buckets[name] = bucket
        return isAdmitted
    }
}
