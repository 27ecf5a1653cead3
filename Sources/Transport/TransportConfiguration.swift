public import HTTP2Engine

/// When a peer that says nothing is asked whether it is still there, and how long it may take to answer.
public struct KeepaliveConfiguration: Hashable, Sendable {
    /// Silence before a PING; nil for never.
    public var time: Duration?
    /// From the PING to any byte; then the connection is dropped.
    public var timeout: Duration

    public init(time: Duration?, timeout: Duration = .seconds(20)) {
        self.time = time
        self.timeout = timeout
    }
}

/// Everything that bounds and paces a server's connections. Nil means "no limit".
public struct ServerTransportConfiguration: Hashable, Sendable {
    public var http2 = HTTP2Limits()
    /// gRPC proposal A9: 2 h and 20 s, with or without calls.
    public var keepalive = KeepaliveConfiguration(time: .seconds(7200))
    /// Calls that a client may have open at once on a connection.
    public var streamsPerConnectionMax: Int {
        get { Int(http2.concurrentStreamsMax) }
        set { http2.concurrentStreamsMax = UInt32(clamping: newValue) }
    }
    /// A8: PINGs of a client closer together than this are strikes. A tenth of it, one second at most, is forgiven:
    /// those that are sent exactly so often do not arrive so.
    public var permitKeepaliveTime = Duration.seconds(300)
    /// A8: whether such PINGs are allowed while no call is open; otherwise one in two hours is.
    public var permitKeepaliveWithoutCalls = false
    /// A8: more strikes than this end the connection.
    public var pingStrikesMax = 2
    /// A9: a connection without calls for so long is drained.
    public var idleMax: Duration?
    /// A9: a connection is drained at this age, 10 % earlier or later so that they do not all come back at
    /// once.
    public var ageMax: Duration?
    /// A9: how long the calls of a drained connection may go on.
    public var ageGrace: Duration?
    /// From accept to the client's SETTINGS, the TLS handshake included. 20 s: three lost packets on a bad
    /// line.
    public var handshakeTimeout = Duration.seconds(20)
    /// From accept to the whole ClientHello of a TLS connection, which follows the connection at once. 5 s: two lost
    /// packets.
    public var helloTimeout = Duration.seconds(5)
    /// From accept to the whole PROXY header where one must come: proxies are near and send it at once.
    public var proxyHeaderTimeout = Duration.seconds(1)
    /// One header block must be complete in this time.
    public var headerTimeout = Duration.seconds(20)
    /// The socket takes nothing for so long although bytes wait: the peer is not reading.
    public var writeStallTimeout = Duration.seconds(60)
    /// Calls have bytes to send and the peer opens no window on any of them for so long. Longer than the
    /// socket's: a client may pause a stream on purpose, but a stalled one pins memory.
    public var windowStallTimeout = Duration.seconds(300)
    /// Between the two GOAWAYs of a drain, when the PING between them is not answered.
    public var drainNoticeTimeout = Duration.seconds(5)
    /// Connections of one listener set. 16,384 idle ones hold about 256 MiB plain, 700 MiB with TLS.
    public var connectionsMax = 16_384
    /// Connections of one IP address, or one IPv6 /64; clinics share addresses, machines rarely open hundreds.
    public var connectionsPerAddressMax = 1024
    /// TLS handshakes at a time; each costs a signature, and a flood of them must not starve the calls.
    public var handshakesMax = 512
    /// Of those, handshakes of one address. 64: a whole clinic that comes back at once is through in a moment.
    public var handshakesPerAddressMax = 64
    /// Peers whose word about where a connection or call comes from is taken. They have no share of connections;
    /// those behind them have.
    public var trustedProxies = TrustedProxies()

    public init() {}
}

/// Everything that bounds and paces a client's connection.
public struct ClientTransportConfiguration: Hashable, Sendable {
    public var http2 = HTTP2Limits()
    /// A8: off unless set; less than `keepaliveTimeMin` counts as that.
    public var keepalive = KeepaliveConfiguration(time: nil)
    /// A8: whether to ask also while no call is open.
    public var keepaliveWithoutCalls = false
    /// From dialling to the server's SETTINGS (gRPC connection-backoff: MIN_CONNECT_TIMEOUT).
    public var connectTimeout = Duration.seconds(20)
    public var writeStallTimeout = Duration.seconds(60)

    /// A8: more often is an attack on the server.
    public static let keepaliveTimeMin = Duration.seconds(10)

    public init() {}

    /// A8: what to do after a server said "too_many_pings", for connections made from now on.
    public mutating func doubleKeepaliveTime() {
        if let time = keepalive.time { keepalive.time = max(time, Self.keepaliveTimeMin) * 2 }
    }
}
