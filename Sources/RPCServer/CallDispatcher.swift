internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import Transport

/// What all calls of a server share, and the transport's entry into it.
final class CallDispatcher: ServerStreamSource {
    let routes: RouteTable
    let interceptors: [any ServerInterceptor]
    let configuration: ServerConfiguration
    let origin: CallOrigin
    let jsonMethods: JSONMethods
    private let health: HealthService?
    /// Indexed by the loop's index.
    private let loops: [LoopCalls]

    init(
        routes: RouteTable, interceptors: [any ServerInterceptor], configuration: ServerConfiguration,
        health: HealthService?, jsonMethods: JSONMethods, loops: [EventLoop]
    ) {
        self.routes = routes
        self.interceptors = interceptors
        self.configuration = configuration
        origin = CallOrigin(configuration.transport.trustedProxies)
        self.health = health
        self.jsonMethods = jsonMethods
        self.loops = loops.map {
            LoopCalls(loop: $0, methodCount: routes.routes.count, configuration: configuration)
        }
    }

    /// Whether the server accepts calls, according to its health service if it has one.
    var isReady: Bool { health.map { $0.status(of: "") == .serving } ?? true }

    func makeStream(on connection: ServerConnection) -> HTTP2Stream {
        ServerCall(dispatcher: self, calls: loops[connection.loop.index], connection: connection)
    }

    func connectionOpened(_ connection: ServerConnection) {
        connection.userInfo = CallPeer(connection.peer)
        loops[connection.loop.index].slowRequests?.add(connection)
    }

    func connectionStopping(_ connection: ServerConnection) {
        Self.forEachCall(of: connection) { $0.serverStops() }
    }

    func connectionExpired(_ connection: ServerConnection) {
        let error = connection.isStopping ? ServerCall.isStopping : ServerCall.isExpired
        Self.forEachCall(of: connection) { if !$0.isFinished { $0.abort(error) } }
    }

    private static func forEachCall(of connection: ServerConnection, _ body: (ServerCall) -> Void) {
        connection.forEachStream { stream in
            if let call = stream as? ServerCall { body(call) }
        }
    }

    func connectionClosed(_ connection: ServerConnection, _ loss: ConnectionLoss) {
        let calls = loops[connection.loop.index]
        calls.metrics.recordConnectionEnd(loss.label)
        calls.slowRequests?.remove(connection)
    }

    /// Returns when everything written before has been handed to the connections' sockets, as far as they accept it.
    func flushed() async {
        for calls in loops { await calls.flushed() }
    }

    func releaseSpareMemory() async {
        for calls in loops { await calls.releaseSpareMemory() }
    }

    func waitForHandlers(limit: Duration) async {
        for calls in loops { await calls.waitUntilIdle(limit: limit) }
    }

    /// The counts of all loops, summed.
    func metrics() async -> CallMetrics {
        var sums: [Int: [UInt8: CallCounts]] = [:]
        var metrics = CallMetrics()
        for calls in loops {
            let snapshot = await Self.snapshot(of: calls)
            metrics.runningHandlers += snapshot.runningHandlers
            metrics.waitingCalls += snapshot.waitingCalls
            metrics.openCalls += snapshot.openCalls
            metrics.connectionEnds.merge(snapshot.connectionEnds, uniquingKeysWith: +)
            metrics.refusedCalls.merge(snapshot.refusedCalls, uniquingKeysWith: +)
            metrics.ignoredForwardings += snapshot.ignoredForwardings
            for (methodIndex, code, counts) in snapshot.counts {
                sums[methodIndex, default: [:]][code?.rawValue ?? 0, default: CallCounts()].add(counts)
            }
        }
        for (methodIndex, byCode) in sums.sorted(by: { $0.key < $1.key }) {
            let isKnown = methodIndex < routes.routes.count
            let name = isKnown ? routes.routes[methodIndex].method.description : "_OTHER"
            for (code, counts) in byCode.sorted(by: { $0.key < $1.key }) {
                metrics.entries.append(
                    .init(method: name, code: RPCError.Code(rawValue: code), counts: counts))
            }
        }
        return metrics
    }

    private struct LoopSnapshot: Sendable {
        var counts: [(methodIndex: Int, code: RPCError.Code?, counts: CallCounts)] = []
        var runningHandlers = 0
        var waitingCalls = 0
        var openCalls = 0
        var connectionEnds: [String: UInt64] = [:]
        var refusedCalls: [String: UInt64] = [:]
        var ignoredForwardings: UInt64 = 0
    }

    private static func snapshot(of calls: LoopCalls) async -> LoopSnapshot {
        await withCheckedContinuation { continuation in
            calls.loop.execute {
                var snapshot = LoopSnapshot(
                    runningHandlers: calls.runningHandlers, waitingCalls: calls.waitingCalls,
                    openCalls: calls.openCalls)
                snapshot.connectionEnds = calls.metrics.connectionEnds
                snapshot.refusedCalls = calls.metrics.refusedCalls
                snapshot.ignoredForwardings = calls.metrics.ignoredForwardings
                calls.metrics.forEach { snapshot.counts.append(($0, $1, $2)) }
                continuation.resume(returning: snapshot)
            }
        }
    }
}
