public import EventCore
public import HTTP2Engine
public import TLSEngine

/// Observes a client's connection.
///
/// - Isolation: the connection's loop.
public protocol ClientConnectionObserver: AnyObject {
    /// The server's SETTINGS arrived: calls may be opened, and a backoff ends (gRPC connection-backoff).
    func connectionReady(_ connection: ClientConnection)
    /// A stream ended, or the server's limit changed: waiting calls may fit.
    func connectionCapacityChanged(_ connection: ClientConnection)
    /// The server's GOAWAY: new calls need another connection, open ones may finish.
    ///
    /// - Parameter debugData: "too_many_pings", "max_age", "max_idle" or anything else, as text.
    func connectionDraining(_ connection: ClientConnection, code: HTTP2ErrorCode, debugData: String)
    /// The last call, also for a connection that was never established; open streams were notified before.
    func connectionClosed(_ connection: ClientConnection, _ loss: ConnectionLoss)
}

/// How long the steps of establishing a connection took.
public struct ConnectionTimes: Hashable, Sendable {
    /// From dialing to a connected socket.
    public var connect: Duration
    /// The handshake; `nil` without TLS.
    public var tls: Duration?
    /// From there to the server's SETTINGS.
    public var settings: Duration
}

/// A connection to one address of a server.
///
/// - Isolation: not Sendable; its loop.
public final class ClientConnection {
    public let loop: EventLoop
    public let address: SocketAddress
    /// Why it ended, from when its streams are notified until the observer is.
    public var loss: ConnectionLoss? { wire?.loss }

    /// How long each step took, once the connection is ready.
    public private(set) var times: ConnectionTimes?

    private let startedAt: MonotonicInstant
    private let configuration: ClientTransportConfiguration
    private let keepaliveTime: Duration?
    /// Kept until the end was reported; the observer usually owns this connection.
    private weak var observer: (any ClientConnectionObserver)?
    private var wire: HTTP2Connection?
    private var tls: TLSSession?

    private init(
        loop: EventLoop, address: SocketAddress, configuration: ClientTransportConfiguration,
        observer: any ClientConnectionObserver
    ) {
        self.loop = loop
        self.address = address
        startedAt = loop.now
        self.configuration = configuration
        keepaliveTime = configuration.keepalive.time.map {
            max($0, ClientTransportConfiguration.keepaliveTimeMin)
        }
        self.observer = observer
    }

    /// Starts to connect; the observer receives the result, never from within this call.
    ///
    /// - Parameters:
    ///   - tls: nil for plain text.
    ///   - serverName: the name that the certificate must contain; nil only without TLS.
    ///   - observer: not retained.
    /// - Isolation: `loop`.
    public static func connect(
        to address: SocketAddress, tls: TLSClientContext?, serverName: String?, on loop: EventLoop,
        configuration: ClientTransportConfiguration, observer: any ClientConnectionObserver
    ) -> ClientConnection {
        loop.preconditionCurrent()
        let connection = ClientConnection(
            loop: loop, address: address, configuration: configuration, observer: observer)
        do {
            if let tls {
                connection.tls = try tls.makeSession(
                    serverName: serverName, workspace: LoopResources.of(loop).tls)
            }
            let socket = try SocketDescriptor.connecting(to: address)
            if let timeout = connection.userTimeout { socket.setUserTimeout(timeout) }
            connection.begin(socket)
        } catch let error as SystemCallError {
            connection.failLater(ConnectionLoss(.connectFailed(errno: error.code)))
        } catch let error as TLSFailure {
            connection.failLater(ConnectionLoss(.tls(error)))
        } catch {
            connection.failLater(ConnectionLoss(.closedLocally))
        }
        return connection
    }

    private var userTimeout: Duration? { keepaliveTime == nil ? nil : configuration.keepalive.timeout }

    private func begin(_ socket: consuming SocketDescriptor) {
        let times = ConnectionClock.Times(
            handshake: configuration.connectTimeout, header: nil,
            keepalive: KeepaliveConfiguration(time: keepaliveTime, timeout: configuration.keepalive.timeout),
            keepaliveWithoutCalls: configuration.keepaliveWithoutCalls, idle: nil, age: nil, grace: nil,
            writeStall: configuration.writeStallTimeout, windowStall: nil, drainNotice: .zero)
        let wire = HTTP2Connection(
            loop: loop, socket: socket, tls: tls, role: .client, limits: configuration.http2,
            clock: ConnectionClock(times: times, now: loop.now))
        self.wire = wire
        wire.start(self)
    }

    /// Streams that may be opened now; 0 before the connection is ready and once it drains.
    public var availableStreamCount: Int {
        guard let session = wire?.session, session.hasRemoteSettings else { return 0 }
        return session.availableStreamCount
    }

    /// As many streams are open as the server allows; false before it announced a limit.
    public var isAtStreamLimit: Bool {
        guard let session = wire?.session, session.hasRemoteSettings else { return false }
        return session.isAtStreamLimit
    }

    public var openStreamCount: Int { wire?.session?.openStreamCount ?? 0 }

    /// Sends a request's headers. A connection that accepts no new streams closes the stream with `closed(.refused)`
    /// at the end of the tick: nothing of it was sent, and it may be sent on another connection.
    ///
    /// - Parameter endStream: there is no body.
    public func open(_ stream: HTTP2Stream, headers: borrowing HeaderList, endStream: Bool) {
        guard let wire, let session = wire.session else { return refuse(stream) }
        // A8: after a long silence the path may be dead; the PING detects that while the call is under way.
        if let keepaliveTime, session.openStreamCount == 0,
            wire.clock.pingsNewCall(at: loop.now, silenceMax: keepaliveTime, lastReadAt: wire.lastReadAt)
        {
            session.ping(payload: 0)
        }
        guard session.open(stream, headers: headers, endStream: endStream) else { return refuse(stream) }
        wire.rearm()
    }

    /// Sends GOAWAY, accepts no new streams, closes after the last.
    public func drain() { wire?.drain() }

    /// Closes at once; open streams get `connectionLost`, then the observer is notified.
    public func close() { wire?.close(ConnectionLoss(.closedLocally)) }

    private func refuse(_ stream: HTTP2Stream) { loop.atTickEnd(Refusal { stream.closed(.refused) }) }

    private func failLater(_ loss: ConnectionLoss) {
        loop.atTickEnd(Refusal { [self] in wireClosed(loss) })
    }
}

/// A refusal that must not be delivered from within the call that caused it.
private final class Refusal: TickEndTarget {
    private let deliver: () -> Void
    init(_ deliver: @escaping () -> Void) { self.deliver = deliver }
    func tickEnding(on loop: EventLoop) { deliver() }
}

extension ClientConnection: HTTP2ConnectionDelegate {
    func wireHandshook() {}

    func wireEstablished() {
        if let connected = wire?.connectedAt, let handshook = wire?.handshookAt {
            times = ConnectionTimes(
                connect: connected - startedAt, tls: tls == nil ? nil : handshook - connected,
                settings: loop.now - handshook)
        }
        observer?.connectionReady(self)
    }

    func wireCapacityChanged() { observer?.connectionCapacityChanged(self) }

    func wireMakesStream() -> HTTP2Stream {
        preconditionFailure("a server cannot open streams: push is disabled")
    }

    func wireReceivedPing() {}

    func wireStopping() {}

    func wireExpired() {}

    func wireReceivedGoAway(code: HTTP2ErrorCode, debugData: [UInt8]) {
        observer?.connectionDraining(self, code: code, debugData: String(decoding: debugData, as: UTF8.self))
    }

    func wireClosed(_ loss: ConnectionLoss) {
        wire = nil
        tls = nil
        let observer = observer
        self.observer = nil
        observer?.connectionClosed(self, loss)
    }
}
