internal import EventCore
internal import Synchronization
internal import TLSEngine

/// One loop's part of a server: its listeners and its connections.
///
/// `@unchecked Sendable`: `listeners`, `connections` and `turn` belong to the loop's thread; the rest never
/// changes.
final class ServerShard: @unchecked Sendable {
    let loop: EventLoop
    let configuration: ServerTransportConfiguration
    let source: any ServerStreamSource
    private let census: ServerCensus
    private let randomUnit: @Sendable () -> Double
    private var listeners: [Listener] = []
    private var connections: [UInt64: ServerConnection] = [:]
    private var turn = 0
    private var isStopped = false

    init(
        loop: EventLoop, configuration: ServerTransportConfiguration, source: any ServerStreamSource,
        census: ServerCensus, randomUnit: @escaping @Sendable () -> Double
    ) {
        self.loop = loop
        self.configuration = configuration
        self.source = source
        self.census = census
        self.randomUnit = randomUnit
    }

    /// Accepts on this loop and gives connections to `shards` in turn.
    func listen(
        _ box: SocketBox, at address: SocketAddress, tls: TLSServerContextSource?, file: SocketFile?,
        spreadingOver shards: [ServerShard]
    ) async throws(SystemCallError) {
        let failure: SystemCallError? = await withCheckedContinuation { continuation in
            loop.execute { [self] in
                guard let socket = box.take() else { return continuation.resume(returning: nil) }
                do throws(SystemCallError) {
                    let census = census
                    let listener = try Listener(
                        socket: socket, address: address, file: file, on: loop, paused: { census.acceptPaused() },
                        accepted: { [unowned self] socket, peer in
                            hand(socket, peer, at: address, tls, to: shards)
                        })
                    listeners.append(listener)
                    continuation.resume(returning: nil)
                } catch {
                    continuation.resume(returning: error)
                }
            }
        }
        if let failure { throw failure }
    }

    private func hand(
        _ socket: consuming SocketDescriptor, _ peer: SocketAddress, at address: SocketAddress,
        _ tls: TLSServerContextSource?, to shards: [ServerShard]
    ) {
        guard let id = census.admit(peer, handshake: tls != nil) else {
            // The client learns at once, instead of waiting in a queue.
            return socket.abortOnClose()
        }
        turn = (turn + 1) % shards.count
        let shard = shards[turn]
        if shard === self { return open(id, socket, peer, address, tls) }
        let box = SocketBox(socket)
        shard.loop.execute {
            if let socket = box.take() { shard.open(id, socket, peer, address, tls) }
        }
    }

    private func open(
        _ id: UInt64, _ socket: consuming SocketDescriptor, _ peer: SocketAddress, _ address: SocketAddress,
        _ tls: TLSServerContextSource?
    ) {
        var session: TLSSession?
        if let tls {
            do throws(TLSFailure) {
                session = try TLSSession(context: tls.current, workspace: LoopResources.of(loop).tls)
            } catch {
                census.handshakeEnded()
                return census.leave(peer)
            }
        }
        if isStopped {
            if tls != nil { census.handshakeEnded() }
            return census.leave(peer)
        }
        let connection = ServerConnection(
            id: id, socket: socket, address: peer, localAddress: address, tls: session, shard: self,
            jitter: 2 * randomUnit() - 1)
        connections[id] = connection
        connection.start()
    }

    func handshakeEnded() { census.handshakeEnded() }

    func closed(_ connection: ServerConnection, _ loss: ConnectionLoss) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        source.connectionClosed(connection, loss)
        census.leave(connection.peer.address)
    }

    func stopListening() async {
        await withCheckedContinuation { continuation in
            loop.execute { [self] in
                for listener in listeners { listener.close() }
                listeners = []
                continuation.resume()
            }
        }
    }

    /// - Isolation: the loop.
    func stopAll(grace: Duration) {
        isStopped = true
        for connection in Array(connections.values) { connection.stop(grace: grace) }
    }
}
