// The gRPC server: routing, deadlines, interceptors, health, reflection and calls within the process.

public import EventCore
public import RPCModel
internal import Synchronization
internal import Transport

/// A gRPC server over HTTP/2: listeners, routing, deadlines, limits, health and reflection.
///
/// ```swift
/// let server = try RPCServer(configuration: .init(listeners: [.tcp(host: "127.0.0.1", port: 0)]),
///                            services: [service])
/// let addresses = try await server.start()
/// …
/// await server.shutdown(grace: .seconds(10))
/// ```
public final class RPCServer: Sendable {
    /// The `grpc.health.v1.Health` service; `nil` when disabled in the configuration.
    public let health: HealthService?
    /// How long handlers of cancelled calls may take to return.
    private static let cancelledHandlersGrace: Duration = .seconds(2)

    private let configuration: ServerConfiguration
    private let dispatcher: CallDispatcher
    private let transport: TransportServer
    private let loops: EventLoopGroup
    private let ending = Mutex<Task<Void, Never>?>(nil)

    /// - Throws: ``ServerStartError/duplicateMethod(path:)``, ``ServerStartError/system(_:)`` when threads or epoll
    ///   are unavailable.
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
            jsonMethods: JSONMethods(describing: services), loops: loops.loops)
        transport = TransportServer(group: loops, configuration: configuration.transport, source: dispatcher)
    }

    /// Binds every listener and starts to serve.
    ///
    /// - Returns: the bound addresses in the order of the listeners, with port 0 resolved.
    /// - Throws: ``ServerStartError``; listeners bound before the failing one stay open until ``shutdown(grace:)``.
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

    /// Stops the server in this order: the health service reports NOT_SERVING to its watchers; new connections are
    /// refused and every connection is sent GOAWAY; calls that end with the server
    /// (`CallCare.endsWithServer`) end with UNAVAILABLE, including new ones; other calls may finish within
    /// `grace`, after which the rest ends with UNAVAILABLE and is cancelled. Returns when everything is closed. A
    /// second call waits for the first; its `grace` is ignored.
    public func shutdown(grace: Duration) async {
        let task = ending.withLock { ending in
            // Detached, because it joins the loops' threads and must not run on one of them. Every caller awaits it.
            let task = ending ?? Task.detached { [self] in await end(grace: grace) }
            ending = task
            return task
        }
        await task.value
    }

    private func end(grace: Duration) async {
        health?.enterShutdown()
        // GOAWAY would overtake queued data.
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

    /// Releases memory that only a burst of calls needed. It is taken again when needed, so call this when the
    /// process has become idle.
    ///
    /// - Isolation: any; returns when all event loops have done it.
    public func releaseSpareMemory() async { await dispatcher.releaseSpareMemory() }

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
