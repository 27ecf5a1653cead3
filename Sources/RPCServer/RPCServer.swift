// The gRPC server: routing, deadlines, interceptors, health, reflection and calls within the process.

public import EventCore
public import RPCModel
internal import Synchronization
internal import Transport

/// A gRPC server over HTTP/2: listeners, routing, deadlines, limits, health and reflection.
///
/// ```swift
/// let server = try RPCServer(configuration: .init(listeners: [.tcp(host: "127.0.0.1", port: 0)]),
///                            services: [Telehealth_V1_SService(handler)])
/// let addresses = try await server.start()
/// …
/// await server.shutdown(grace: .seconds(10))
/// ```
public final class RPCServer: Sendable {
    /// What `grpc.health.v1.Health` answers; `nil` when the configuration leaves it out.
    public let health: HealthService?
    /// How long handlers whose calls were cut off may take to notice.
    private static let cancelledHandlersGrace: Duration = .seconds(2)

    private let configuration: ServerConfiguration
    private let dispatcher: CallDispatcher
    private let transport: TransportServer
    private let loops: EventLoopGroup
    private let ending = Mutex<Task<Void, Never>?>(nil)

    /// - Throws: ``ServerStartError/duplicateMethod(path:)``, ``ServerStartError/system(_:)`` when threads or
    ///   epoll cannot be had.
    public init(
        configuration: ServerConfiguration, services: [any RPCService],
        interceptors: [any ServerInterceptor] = []
    ) throws(ServerStartError) {
        var services = services
        if configuration.offersHealth {
            let health = HealthService(services: services.flatMap(\.routes).map(\.method.service))
            services.append(health)
            self.health = health
        } else {
            health = nil
        }
        if configuration.offersReflection { services += ReflectionService.versions(describing: services) }
        let routes = try RouteTable(services.flatMap(\.routes))
        do {
            loops = try EventLoopGroup(
                loopCount: configuration.loopCount, name: "rpc", clock: configuration.clock)
        } catch {
            throw .system(error)
        }
        self.configuration = configuration
        dispatcher = CallDispatcher(
            routes: routes, interceptors: interceptors, configuration: configuration, health: health,
            loops: loops.loops)
        transport = TransportServer(group: loops, configuration: configuration.transport, source: dispatcher)
    }

    /// Binds every listener and begins to serve.
    ///
    /// - Returns: the bound addresses in the order of the listeners, port 0 resolved.
    /// - Throws: ``ServerStartError``; listeners bound before the failing one stay open until
    ///   ``shutdown(grace:)``.
    public func start() async throws(ServerStartError) -> [SocketAddress] {
        var bound: [SocketAddress] = []
        for listener in configuration.listeners {
            let endpoint = try endpoint(of: listener)
            do {
                bound.append(try await transport.listen(on: endpoint))
            } catch {
                throw .transport(error)
            }
        }
        return bound
    }

    /// Stops. In this order: health says NOT_SERVING to everybody who watches it; nothing is accepted any more, and
    /// every connection is sent GOAWAY; calls that end with the server (``RPCModel/CallCare/endsWithServer``) end with
    /// UNAVAILABLE, also those that still come; other calls may end within `grace`, then the rest ends with UNAVAILABLE
    /// and is cancelled. Returns when everything is closed. A second call waits for the first; its `grace` is ignored.
    public func shutdown(grace: Duration) async {
        let task = ending.withLock { ending in
            // Detached: it joins the loops' threads, so it must not run on one of them. Awaited by every
            // caller.
            let task = ending ?? Task.detached { [self] in await end(grace: grace) }
            ending = task
            return task
        }
        await task.value
    }

    private func end(grace: Duration) async {
        health?.enterShutdown()
        // GOAWAY would overtake what is only queued.
        await dispatcher.flushed()
        await transport.shutdown(grace: grace)
        await dispatcher.waitForHandlers(limit: Self.cancelledHandlersGrace)
        loops.shutdown()
    }

    /// What was counted since the start, and what is open now.
    public func metrics() async -> CallMetrics {
        var metrics = await dispatcher.metrics()
        metrics.connections = transport.admissions
        return metrics
    }

    /// Connections open now.
    public var openConnectionCount: Int { transport.openConnectionCount }

    private func endpoint(of listener: ServerListener) throws(ServerStartError) -> ListenEndpoint {
        switch listener {
        case .unix(let path, let mode): return .unix(path: path, mode: mode)
        case .tcp(let host, let port):
            let address = try address(host, port)
            guard configuration.allowsPlainTextBeyondLoopback || address.isLoopback else {
                throw .plainTextBeyondLoopback(host: host)
            }
            return .tcp(address)
        case .tls(let host, let port, let contexts): return .tls(try address(host, port), contexts)
        case .proxied(let listener): return .proxied(try endpoint(of: listener))
        }
    }

    private func address(_ host: String, _ port: UInt16) throws(ServerStartError) -> SocketAddress {
        guard let address = SocketAddress(ipAddress: host == "localhost" ? "127.0.0.1" : host, port: port)
        else {
            throw .invalidHost(host)
        }
        return address
    }
}
