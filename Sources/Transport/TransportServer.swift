public import EventCore
public import HTTP2Engine
public import TLSEngine

/// Creates the objects that serve requests: the layer above.
public protocol ServerStreamSource: AnyObject, Sendable {
    /// A request arrived; its `receiveHeaders` is the next call on the returned object.
    ///
    /// - Isolation: the connection's loop.
    func makeStream(on connection: ServerConnection) -> HTTP2Stream
    /// The client's SETTINGS arrived.
    func connectionOpened(_ connection: ServerConnection)
    /// The server is stopping, and the connection's first GOAWAY is queued. End calls that would never end by
    /// themselves, and mark them with ``HTTP2Stream/letGo()``.
    func connectionStopping(_ connection: ServerConnection)
    /// The grace period of the calls is over: end each of them. The connection closes afterwards.
    func connectionExpired(_ connection: ServerConnection)
    /// Also for connections that were never established. All streams were notified before.
    func connectionClosed(_ connection: ServerConnection, _ loss: ConnectionLoss)
}

extension ServerStreamSource {
    public func connectionOpened(_ connection: ServerConnection) {}
    public func connectionStopping(_ connection: ServerConnection) {}
    public func connectionExpired(_ connection: ServerConnection) {}
    public func connectionClosed(_ connection: ServerConnection, _ loss: ConnectionLoss) {}
}

/// Where and how a server listens.
public indirect enum ListenEndpoint: Sendable {
    /// Plain text. The caller decides who can reach it.
    case tcp(SocketAddress)
    case tls(SocketAddress, TLSServerContextSource)
    /// - Parameters:
    ///   - path: with a leading "@" an abstract name, which has no file and no permissions.
    ///   - mode: permissions of the socket's file, 0o600 for "only this user".
    case unix(path: String, mode: UInt32)
    /// One of the others, for trusted proxies only, each of whose connections begins with a PROXY header of version
    /// 2, before TLS.
    case proxied(ListenEndpoint)

    var address: SocketAddress {
        switch self {
        case .tcp(let address), .tls(let address, _): address
        case .unix(let path, _): .unix(path: path)
        case .proxied(let endpoint): endpoint.address
        }
    }

    var tls: TLSServerContextSource? {
        switch self {
        case .tls(_, let source): source
        case .proxied(let endpoint): endpoint.tls
        case .tcp, .unix: nil
        }
    }

    var unixMode: UInt32? {
        switch self {
        case .unix(_, let mode): mode
        case .proxied(let endpoint): endpoint.unixMode
        case .tcp, .tls: nil
        }
    }

    var expectsProxyHeader: Bool {
        if case .proxied = self { true } else { false }
    }

    func door(boundTo address: SocketAddress) -> ServerShard.Door {
        ServerShard.Door(address: address, tls: tls, expectsProxyHeader: expectsProxyHeader)
    }
}

/// Listens and serves connections on all loops of a group.
///
/// Each loop has its own socket for a TCP port, and the kernel distributes connections; the first is bound
/// exclusively, so that a port in use is an error. A Unix socket is accepted on one loop and its connections are
/// distributed.
public final class TransportServer: Sendable {
    public let configuration: ServerTransportConfiguration
    private let group: EventLoopGroup
    private let shards: [ServerShard]
    private let census: ConnectionAdmission

    /// - Parameter randomUnit: 0..<1, for the jitter of the maximum age.
    public init(
        group: EventLoopGroup, configuration: ServerTransportConfiguration, source: any ServerStreamSource,
        randomUnit: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.group = group
        self.configuration = configuration
        let census = ConnectionAdmission(configuration)
        self.census = census
        shards = group.loops.map {
            ServerShard(
                loop: $0, configuration: configuration, source: source, census: census, randomUnit: randomUnit
            )
        }
    }

    /// Listens on one more endpoint.
    ///
    /// - Returns: the bound address, with the port that the kernel chose for port 0.
    /// - Throws: the failing call, EADDRINUSE for a port or path that another process listens on, and for a path that
    ///   is a file of another kind.
    public func listen(on endpoint: ListenEndpoint) async throws(TransportError) -> SocketAddress {
        let address = endpoint.address
        do throws(SystemCallError) {
            if let mode = endpoint.unixMode {
                let socket = try Self.unixListener(address, mode: mode)
                try await shards[0].listen(
                    SocketBox(socket), endpoint.door(boundTo: address), file: SocketFile(of: address),
                    spreadingOver: shards)
                return address
            }
            let sharing: SocketDescriptor.PortSharing = shards.count > 1 ? .first : .exclusive
            let first = try SocketDescriptor.listening(on: address, sharing: sharing)
            let bound = try first.localAddress()
            var boxes = [SocketBox(first)]
            for _ in shards.dropFirst() {
                boxes.append(SocketBox(try SocketDescriptor.listening(on: bound, sharing: .joining)))
            }
            for (shard, box) in zip(shards, boxes) {
                try await shard.listen(box, endpoint.door(boundTo: bound), spreadingOver: [shard])
            }
            return bound
        } catch {
            throw TransportError(address: address, cause: error)
        }
    }

    /// A socket left over from a dead process is replaced; one that a process listens on is not, nor any other kind
    /// of file.
    private static func unixListener(
        _ address: SocketAddress, mode: UInt32
    ) throws(SystemCallError) -> SocketDescriptor {
        do throws(SystemCallError) {
            return try SocketDescriptor.listening(on: address, unixMode: mode)
        } catch {
            guard error.isAddressInUse, let file = SocketFile(of: address), file.isAbandoned, file.removeAbandoned()
            else { throw error }
            return try SocketDescriptor.listening(on: address, unixMode: mode)
        }
    }

    public var openConnectionCount: Int { census.connectionCount }

    /// Connections admitted and refused.
    public var admissions: ConnectionAdmissions { census.admissions }

    /// Stops accepting, drains every connection, waits for their calls, and ends the rest when `grace` is over.
    /// Connections are drained in two steps, so that requests under way are still served. One without calls to wait
    /// for has at most a tenth of a second.
    public func shutdown(grace: Duration) async {
        for shard in shards { await shard.stopListening() }
        for shard in shards { shard.loop.execute { shard.stopAll(grace: grace) } }
        await census.waitUntilEmpty()
    }
}

/// Carries a socket to the loop that will own it.
///
/// `@unchecked Sendable`: created by one thread, emptied once by another, with a queue in between.
final class SocketBox: @unchecked Sendable {
    private var socket: SocketDescriptor?
    init(_ socket: consuming SocketDescriptor) { self.socket = consume socket }
    func take() -> SocketDescriptor? { socket.take() }
}
