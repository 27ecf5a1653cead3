public import Pacing
internal import Synchronization
public import TelehealthModel

/// Token buckets by key, at most so many: one per identity, or per address of callers without one.
///
/// Buckets that have filled up again say no more than new ones: they are dropped once a minute and, when the table is
/// full, at most once a second. Keys that still find no place share one bucket, so many made-up keys slow each other
/// down and nobody who has a place.
///
/// Isolation: any; the lock is held for a look-up.
public final class RateLimiter: Sendable {
    private struct State {
        var buckets: [Subject: (bucket: TokenBucket, limit: RateLimit)] = [:]
        var overflow: TokenBucket?
        var sweptAt: ContinuousClock.Instant?
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: about 150 bytes each.
    public init(capacity: Int = 65_536) { self.capacity = max(1, capacity) }

    /// Takes one call of `key`.
    ///
    /// - Returns: nil when it may go on; otherwise how long to wait.
    public func take(_ key: Subject, _ limit: RateLimit, now: ContinuousClock.Instant) -> Duration? {
        state.withLock { state in
            if let place = state.buckets.index(forKey: key) {
                return state.buckets.values[place].bucket.take(limit, now: now)
            }
            Self.sweep(&state, now, after: state.buckets.count >= capacity ? .seconds(1) : .seconds(60))
            guard state.buckets.count < capacity else {
                var bucket = state.overflow ?? TokenBucket(limit, now: now)
                defer { state.overflow = bucket }
                return bucket.take(limit, now: now)
            }
            var bucket = TokenBucket(limit, now: now)
            let wait = bucket.take(limit, now: now)
            state.buckets[key] = (bucket, limit)
            return wait
        }
    }

    /// Gives back what ``take(_:_:now:)`` took for a call that is not to be counted after all.
    public func giveBack(_ key: Subject, _ limit: RateLimit) {
        state.withLock { state in
            guard let place = state.buckets.index(forKey: key) else { return }
            state.buckets.values[place].bucket.giveBack(limit)
        }
    }

    var count: Int { state.withLock { $0.buckets.count } }

    private static func sweep(_ state: inout State, _ now: ContinuousClock.Instant, after pause: Duration) {
        if let sweptAt = state.sweptAt, sweptAt.duration(to: now) < pause { return }
        state.sweptAt = now
        state.buckets = state.buckets.filter { !$0.value.bucket.isFull($0.value.limit, now: now) }
    }
}
