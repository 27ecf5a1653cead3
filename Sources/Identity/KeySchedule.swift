/// When to read an issuer's keys again: at least at the operator's interval, sooner when the response is fresh for
/// less, at once when a token named an unknown key, and with increasing delays after failures.
///
/// At most one reading per ``look``: forged key ids must not cause one request each.
struct KeySchedule: Sendable {
    /// The interval between checks.
    static let look: Duration = .seconds(5)
    /// Minimum interval, even if the issuer asks for less.
    static let waitMin: Duration = .seconds(10)

    /// The operator's interval, 10 s or more.
    private let interval: Duration
    private var wait: Duration
    private var waited = Duration.zero
    private var failures = 0

    /// - Parameter freshFor: how long the keys read at the start are fresh; nil when the issuer did not say.
    init(interval: Duration, freshFor: Duration?) {
        self.interval = interval
        wait = interval
        didRead(freshFor: freshFor)
    }

    /// To be called once per ``look``.
    mutating func isDue(sawUnknownKey: Bool) -> Bool {
        waited += Self.look
        return sawUnknownKey || waited >= wait
    }

    mutating func didRead(freshFor: Duration?) {
        failures = 0
        waited = .zero
        wait = min(interval, max(Self.waitMin, freshFor ?? interval))
    }

    mutating func didFail() {
        waited = .zero
        // 10 s, 20 s, 40 s, …
        wait = min(interval, Self.waitMin * (1 << min(failures, 16)))
        failures += 1
    }
}
