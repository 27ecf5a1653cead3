internal import TextFormats

/// A wall-clock instant: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// For records and deadlines that outlive the process; durations inside the process use the monotonic clock.
public struct Timestamp: Hashable, Sendable, Comparable {
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    init(seconds: Int64) { microseconds = Duration.seconds(seconds).wholeMicroseconds }

    /// Since 1970, the part of a second left out.
    var wholeSeconds: Int64 { microseconds.floorDivided(by: 1_000_000).quotient }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    public static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(microseconds: left.microseconds &+ right.wholeMicroseconds)
    }

    public static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(microseconds: left.microseconds &- right.wholeMicroseconds)
    }

    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds &- right.microseconds)
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero; saturates at the ends of `Int64`.
    public var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }
}

extension Timestamp {
    /// RFC 3339 in UTC with whole seconds ("2026-11-22T09:30:00Z"), for error details and logs.
    public var rfc3339: String { ClockText.dateAndTime(unixSeconds: wholeSeconds) + "Z" }

    /// The same with six digits of the second ("2026-11-22T09:30:00.000250Z").
    package var rfc3339Microseconds: String {
        let (seconds, microsecond) = microseconds.floorDivided(by: 1_000_000)
        return ClockText.dateAndTime(unixSeconds: seconds) + "." + microsecond.padded(to: 6) + "Z"
    }
}
