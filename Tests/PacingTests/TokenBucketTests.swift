import Pacing
import Testing

@Suite("Token buckets") struct TokenBucketTests {
    private let limit = RateLimit(perSecond: 2, burst: 3)
    private static let start = ContinuousClock.now
    private func at(_ milliseconds: Int64) -> ContinuousClock.Instant { Self.start + .milliseconds(milliseconds) }

    @Test("a burst passes, then the steady rate does, and the wait told is the wait needed")
    func bucketRule() {
        var bucket = TokenBucket(limit, now: at(0))
        for _ in 0..<3 { #expect(bucket.take(limit, now: at(0)) == nil) }
        #expect(bucket.take(limit, now: at(0)) == .milliseconds(500))
        let rest = bucket.take(limit, now: at(499)) ?? .zero
        #expect(rest >= .milliseconds(1) && rest < .milliseconds(2))
        #expect(bucket.take(limit, now: at(500)) == nil)
        #expect(bucket.take(limit, now: at(500)) == .milliseconds(500))
        #expect(!bucket.isFull(limit, now: at(1_999)))
        #expect(bucket.isFull(limit, now: at(2_000)))
    }

    @Test("an instant before the last one gives nothing and takes nothing")
    func earlierInstant() {
        var bucket = TokenBucket(limit, now: at(10_000))
        for _ in 0..<3 { #expect(bucket.take(limit, now: at(10_000)) == nil) }
        #expect(bucket.take(limit, now: at(0)) == .milliseconds(500))
        #expect(bucket.take(limit, now: at(10_500)) == nil)
    }

    @Test func `those who queue for several tokens are told when theirs will be there`() {
        var bucket = TokenBucket(limit, now: at(0))
        #expect(bucket.wait(for: 3, limit) == nil)
        #expect(bucket.wait(for: 5, limit) == .seconds(1))
        bucket.fill(limit, at(1_000))
        #expect(bucket.wait(for: 3, limit) == nil && bucket.wait(for: 4, limit) == .milliseconds(500))
    }

    @Test(arguments: [0, -1, 1e-300]) func `a bucket that never fills has a wait as well`(perSecond: Double) {
        let limit = RateLimit(perSecond: perSecond, burst: 1)
        var bucket = TokenBucket(limit, now: at(0))
        #expect(bucket.take(limit, now: at(0)) == nil)
        let wait = bucket.take(limit, now: at(3_600_000)) ?? .zero
        #expect(wait >= .seconds(60) && wait <= .seconds(86_400))
    }
}
