public import RPCClient
public import RPCModel

/// How a ``TelehealthClient`` reaches the service and how patient it is.
public struct ClientConfiguration: Sendable {
    /// `host:port`, `dns:///host:port` or `unix:/path`.
    public var target: String
    /// Transport settings: TLS, server name, limits. Two of them are the client's to choose: the keepalive, when none
    /// is set here, is ``keepalive``; and waits between attempts to connect grow no longer than ``maxBackoff``.
    public var channel: ChannelConfiguration
    /// Silence, while a call is open, after which the connection is asked with a PING whether it lives; 20 s after that
    /// it counts as lost. At least 10 s; `nil` leaves it to the channel, which asks nothing.
    public var keepalive: Duration? = .seconds(20)
    /// Time for one call with all its attempts.
    public var timeout: Duration = .seconds(20)
    /// Attempts of one call at the most, the first included.
    public var maxAttempts = 6
    /// The wait before the second attempt; doubles up to ``maxBackoff``, each time multiplied by a jitter of
    /// 0.8 to 1.2.
    public var initialBackoff: Duration = .milliseconds(100)
    public var maxBackoff: Duration = .seconds(5)
    /// How long a watch goes on asking without a word from the service before it throws. Its waits grow as those of
    /// calls do, spread wider (0.5 to 1.5), and its attempts are not counted. 10 minutes: about as long as a visit
    /// waits for people who are gone.
    public var watchPatience: Duration = .seconds(600)
    /// Told when a watch lost its stream and will ask again after the wait: what a program shows as "connecting". The
    /// watch stands still until it returns.
    public var watchDidBreak: @Sendable (_ error: RPCError, _ wait: Duration) -> Void = { _, _ in }
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

    /// The wait before the next attempt: the backoff times 0.8 to 1.2, and no less than the service asks for.
    func wait(after failures: Int, _ error: RPCError) -> Duration {
        max(backoff(after: failures) * (0.8 + 0.4 * chance()), error.retryDelay ?? .zero)
    }

    /// `duration` times 0.5 to 1.5: watches that broke together come back apart.
    func spread(_ duration: Duration) -> Duration { duration * (0.5 + chance()) }

    /// In 0..<1.
    func chance() -> Double { Double(random() >> 11) * 0x1p-53 }

    /// The channel's own settings with those that the client chooses.
    var channelInUse: ChannelConfiguration {
        var channel = channel
        channel.keepalive = channel.keepalive ?? keepalive
        // Otherwise calls fail for up to two minutes after the service is back.
        channel.backoff.maximum = min(channel.backoff.maximum, maxBackoff)
        return channel
    }
}
