import Pacing
import TelehealthModel
import Testing

@testable import TelehealthEngine

@Suite("Rate limits") struct RateLimiterTests {
    private let limit = RateLimit(perSecond: 2, burst: 3)
    private static let start = ContinuousClock.now
    private func at(_ milliseconds: Int64) -> ContinuousClock.Instant { Self.start + .milliseconds(milliseconds) }

    @Test("keys have buckets of their own; what is given back can be taken again, and no more")
    func keysAreApart() {
        let limiter = RateLimiter()
        for _ in 0..<3 { #expect(limiter.take("a", limit, now: at(0)) == nil) }
        #expect(limiter.take("a", limit, now: at(0)) == .milliseconds(500))
        for _ in 0..<3 { #expect(limiter.take("b", limit, now: at(0)) == nil) }
        limiter.giveBack("b", limit)
        limiter.giveBack("never seen", limit)
        #expect(limiter.take("b", limit, now: at(0)) == nil)
        #expect(limiter.take("b", limit, now: at(0)) == .milliseconds(500))
        for _ in 0..<9 { limiter.giveBack("b", limit) }
        for _ in 0..<3 { #expect(limiter.take("b", limit, now: at(0)) == nil) }
        #expect(limiter.take("b", limit, now: at(0)) != nil)
    }

    @Test("the table never grows over its limit; who has a place keeps it, newcomers share one bucket")
    func tableIsBounded() {
        let limiter = RateLimiter(capacity: 10)
        for index in 0..<10 { #expect(limiter.take("k\(index)", limit, now: at(0)) == nil) }
        for index in 0..<3 { #expect(limiter.take("new\(index)", limit, now: at(0)) == nil) }
        #expect(limiter.take("new3", limit, now: at(0)) != nil, "newcomers share one burst")
        #expect(limiter.take("k0", limit, now: at(0)) == nil)
        #expect(limiter.count == 10)
        // Buckets that are full again make room.
        #expect(limiter.take("new4", limit, now: at(2_000)) == nil)
        #expect(limiter.count <= 10)
    }

    @Test("who asks no more is forgotten a minute later, who still has to wait is not")
    func fullBucketsAreDropped() {
        let limiter = RateLimiter()
        for index in 0..<100 { #expect(limiter.take("k\(index)", limit, now: at(0)) == nil) }
        for _ in 0..<3 { #expect(limiter.take("busy", limit, now: at(59_900)) == nil) }
        #expect(limiter.count == 101)
        #expect(limiter.take("new", limit, now: at(60_000)) == nil)
        #expect(limiter.count == 2)
        #expect(limiter.take("busy", limit, now: at(60_000)) != nil)
    }
}
