/// When something happens: the engine reads no clock.
public struct HTTP1Time: Hashable, Sendable {
    /// For deadlines; never decreases.
    public var monotonicNanoseconds: UInt64
    /// Seconds since 1970 in UTC, for `Date`.
    public var unixSeconds: Int64

    public init(monotonicNanoseconds: UInt64, unixSeconds: Int64) {
        self.monotonicNanoseconds = monotonicNanoseconds
        self.unixSeconds = unixSeconds
    }

    /// Saturates: a distant deadline is "never".
    static func adding(_ nanoseconds: UInt64, to instant: UInt64) -> UInt64 {
        let (sum, overflow) = instant.addingReportingOverflow(nanoseconds)
        return overflow ? .max : sum
    }
}
