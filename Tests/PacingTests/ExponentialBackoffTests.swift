import Pacing
import Testing

@Suite("Exponential backoff") struct ExponentialBackoffTests {
    @Test(arguments: 1...40)
    func `back-off grows to its cap and no further`(attempt: Int) {
        let backoff = ExponentialBackoff(base: .milliseconds(200), cap: .seconds(30), jitter: .full)
        let delay = backoff.delay(afterFailures: attempt, randomUnit: 0.999)
        #expect(delay <= .seconds(30))
        #expect(backoff.delay(afterFailures: attempt, randomUnit: 0) == .zero)
        if attempt >= 9 { #expect(delay > .seconds(29)) }
        if attempt == 1 { #expect(delay < .milliseconds(200)) }
    }

    /// gRPC doc/connection-backoff.md: 1 s, times 1.6, at most 120 s, 20 % to both sides.
    @Test func `a delay with a share of jitter lies that much to both sides of gRPC's own sequence`() {
        let backoff = ExponentialBackoff(
            base: .seconds(1), factor: 1.6, cap: .seconds(120), jitter: .around(share: 0.2))
        for (failures, seconds) in [(1, 1.0), (2, 1.6), (3, 2.56), (4, 4.096), (10, 68.719476736), (11, 109.951), (12, 120), (13, 120)] {
            for (unit, factor) in [(0, 0.8), (0.5, 1), (1, 1.2)] {
                let delay = backoff.delay(afterFailures: failures, randomUnit: unit) / .seconds(1)
                #expect(abs(delay - seconds * factor) < 0.001, "\(failures) failures, \(unit)")
            }
        }
    }

    @Test func `a base over the cap is cut to it from the first failure on`() {
        let backoff = ExponentialBackoff(base: .seconds(9), cap: .seconds(2), jitter: .around(share: 0))
        #expect([0, 1, 2].map { backoff.delay(afterFailures: $0, randomUnit: 0) } == [.seconds(2), .seconds(2), .seconds(2)])
    }

    @Test func `a factor below one makes later delays shorter, and zero keeps them at zero`() {
        let halving = ExponentialBackoff(base: .seconds(8), factor: 0.5, cap: .seconds(60), jitter: .around(share: 0))
        #expect((1...4).map { halving.delay(afterFailures: $0, randomUnit: 0) } == [8, 4, 2, 1].map { .seconds($0) })
        let none = ExponentialBackoff(base: .zero, cap: .seconds(5), jitter: .full)
        #expect(none.delay(afterFailures: .max, randomUnit: 0.5) == .zero)
    }

    @Test func `no number traps: every delay is between zero and twice the cap`() {
        let longest = Duration.seconds(Int64.max)
        for base in [Duration.seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .seconds(1), longest] {
            for cap in [Duration.seconds(-1), .zero, .seconds(60), longest] {
                for factor in [-2, 0, 0.3, 1, 1.6, 2, .greatestFiniteMagnitude, .infinity, .nan] {
                    for jitter in [ExponentialBackoff.Jitter.full, .around(share: 0.2), .around(share: .nan), .around(share: 9)] {
                        let backoff = ExponentialBackoff(base: base, factor: factor, cap: cap, jitter: jitter)
                        for failures in [Int.min, -1, 0, 1, 2, 63, 64, 1_000_000, .max] {
                            for unit in [-1, 0, 0.5, 0.999, 7, .infinity, .nan] {
                                let delay = backoff.delay(afterFailures: failures, randomUnit: unit)
                                // Of the cap's own size up to the rounding of a floating point number.
                                let share = delay / max(cap, .nanoseconds(1))
                                #expect(share >= 0 && share <= 2.000_001, "\(backoff) \(failures) \(unit)")
                            }
                        }
                    }
                }
            }
        }
    }
}
