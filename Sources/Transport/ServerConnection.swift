public import EventCore
public import HTTP2Engine
internal import TLSEngine

/// A client's connection to this server.
///
/// - Isolation: not Sendable; its loop.
public final class ServerConnection {
    /// Unique within the server, in the order of acceptance; for logs.
    public let id: UInt64
    public let loop: EventLoop
    /// The identity is complete before the first stream is made.
    public private(set) var peer: PeerInfo
    /// Where the listener is bound.
    public let localAddress: SocketAddress
    /// Whatever the layer above keeps per connection.
    public var userInfo: AnyObject?

    private let wire: Wire
    private let tls: TLSSession?
    private let shard: ServerShard
    private var strikes: PingStrikes

    init(
        id: UInt64, socket: consuming SocketDescriptor, address: SocketAddress, localAddress: SocketAddress,
        tls: TLSSession?, shard: ServerShard, jitter: Double
    ) {
        self.id = id
        self.localAddress = localAddress
        self.shard = shard
        self.tls = tls
        loop = shard.loop
        peer = PeerInfo(address: address, tls: nil)
        let configuration = shard.configuration
        strikes = PingStrikes(configuration)
        let clock = ConnectionClock(times: Self.times(configuration, jitter: jitter), now: shard.loop.now)
        if configuration.keepalive.time != nil { socket.setUserTimeout(configuration.keepalive.timeout) }
        wire = Wire(
            loop: shard.loop, socket: socket, tls: tls, role: .server, limits: configuration.http2,
            clock: clock)
    }

    private static func times(_ configuration: ServerTransportConfiguration, jitter: Double)
        -> ConnectionClock.Times
    {
        ConnectionClock.Times(
            handshake: configuration.handshakeTimeout, header: configuration.headerTimeout,
            keepalive: configuration.keepalive, keepaliveWithoutCalls: true, idle: configuration.idleMax,
            // A9: 10 % either way.
            age: configuration.ageMax.map { $0 * (1 + 0.1 * jitter) }, grace: configuration.ageGrace,
            writeStall: configuration.writeStallTimeout, windowStall: configuration.windowStallTimeout,
            drainNotice: configuration.drainNoticeTimeout)
    }

    func start() { wire.start(self) }

    public var openStreamCount: Int { wire.session?.openStreamCount ?? 0 }

    /// Every stream that is open now.
    public func forEachStream(_ body: (HTTP2Stream) -> Void) { wire.session?.forEachStream(body) }

    /// Two GOAWAYs with a PING between them; closes after the last stream.
    public func drain() { wire.drain() }

    /// Closes at once; streams are told `connectionLost`.
    public func close() { wire.close(ConnectionLoss(.closedLocally)) }

    /// A call begins for whose sake a peer that has gone silent must be noticed within `limit`: it is asked by PING in
    /// time. Each call of this is followed by one of ``vigilEnded()``.
    public func vigilBegan(_ limit: Duration) {
        wire.clock.vigilBegan(limit)
        wire.rearm()
    }

    public func vigilEnded() { wire.clock.vigilEnded() }

    /// For how long nothing had come from a peer that was given up for its silence; zero for every other end, and
    /// while the connection is open.
    public var silence: Duration {
        switch wire.loss?.kind {
        case .keepaliveTimedOut, .writeStalled: loop.now - wire.lastReadAt
        case .socket(let code) where SystemCallError.isTimeout(code): loop.now - wire.lastReadAt
        default: .zero
        }
    }

    /// The server stops; new streams may still come between the two GOAWAYs.
    public var isStopping: Bool { wire.clock.isStopping }

    /// Drains with the whole server; what is open when `grace` is over is told so, and ends.
    func stop(grace: Duration) { wire.stop(grace: grace) }
}

extension ServerConnection: WireDelegate {
    func wireHandshook() {
        if let tls {
            peer = PeerInfo(address: peer.address, tls: tls.peer)
            shard.handshakeEnded()
        }
    }

    func wireEstablished() { shard.source.connectionOpened(self) }

    func wireCapacityChanged() {}

    func wireMakesStream() -> HTTP2Stream { shard.source.makeStream(on: self) }

    func wireReceivedPing() {
        guard let session = wire.session else { return }
        let isTooMany = strikes.received(
            at: loop.now, hasCalls: session.openStreamCount > 0, sent: session.sentHeadersAndData)
        if isTooMany {
            wire.terminate(
                .enhanceYourCalm, debug: "too_many_pings", ConnectionLoss(.limitExceeded, "too_many_pings"))
        }
    }

    func wireReceivedGoAway(code: HTTP2ErrorCode, debugData: [UInt8]) {}

    func wireStopping() { shard.source.connectionStopping(self) }

    func wireExpired() { shard.source.connectionExpired(self) }

    func wireClosed(_ loss: ConnectionLoss) {
        if let tls, !tls.isHandshakeComplete { shard.handshakeEnded() }
        shard.closed(self, loss)
    }
}
