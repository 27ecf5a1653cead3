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
    /// The address and the identity are complete before the first stream is made.
    public private(set) var peer: PeerInfo
    /// Where the listener is bound.
    public let localAddress: SocketAddress
    /// Whatever the layer above keeps per connection.
    public var userInfo: AnyObject?

    private let wire: HTTP2Connection
    private let tls: TLSSession?
    private let shard: ServerShard
    /// The key under which it is counted.
    private(set) var share: AddressBlock?
    private var hasMadeCalls = false
    private var isNew = true
    private var strikes: PingStrikes

    init(
        id: UInt64, socket: consuming SocketDescriptor, address: SocketAddress, share: AddressBlock?,
        door: ServerShard.Door, tls: TLSSession?, shard: ServerShard, jitter: Double
    ) {
        self.id = id
        self.share = share
        localAddress = door.address
        self.shard = shard
        self.tls = tls
        loop = shard.loop
        let configuration = shard.configuration
        peer = PeerInfo(
            address: address, proxy: nil,
            isProxied: door.expectsProxyHeader || configuration.trustedProxies.contains(address), tls: nil)
        strikes = PingStrikes(configuration)
        let clock = ConnectionClock(times: Self.times(configuration, jitter: jitter), now: shard.loop.now)
        if configuration.keepalive.time != nil { socket.setUserTimeout(configuration.keepalive.timeout) }
        wire = HTTP2Connection(
            loop: shard.loop, socket: socket, tls: tls, role: .server, limits: configuration.http2,
            clock: clock, expectsProxyHeader: door.expectsProxyHeader)
    }

    private static func times(_ configuration: ServerTransportConfiguration, jitter: Double)
        -> ConnectionClock.Times
    {
        ConnectionClock.Times(
            handshake: configuration.handshakeTimeout, hello: configuration.helloTimeout,
            proxyHeader: configuration.proxyHeaderTimeout, header: configuration.headerTimeout,
            keepalive: configuration.keepalive, keepaliveWithoutCalls: true, idle: configuration.idleMax,
            // A9: 10 % either way.
            age: configuration.ageMax.map { $0 * (1 + 0.1 * jitter) }, grace: configuration.ageGrace,
            writeStall: configuration.writeStallTimeout, windowStall: configuration.windowStallTimeout,
            drainNotice: configuration.drainNoticeTimeout)
    }

    func start() {
        readSparingly()
        wire.start(self)
    }

    public var openStreamCount: Int { wire.session?.openStreamCount ?? 0 }

    /// Every stream that is open now.
    public func forEachStream(_ body: (HTTP2Stream) -> Void) { wire.session?.forEachStream(body) }

    /// Two GOAWAYs with a PING in between; closes after the last stream.
    public func drain() { wire.drain() }

    /// Reads little at a time for a second: its calls are refused, and others get their turn meanwhile. A new
    /// connection begins this way, because nothing is known of it.
    public func readSparingly() { wire.sparingUntil = loop.now + .seconds(1) }

    /// A call was admitted. The first one ends the initial state of a new connection; a later one does not undo a
    /// refusal.
    public func letCallIn() {
        guard isNew else { return }
        isNew = false
        wire.sparingUntil = MonotonicInstant(nanoseconds: 0)
    }

    /// Another connection needs the place. Calls that nobody has read may be under way: the peer learns that none of
    /// them was begun, and can make them elsewhere.
    func evict() { wire.giveWay(debug: "closed to make room for another connection", ConnectionLoss(.evicted)) }

    /// Closes at once; streams get `connectionLost`.
    public func close() { wire.close(ConnectionLoss(.closedLocally)) }

    /// A call begins that requires a silent peer to be detected within `limit`: a PING is sent in time. Each call of
    /// this must be followed by ``vigilEnded()``.
    public func vigilBegan(_ limit: Duration) {
        wire.clock.vigilBegan(limit)
        wire.rearm()
    }

    public func vigilEnded() { wire.clock.vigilEnded() }

    /// How long nothing had arrived from a peer that was given up because of its silence; otherwise zero.
    public var silence: Duration {
        switch wire.loss?.kind {
        case .keepaliveTimedOut, .writeStalled: loop.now - wire.lastReadAt
        case .socket(let code) where SystemCallError.isTimeout(code): loop.now - wire.lastReadAt
        default: .zero
        }
    }

    /// The server is stopping; new streams may still arrive between the two GOAWAYs.
    public var isStopping: Bool { wire.clock.isStopping }

    /// Drains with the whole server; calls still open after `grace` are ended.
    func stop(grace: Duration) { wire.stop(grace: grace) }
}

extension ServerConnection: HTTP2ConnectionDelegate {
    func wireReceivedProxyHeader(source: SocketAddress?) -> Bool {
        guard let source else { return true }
        peer = PeerInfo(address: source, proxy: peer.address, isProxied: true, tls: nil)
        guard let share = shard.share(of: source) else { return true }
        guard shard.assign(id, to: share) else {
            wire.close(ConnectionLoss(.addressShare))
            return false
        }
        self.share = share
        return true
    }

    func wireAnsweredHello() { shard.advance(id, to: .handshaking) }

    func wireHandshook() {
        guard let tls else { return }
        peer = PeerInfo(address: peer.address, proxy: peer.proxy, isProxied: peer.isProxied, tls: tls.peer)
    }

    func wireEstablished() {
        shard.advance(id, to: .quiet)
        shard.source.connectionOpened(self)
    }

    func wireCapacityChanged() {}

    func wireMakesStream() -> HTTP2Stream {
        if !hasMadeCalls {
            hasMadeCalls = true
            shard.madeCall(id)
        }
        return shard.source.makeStream(on: self)
    }

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
        shard.closed(self, loss)
    }
}
