/// When an issuer's keys are read again: at the latest after the operator's interval, sooner when the issuer says that
/// its answer holds for less, at once when a token named an unknown key, and with growing waits after failures.
///
/// Nothing makes it more than one reading per ``look``: a forged key id must not become a request each.
struct KeySchedule: Sendable {
    /// The time from one look to the next.
    static let look: Duration = .seconds(5)
    /// An issuer that wants to be asked all the time is asked this often.
    static let waitMin: Duration = .seconds(10)

    /// The operator's, 10 s or more.
    private let interval: Duration
    private var wait: Duration
    private var waited = Duration.zero
    private var failures = 0

    /// - Parameter freshFor: how long the keys that were read at the start hold; nil when their issuer said nothing.
    init(interval: Duration, freshFor: Duration?) {
        self.interval = interval
        wait = interval
        didRead(freshFor: freshFor)
    }

    /// To be asked once per ``look``.
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
