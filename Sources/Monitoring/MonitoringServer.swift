public import EventCore
internal import Synchronization

/// Serves GET and HEAD over plain HTTP/1.1 for probers and scrapers: one request per connection.
///
/// Slow peers block nobody: when all places are taken, a new connection replaces the one of the most frequent address
/// that has waited longest without sending its request (or reading its response).
///
/// It has its own loop, so that it responds while the service's loops are busy. It serves no personal data: it needs
/// no token, and is bound to the address that the operator configured.
public final class MonitoringServer: Sendable {
    /// Responds to one path; nil means 404. Runs on the endpoint's loop; may suspend.
    public typealias Responder = @Sendable (_ path: String) async -> MonitoringResponse?

    /// Maximum number of connections: a scraper and some probers, with room for abandoned ones.
    public static let connectionsMax = 128
    /// From accept to the last byte sent: limits how long a slow peer occupies a place.
    public static let connectionTime: Duration = .seconds(10)

    private let loop: EventLoop
    private let service: MonitoringService
    private let isStarted = Atomic(false)

    /// - Parameters:
    ///   - unixSeconds: seconds since 1970 in UTC, for `Date`.
    ///   - counters: what counts connections that are cut off.
    /// - Throws: when the loop's descriptors cannot be created.
    public init(
        clock: LoopClock = .system, unixSeconds: @escaping @Sendable () -> Int64, counters: MonitoringCounters,
        responder: @escaping Responder
    ) throws(SystemCallError) {
        loop = try EventLoop(name: "monitoring", clock: clock)
        service = MonitoringService(responder: responder, counters: counters, unixSeconds: unixSeconds)
    }

    /// Binds and starts to serve; call once.
    ///
    /// - Returns: the bound address, with port 0 resolved.
    public func start(on address: SocketAddress) async throws(SystemCallError) -> SocketAddress {
        precondition(
            !isStarted.exchange(true, ordering: .relaxed), "a monitoring endpoint is started once")
        try loop.start()
        let result: Result<SocketAddress, SystemCallError> = await withCheckedContinuation { bound in
            loop.execute { [loop, service] in
                do throws(SystemCallError) {
                    let listener = try MonitoringListener(on: address, loop: loop, service: service)
                    loop.attachment = listener
                    bound.resume(returning: .success(listener.address))
                } catch {
                    bound.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Closes every connection and ends the loop's thread. Must not be called on the endpoint's own loop.
    public func stop() {
        guard isStarted.load(ordering: .relaxed) else { return }
        loop.execute { [loop] in
            (loop.attachment as? MonitoringListener)?.close()
            loop.attachment = nil
        }
        loop.stop()
    }
}

/// The listening socket and its connections; belongs to the loop's thread.
final class MonitoringListener: ReadinessTarget, TimerTarget {
    /// Pause after the process ran out of descriptors.
    private static let pause: Duration = .milliseconds(200)

    let address: SocketAddress
    private let loop: EventLoop
    private let service: MonitoringService
    private var socket: SocketDescriptor?
    private var registration = RegistrationID.none
    private var timer = TimerID.none
    private var connections: [ObjectIdentifier: MonitoringConnection] = [:]
    /// Accepted so far.
    private var connectionCount = 0

    init(on address: SocketAddress, loop: EventLoop, service: MonitoringService) throws(SystemCallError) {
        let socket = try SocketDescriptor.listening(on: address)
        self.address = try socket.localAddress()
        self.loop = loop
        self.service = service
        let number = socket.number
        self.socket = consume socket
        registration = try loop.register(number, for: .readable, self)
    }

    func descriptorReady(_ readiness: Readiness, on loop: EventLoop) {
        while socket != nil, makeRoom() {
            do throws(SystemCallError) {
                guard let accepted = try socket!.accept() else { return }
                let host = accepted.peer.host
                connectionCount += 1
                let connection = MonitoringConnection(
                    number: connectionCount, host: host, socket: accepted.takeSocket(), loop: loop, service: service)
                connections[ObjectIdentifier(connection)] = connection
                connection.start { [weak self] ended in self?.forget(ended) }
            } catch {
                rest()
                return
            }
        }
        // All connections are busy: the listener resumes when one ends.
        if socket != nil { loop.setInterest([], of: registration) }
    }

    /// - Returns: whether there is room for another connection.
    private func makeRoom() -> Bool {
        guard connections.count >= MonitoringServer.connectionsMax else { return true }
        let waiting = Dictionary(grouping: connections.values.filter(\.isWaitingForPeer), by: \.host)
        let most = waiting.values.max { $0.count < $1.count }
        guard let oldest = most?.min(by: { $0.number < $1.number }) else { return false }
        oldest.giveWay()
        return true
    }

    private func forget(_ connection: MonitoringConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if socket != nil, timer == .none { loop.setInterest(.readable, of: registration) }
    }

    private func rest() {
        loop.setInterest([], of: registration)
        timer = loop.schedule(at: loop.now + Self.pause, self)
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        timer = .none
        loop.setInterest(.readable, of: registration)
    }

    func close() {
        loop.cancel(timer)
        loop.deregister(registration)
        socket = nil
        for connection in connections.values { connection.close() }
    }
}
