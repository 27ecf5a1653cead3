internal import CLinux
internal import Glibc

/// A point on the machine's monotonic clock (CLOCK_MONOTONIC): comparable within one boot, unrelated to wall
/// time.
@frozen
public struct MonotonicInstant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's own origin.
    public var nanoseconds: UInt64

    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// An instant that no timer reaches: "never".
    public static let distantFuture = MonotonicInstant(nanoseconds: .max)

    /// Reads the system's clock; loops provide their own `now`, read once per tick.
    public static func systemNow() -> MonotonicInstant {
        MonotonicInstant(nanoseconds: telehealth_monotonic_nanoseconds())
    }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Saturates at both ends: a distant deadline is "never", not a wrapped past.
    public static func + (instant: Self, duration: Duration) -> Self {
        let delta = duration.wholeNanoseconds
        if delta >= 0 {
            let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(UInt64(delta))
            return MonotonicInstant(nanoseconds: overflow ? .max : sum)
        }
        let (difference, underflow) = instant.nanoseconds.subtractingReportingOverflow(delta.magnitude)
        return MonotonicInstant(nanoseconds: underflow ? 0 : difference)
    }

    /// The time from `earlier` to `later`, negative when they are the other way round.
    public static func - (later: Self, earlier: Self) -> Duration {
        if later.nanoseconds >= earlier.nanoseconds {
            return .nanoseconds(Int64(clamping: later.nanoseconds - earlier.nanoseconds))
        }
        return .nanoseconds(-Int64(clamping: earlier.nanoseconds - later.nanoseconds))
    }
}

extension Duration {
    /// Nanoseconds, clamped to 64 bits (292 years).
    public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        if sumOverflow { return seconds < 0 ? .min : .max }
        return sum
    }
}
