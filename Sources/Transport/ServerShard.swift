internal import EventCore
internal import Synchronization
internal import TLSEngine

/// One loop's part of a server: its listeners and its connections.
///
/// `@unchecked Sendable`: `listeners`, `connections` and `turn` belong to the loop's thread; the rest never changes.
final class ServerShard: @unchecked Sendable {
    /// What a listener knows about the connections it accepts.
    struct Door: Sendable {
        let address: SocketAddress
        let tls: TLSServerContextSource?
        /// Only trusted proxies may come, and each connection begins with a PROXY header.
        let expectsProxyHeader: Bool
    }

    let loop: EventLoop
    let configuration: ServerTransportConfiguration
    let source: any ServerStreamSource
    private let census: ConnectionAdmission
    private let randomUnit: @Sendable () -> Double
    private var listeners: [Listener] = []
    private var connections: [UInt64: ServerConnection] = [:]
    private var turn = 0
    private var isStopped = false

    init(
        loop: EventLoop, configuration: ServerTransportConfiguration, source: any ServerStreamSource,
        census: ConnectionAdmission, randomUnit: @escaping @Sendable () -> Double
    ) {
        self.loop = loop
        self.configuration = configuration
        self.source = source
        self.census = census
        self.randomUnit = randomUnit
    }

    /// Accepts on this loop and distributes connections to `shards` in turn.
    func listen(
        _ box: SocketBox, _ door: Door, file: SocketFile? = nil, spreadingOver shards: [ServerShard]
    ) async throws(SystemCallError) {
        let failure: SystemCallError? = await withCheckedContinuation { continuation in
            loop.execute { [self] in
                guard let socket = box.take() else { return continuation.resume(returning: nil) }
                do throws(SystemCallError) {
                    let census = census
                    let listener = try Listener(
                        socket: socket, address: door.address, file: file, on: loop,
                        paused: { census.acceptPaused() },
                        accepted: { [unowned self] socket, peer in hand(socket, peer, door, to: shards) })
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
        _ socket: consuming SocketDescriptor, _ peer: SocketAddress, _ door: Door, to shards: [ServerShard]
    ) {
        // A refused client learns at once, instead of waiting in a queue.
        guard !door.expectsProxyHeader || configuration.trustedProxies.contains(peer) else {
            census.refused(.untrustedProxy)
            return socket.abortOnClose()
        }
        turn = (turn + 1) % shards.count
        let shard = shards[turn]
        let share = census.share(of: peer)
        let admission = census.admit(share, door.firstStage, on: shard, now: loop.now)
        guard case .admitted(let id, let evictions) = admission else { return socket.abortOnClose() }
        Self.carryOut(evictions)
        if shard === self { return open(id, socket, peer, share, door) }
        let box = SocketBox(socket)
        shard.loop.execute {
            if let socket = box.take() { shard.open(id, socket, peer, share, door) }
        }
    }

    private func open(
        _ id: UInt64, _ socket: consuming SocketDescriptor, _ peer: SocketAddress, _ share: AddressBlock?, _ door: Door
    ) {
        var session: TLSSession?
        if let tls = door.tls {
            do throws(TLSFailure) {
                session = try TLSSession(context: tls.current, workspace: LoopResources.of(loop).tls)
            } catch {
                return census.leave(id, share)
            }
        }
        if isStopped { return census.leave(id, share) }
        let connection = ServerConnection(
            id: id, socket: socket, address: peer, share: share, door: door, tls: session, shard: self,
            jitter: 2 * randomUnit() - 1)
        connections[id] = connection
        connection.start()
    }

    /// On any loop. A connection that is on its way to its loop is gone when it arrives, or closes by its own
    /// timeout: it is no longer counted.
    private static func carryOut(_ evictions: [ConnectionAdmission.Eviction]) {
        for eviction in evictions {
            eviction.shard.loop.execute { eviction.shard.connections[eviction.id]?.evict() }
        }
    }

    // MARK: Reports from connections

    func share(of address: SocketAddress) -> AddressBlock? { census.share(of: address) }

    /// - Returns: `false` when the address already has its share of connections.
    func assign(_ id: UInt64, to share: AddressBlock) -> Bool {
        guard let evictions = census.assign(id, to: share, now: loop.now) else { return false }
        Self.carryOut(evictions)
        return true
    }

    func advance(_ id: UInt64, to stage: SilentConnections.Stage) {
        census.advance(id, to: stage, now: loop.now)
    }

    func madeCall(_ id: UInt64) { census.spoke(id) }

    func closed(_ connection: ServerConnection, _ loss: ConnectionLoss) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        source.connectionClosed(connection, loss)
        census.leave(connection.id, connection.share)
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

extension ServerShard.Door {
    var firstStage: SilentConnections.Stage { tls == nil ? .mutePlain : .mute }
}
