/// The value of `grpc-timeout`: at most eight ASCII digits and a unit.
/// - Spec: PROTOCOL-HTTP2.md, "Timeout".
public enum GRPCTimeout {
    /// The longest timeout that is tracked: about 31 years, so that no arithmetic overflows.
    public static let longest: Duration = .seconds(longestSeconds)
    private static let longestSeconds: Int64 = 1_000_000_000

    /// - Returns: the time left, capped at ``longest``; `nil` when the value is malformed (the client's fault,
    ///   answered with INTERNAL). Zero is a deadline that has passed.
    public static func parse(_ value: Span<UInt8>) -> Duration? {
        nanoseconds(value).map { .nanoseconds($0) }
    }

    /// ``parse(_:)`` in nanoseconds: a `Duration` has 128 bits, a cost that a server avoids for every call.
    public static func nanoseconds(_ value: Span<UInt8>) -> Int64? {
        let digitCount = value.count - 1
        guard (1...8).contains(digitCount) else { return nil }
        var number: Int64 = 0
        for index in 0..<digitCount {
            let digit = value[index] &- 0x30
            guard digit <= 9 else { return nil }
            number = number * 10 + Int64(digit)
        }
        switch value[digitCount] {
        case 0x48: return min(number * 3600, longestSeconds) * 1_000_000_000
        case 0x4D: return min(number * 60, longestSeconds) * 1_000_000_000
        case 0x53: return number * 1_000_000_000
        case 0x6D: return number * 1_000_000
        case 0x75: return number * 1000
        case 0x6E: return number
        default: return nil
        }
    }

    /// Writes the finest unit that fits eight digits, rounding up so that the peer never gives up first;
    /// negative durations become `0n`.
    public static func format(_ timeout: Duration) -> String {
        let (seconds, attoseconds) = timeout.components
        guard seconds >= 0, attoseconds >= 0 else { return "0n" }
        let limit: Int64 = 99_999_999
        let units: [(perSecond: Int64, suffix: String)] = [
            (1_000_000_000, "n"), (1_000_000, "u"), (1000, "m"), (1, "S"),
        ]
        for unit in units where seconds <= limit / unit.perSecond {
            let attosecondsPerUnit = 1_000_000_000_000_000_000 / unit.perSecond
            let count = seconds * unit.perSecond + (attoseconds + attosecondsPerUnit - 1) / attosecondsPerUnit
            if count <= limit { return "\(count)\(unit.suffix)" }
        }
        let minutes = seconds / 60 + 1
        return minutes <= limit ? "\(minutes)M" : "\(min(seconds / 3600 + 1, limit))H"
    }
}
