internal import Pacing

/// A token bucket with a queue that serves the earliest deadline first. Pure: the caller passes the time.
///
/// A ticket is accepted only if it and everyone after it can still be served in time. So everyone who waits is
/// served, and others are refused at once, with a retry delay. Invariant: the ticket at rank r (0 first) is admitted
/// no later than when r + 1 tokens have accumulated, which is not after its latest start.
/// - Complexity: O(waiting) per call; waiting is bounded.
public struct DeadlineQueue: Sendable {
    public typealias Instant = ContinuousClock.Instant

    public struct Limits: Hashable, Sendable {
        /// AWS allows 10 requests per second with a burst of 20 per operation; the margin is for other programs of
        /// the account and for differing clocks.
        public var perSecond: Double = 8
        public var burst: Double = 16
        /// More than can be served within the longest sensible deadline: 8 per second for a minute.
        public var waitingMax = 480

        public init() {}

        var rate: RateLimit { RateLimit(perSecond: perSecond, burst: burst) }
    }

    public enum Answer: Hashable, Sendable {
        case admitted
        /// Ask again with ``DeadlineQueue/poll(_:now:)`` after the given time.
        case wait(Duration)
        /// Cannot be served in time. A request with the same patience would be accepted after the given time.
        case refused(retryAfter: Duration)
    }

    private struct Ticket {
        let id: UInt64
        let latestStart: Instant
    }

    private let limits: Limits
    private var bucket: TokenBucket
    /// By latest start; equal ones in order of arrival.
    private var waiting: [Ticket] = []

    public init(limits: Limits = Limits(), now: Instant) {
        self.limits = limits
        bucket = TokenBucket(limits.rate, now: now)
    }

    public var waitingCount: Int { waiting.count }

    /// Requests admission.
    /// - Parameter latestStart: after this time admission is pointless.
    public mutating func enter(_ id: UInt64, latestStart: Instant, now: Instant) -> Answer {
        bucket.fill(limits.rate, now)
        let rank = waiting.firstIndex { $0.latestStart > latestStart } ?? waiting.count
        let lateness = worstLateness(insertingAt: rank, latestStart: latestStart, now: now)
        if lateness > .zero { return .refused(retryAfter: max(lateness, interval)) }
        if waiting.count >= limits.waitingMax { return .refused(retryAfter: delay(ofRank: 0) + interval) }
        waiting.insert(Ticket(id: id, latestStart: latestStart), at: rank)
        return poll(id, now: now)
    }

    /// Asks whether a waiting ticket's turn has come; if so, it leaves the queue.
    ///
    /// A ticket after others is also admitted when there are tokens for all before it: a slow caller does not delay
    /// the rest.
    public mutating func poll(_ id: UInt64, now: Instant) -> Answer {
        bucket.fill(limits.rate, now)
        guard let rank = waiting.firstIndex(where: { $0.id == id }) else {
            return .refused(retryAfter: interval)
        }
        if let wait = bucket.wait(for: rank + 1, limits.rate) { return .wait(wait) }
        _ = bucket.take(limits.rate, now: now)
        waiting.remove(at: rank)
        return .admitted
    }

    /// Withdraws the ticket of a caller that gives up.
    public mutating func leave(_ id: UInt64) {
        waiting.removeAll { $0.id == id }
    }

    private var interval: Duration { .seconds(1 / limits.perSecond) }

    /// Time until there are tokens for this rank and all before it.
    private func delay(ofRank rank: Int) -> Duration { bucket.wait(for: rank + 1, limits.rate) ?? .zero }

    /// The largest delay past its latest start of the new ticket, or of one that it pushes back; not positive when
    /// all are in time.
    private func worstLateness(insertingAt rank: Int, latestStart: Instant, now: Instant) -> Duration {
        var worst = delay(ofRank: rank) - (latestStart - now)
        for later in waiting.indices[rank...] {
            worst = max(worst, delay(ofRank: later + 1) - (waiting[later].latestStart - now))
        }
        return worst
    }
}
