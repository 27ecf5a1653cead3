public import RPCClient

/// How a ``TelehealthClient`` reaches the service and how patient it is.
public struct ClientConfiguration: Sendable {
    /// `host:port`, `dns:///host:port` or `unix:/path`.
    public var target: String
    /// Transport settings: TLS, server name, keepalive.
    public var channel: ChannelConfiguration
    /// Time for one call with all its attempts.
    public var timeout: Duration = .seconds(20)
    /// Attempts of one call at the most, the first included.
    public var maxAttempts = 6
    /// The wait before the second attempt; doubles up to ``maxBackoff``, each time multiplied by a jitter of
    /// 0.8 to 1.2.
    public var initialBackoff: Duration = .milliseconds(100)
    public var maxBackoff: Duration = .seconds(5)
    /// Draws a number in 0..<1 for jitter and the bytes of request ids; tests give their own.
    public var random: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }

    public init(target: String, channel: ChannelConfiguration = ChannelConfiguration()) {
        self.target = target
        self.channel = channel
    }

    /// The wait after `failures` failed attempts, before jitter.
    func backoff(after failures: Int) -> Duration {
        var delay = initialBackoff
        for _ in 1..<max(failures, 1) where delay < maxBackoff { delay = delay * 2 }
        return min(delay, maxBackoff)
    }

    /// `duration` times 0.8 to 1.2.
    func jittered(_ duration: Duration) -> Duration {
        duration * (0.8 + 0.4 * (Double(random() >> 11) * 0x1p-53))
    }
}
