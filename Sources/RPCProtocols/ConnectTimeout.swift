internal import RPCModel

/// The value of `connect-timeout-ms`: at most ten ASCII digits, milliseconds.
/// - Spec: Connect protocol, "Timeout".
public enum ConnectTimeout {
    private static let digitsMax = 10
    private static let largest: Int64 = 9_999_999_999

    /// - Returns: the time left, at most 116 days; `nil` when the value is malformed, which is the client's fault.
    ///   Zero is a deadline that has passed.
    public static func parse(_ value: String) -> Duration? {
        guard (1...digitsMax).contains(value.utf8.count) else { return nil }
        var milliseconds: Int64 = 0
        for byte in value.utf8 {
            let digit = byte &- 0x30
            guard digit <= 9 else { return nil }
            milliseconds = milliseconds * 10 + Int64(digit)
        }
        return min(.milliseconds(milliseconds), GRPCTimeout.longest)
    }

    /// Rounds up, so that the peer never gives up first; a negative duration becomes `0`, a very long one the
    /// longest that ten digits hold.
    public static func format(_ timeout: Duration) -> String {
        let (seconds, attoseconds) = timeout.components
        guard seconds >= 0, attoseconds >= 0 else { return "0" }
        guard seconds <= largest / 1000 else { return String(largest) }
        let attosecondsPerMillisecond: Int64 = 1_000_000_000_000_000
        let milliseconds = (attoseconds + attosecondsPerMillisecond - 1) / attosecondsPerMillisecond
        return String(min(seconds * 1000 + milliseconds, largest))
    }
}
