internal import TelehealthModel

/// Full jitter: evenly between zero and a bound that doubles with every failure.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
struct Backoff: Sendable {
    let base: Duration
    let cap: Duration

    /// - Parameters:
    ///   - attempt: failures so far, from 1.
    ///   - fraction: random, 0 up to 1.
    func delay(attempt: Int, fraction: Double) -> Duration {
        let doubled = base * (1 << min(max(attempt - 1, 0), 20))
        return min(doubled, cap) * fraction
    }
}

extension IDSource {
    /// 0 up to 1, evenly, from 32 random bits.
    func randomFraction() -> Double {
        Double(UInt32(randomHex(byteCount: 4), radix: 16) ?? 0) / 4_294_967_296
    }
}
