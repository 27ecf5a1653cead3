public import RPCModel

/// Calls services in this process directly: no socket and no HTTP/2, but the same handlers, interceptors, deadlines,
/// cancellation, message limits, backpressure and statuses.
///
/// For tests of handlers, and for a program that calls its own service.
/// ```swift
/// let channel = try InProcessChannel(services: [service], interceptors: [access])
/// let client = Telehealth_V1_ConsentServiceClient(channel)
/// ```
/// Messages are not compressed, and there is no connection to lose; `waitForReady` has no effect.
public final class InProcessChannel: CallChannel {
    let routes: RouteTable
    let interceptors: [any ServerInterceptor]
    let peer: CallPeer
    let maxMessageBytes: Int
    let clock: any Clock<Duration>

    /// - Parameters:
    ///   - peer: the peer that handlers see.
    ///   - maxMessageBytes: maximum size of a request and of a response; a call's options may set less.
    ///   - clock: measures deadlines.
    ///   - interceptors: asked in this order before each handler.
    ///   - services: what the channel can call.
    /// - Throws: ``ServerStartError/duplicateMethod(path:)``.
    public init(
        services: [any RPCService], interceptors: [any ServerInterceptor] = [],
        peer: CallPeer = CallPeer(address: "in-process"), maxMessageBytes: Int = 4 << 20,
        clock: any Clock<Duration> = ContinuousClock()
    ) throws(ServerStartError) {
        routes = try RouteTable(services.flatMap(\.routes))
        self.interceptors = interceptors
        self.peer = peer
        self.maxMessageBytes = maxMessageBytes
        self.clock = clock
    }

    public func startCall(_ method: MethodDescriptor, options: CallOptions) -> CallStream {
        let client = CallStream(maxMessageBytes: options.maxResponseBytes ?? maxMessageBytes)
        let index = method.path.utf8.withContiguousStorageIfAvailable {
            routes.index(ofPath: UnsafeRawBufferPointer($0))
        }
        guard let index = index ?? nil else {
            client.fail(RPCError(.unimplemented, "unknown method", isFromPeer: true))
            return client
        }
        InProcessCall(channel: self, route: routes.routes[index], options: options, client: client).begin()
        return client
    }
}
