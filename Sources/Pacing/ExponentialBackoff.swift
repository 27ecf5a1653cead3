/// Delays that grow by a factor with every failure in a row, up to a cap, and are spread at random.
///
/// A value: the caller counts the failures and draws the random number.
public struct ExponentialBackoff: Sendable, Hashable {
    /// How a delay is spread, so that callers that failed together do not return together.
    public enum Jitter: Sendable, Hashable {
        /// Evenly from zero to the delay.
        ///
        /// Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
        case full
        /// Evenly around the delay, by this share of it to both sides; 0 leaves it exact. Limited to 0...1.
        ///
        /// Spec: gRPC doc/connection-backoff.md; grpc/proposal A6, "Exponential Backoff".
        case around(share: Double)
    }

    /// After the first failure.
    public var base: Duration
    /// What the delay is multiplied by with each further failure.
    public var factor: Double
    /// The longest delay, before jitter.
    public var cap: Duration
    public var jitter: Jitter

    public init(base: Duration, factor: Double = 2, cap: Duration, jitter: Jitter) {
        self.base = base
        self.factor = factor
        self.cap = cap
        self.jitter = jitter
    }

    /// The delay after so many failures in a row, spread. Never traps: any number of failures has a delay of zero or
    /// more, and no longer than the cap with its jitter.
    ///
    /// - Parameters:
    ///   - failures: counted from 1; less counts as 1.
    ///   - randomUnit: uniform in 0..<1, drawn by the caller; anything outside counts as the nearer end.
    public func delay(afterFailures failures: Int, randomUnit: Double) -> Duration {
        let unit = randomUnit > 0 ? min(randomUnit, 1) : 0
        let delay = unspread(afterFailures: failures)
        switch jitter {
        case .full: return delay * unit
        case .around(let share): return delay * (1 + max(0, min(share, 1)) * (2 * unit - 1))
        }
    }

    /// The delay before jitter.
    private func unspread(afterFailures failures: Int) -> Duration {
        guard base > .zero, cap > .zero else { return .zero }
        let growth = Self.power(factor, max(failures, 1) - 1)
        // Compared first: the product of a power could overflow a `Duration`. No number counts as too large.
        guard growth < cap / base else { return cap }
        return min(base * max(growth, 0), cap)
    }

    /// By squaring: at most 63 steps for any count.
    private static func power(_ factor: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, factor, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}
