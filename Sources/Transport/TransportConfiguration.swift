public import HTTP2Engine

/// When a silent peer is sent a PING, and how long its response may take.
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

/// Every limit and timeout of a server's connections. Nil means none.
public struct ServerTransportConfiguration: Hashable, Sendable {
    public var http2 = HTTP2Limits()
    /// gRPC proposal A9: 2 h and 20 s, with or without calls.
    public var keepalive = KeepaliveConfiguration(time: .seconds(7200))
    /// Maximum number of concurrent calls on a connection.
    public var streamsPerConnectionMax: Int {
        get { Int(http2.concurrentStreamsMax) }
        set { http2.concurrentStreamsMax = UInt32(clamping: newValue) }
    }
    /// A8: PINGs of a client at shorter intervals are strikes. A tolerance of a tenth, at most one second, allows for
    /// delays in the network.
    public var permitKeepaliveTime = Duration.seconds(300)
    /// A8: whether such PINGs are allowed while no call is open; otherwise one in two hours is.
    public var permitKeepaliveWithoutCalls = false
    /// A8: more strikes than this end the connection.
    public var pingStrikesMax = 2
    /// A9: a connection without calls for so long is drained.
    public var idleMax: Duration?
    /// A9: a connection is drained at this age, plus or minus 10 % so that clients do not all reconnect at the same
    /// time.
    public var ageMax: Duration?
    /// A9: how long the calls of a drained connection may continue.
    public var ageGrace: Duration?
    /// From accept to the client's SETTINGS, the TLS handshake included. 20 s: three lost packets on a bad
    /// line.
    public var handshakeTimeout = Duration.seconds(20)
    /// From accept to the whole ClientHello of a TLS connection, which follows the connection at once. 5 s: two lost
    /// packets.
    public var helloTimeout = Duration.seconds(5)
    /// From accept to the whole PROXY header, where one is required: proxies are near and send it at once.
    public var proxyHeaderTimeout = Duration.seconds(1)
    /// One header block must be complete in this time.
    public var headerTimeout = Duration.seconds(20)
    /// How long the socket may accept no bytes although some are waiting: the peer is not reading.
    public var writeStallTimeout = Duration.seconds(60)
    /// How long the peer may open no window for any call with bytes to send. Longer than the socket's: a client may
    /// pause a stream on purpose, but a stalled one occupies memory.
    public var windowStallTimeout = Duration.seconds(300)
    /// Between the two GOAWAYs of a drain, when the PING between them gets no response.
    public var drainNoticeTimeout = Duration.seconds(5)
    /// Connections of one listener set. 16,384 idle ones hold about 256 MiB plain, 700 MiB with TLS.
    public var connectionsMax = 16_384
    /// Connections of one IP address, or one IPv6 /64; clinics share addresses, machines rarely open hundreds.
    public var connectionsPerAddressMax = 1024
    /// Maximum number of concurrent TLS handshakes; each costs a signature, and a flood of them must not starve
    /// calls.
    public var handshakesMax = 512
    /// The same per address. 64: a whole clinic that reconnects at once is through in a moment.
    public var handshakesPerAddressMax = 64
    /// Peers that are trusted to report where a connection or call comes from. They have no share of connections;
    /// those behind them have.
    public var trustedProxies = TrustedProxies()

    public init() {}
}

/// Every limit and timeout of a client's connection.
public struct ClientTransportConfiguration: Hashable, Sendable {
    public var http2 = HTTP2Limits()
    /// A8: off unless set; at least `keepaliveTimeMin`.
    public var keepalive = KeepaliveConfiguration(time: nil)
    /// A8: whether to send PINGs also while no call is open.
    public var keepaliveWithoutCalls = false
    /// From dialing to the server's SETTINGS (gRPC connection-backoff: MIN_CONNECT_TIMEOUT).
    public var connectTimeout = Duration.seconds(20)
    public var writeStallTimeout = Duration.seconds(60)

    /// A8: more often would be an attack on the server.
    public static let keepaliveTimeMin = Duration.seconds(10)

    public init() {}

    /// A8: after a server sent "too_many_pings", for connections opened from now on.
    public mutating func doubleKeepaliveTime() {
        if let time = keepalive.time { keepalive.time = max(time, Self.keepaliveTimeMin) * 2 }
    }
}
