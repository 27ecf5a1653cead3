internal import Pacing
public import RPCClient
public import RPCModel

/// How a ``TelehealthClient`` connects to the service, and how long it waits and retries.
public struct ClientConfiguration: Sendable {
    /// `host:port`, `dns:///host:port` or `unix:/path`.
    public var target: String
    /// Transport settings: TLS, server name, limits. The client sets two of them itself: keepalive, if unset here, is
    /// ``keepalive``; and the delay between attempts to connect is at most ``maxBackoff``.
    public var channel: ChannelConfiguration
    /// Silence, while a call is open, after which the client sends a keepalive PING; after another 20 s the
    /// connection counts as lost. At least 10 s; `nil` leaves it to the channel, which sends none.
    public var keepalive: Duration? = .seconds(20)
    /// Time limit for one call including all attempts.
    public var timeout: Duration = .seconds(20)
    /// Maximum number of attempts of one call, including the first.
    public var maxAttempts = 6
    /// Delay before the second attempt; doubles up to ``maxBackoff``, each time multiplied by a jitter of 0.8 to 1.2.
    public var initialBackoff: Duration = .milliseconds(100)
    public var maxBackoff: Duration = .seconds(5)
    /// How long a watch keeps trying without a response from the service before it throws. Its delays grow like those
    /// of calls but with more jitter (0.5 to 1.5), and its attempts are not limited. 10 minutes: about as long as a
    /// visit waits for participants who have lost their connection.
    public var watchPatience: Duration = .seconds(600)
    /// Called when a watch has lost its stream and will retry after the delay: what a program shows as "connecting".
    /// The watch pauses until it returns.
    public var watchDidBreak: @Sendable (_ error: RPCError, _ wait: Duration) -> Void = { _, _ in }
    /// Source of random numbers for jitter and request ids; tests provide their own.
    public var random: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }

    public init(target: String, channel: ChannelConfiguration = ChannelConfiguration()) {
        self.target = target
        self.channel = channel
    }

    /// The wait before the next attempt of a call: the backoff times 0.8 to 1.2, and no less than the service asks for.
    func wait(after failures: Int, _ error: RPCError) -> Duration { wait(after: failures, error, jitter: 0.2) }

    /// The same for a watch: times 0.5 to 1.5, so that watches that broke together do not reconnect together.
    func watchWait(after failures: Int, _ error: RPCError) -> Duration { wait(after: failures, error, jitter: 0.5) }

    private func wait(after failures: Int, _ error: RPCError, jitter: Double) -> Duration {
        let backoff = ExponentialBackoff(base: initialBackoff, cap: maxBackoff, jitter: .around(share: jitter))
        return max(backoff.delay(afterFailures: failures, randomUnit: chance()), error.retryDelay ?? .zero)
    }

    /// In 0..<1.
    func chance() -> Double { Double(random() >> 11) * 0x1p-53 }

    /// The channel's settings, with those that the client sets itself.
    var channelInUse: ChannelConfiguration {
        var channel = channel
        channel.keepalive = channel.keepalive ?? keepalive
        // Otherwise calls could fail for up to two minutes after the service is back.
        channel.backoff.maximum = min(channel.backoff.maximum, maxBackoff)
        return channel
    }
}
