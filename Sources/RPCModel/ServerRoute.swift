public import ProtobufWire

/// A service a server can offer. Generated code conforms; the server collects the routes.
public protocol RPCService: Sendable {
    var routes: [ServerRoute] { get }
    /// Files that describe the service, for reflection; empty hides it there.
    var fileDescriptors: [FileDescriptorBytes] { get }
}

extension RPCService {
    public var fileDescriptors: [FileDescriptorBytes] { [] }
}

/// What a server does for calls that may stay open for long.
public struct CallCare: Sendable, Hashable {
    /// A server that stops ends the method's calls with UNAVAILABLE once it has sent GOAWAY, instead of waiting for
    /// them: for calls that have no end of their own, or that are begun again where they broke off.
    public var endsWithServer: Bool
    /// A peer that says nothing for so long while such a call is open is taken for gone: it is asked before, by PING,
    /// in time for its answer. `nil` leaves that to the server's own keepalive. A proxy answers for itself alone.
    public var peerLostAfter: Duration?

    public init(endsWithServer: Bool = false, peerLostAfter: Duration? = nil) {
        self.endsWithServer = endsWithServer
        self.peerLostAfter = peerLostAfter
    }
}

extension RPCService {
    /// The same service with another care for calls of these methods.
    public func with(_ care: CallCare, for methods: MethodDescriptor...) -> some RPCService {
        CaredFor(service: self, care: care, methods: methods)
    }
}

private struct CaredFor<Service: RPCService>: RPCService {
    let service: Service
    let care: CallCare
    let methods: [MethodDescriptor]

    var fileDescriptors: [FileDescriptorBytes] { service.fileDescriptors }

    var routes: [ServerRoute] {
        service.routes.map { route in
            var route = route
            if methods.contains(where: { $0.path == route.method.path }) { route.care = care }
            return route
        }
    }
}

/// One method and the code that answers it, with the message types erased.
///
/// `invoke` reads requests from and writes responses to the call's stream. When it returns, the server
/// finishes the call with OK unless the responses were detached; when it throws, with that error. Methods
/// without client streaming are invoked after the request arrived whole.
public struct ServerRoute: Sendable {
    public let method: MethodDescriptor
    public let invoke: @Sendable (CallStream, ServerCallContext) async throws(RPCError) -> Void
    /// The same without suspending, for handlers that never do: the server then makes no task for the call.
    public let answer: Answer?
    public typealias Answer = @Sendable (CallStream, ServerCallContext) throws(RPCError) -> Void
    /// What the server does for the method's calls besides running them.
    public var care = CallCare()

    /// - Parameter answer: what `invoke` does, as a plain function.
    public init(_ method: MethodDescriptor, answer: @escaping Answer) {
        self.method = method
        self.answer = answer
        invoke = { (stream, context) async throws(RPCError) in try answer(stream, context) }
    }

    public init(
        _ method: MethodDescriptor,
        invoke: @escaping @Sendable (CallStream, ServerCallContext) async throws(RPCError) -> Void
    ) {
        self.method = method
        self.invoke = invoke
        answer = nil
    }

    /// A method whose handler answers at once: a plain function, which may neither suspend nor block.
    @inlinable
    public static func unary<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        atOnce handler: @escaping @Sendable (Request, ServerCallContext) throws(RPCError) -> Response
    ) -> ServerRoute {
        ServerRoute(
            method,
            answer: { (stream, context) throws(RPCError) in
                let request: Request = try stream.takeOnlyMessage()
                _ = try stream.write(try handler(request, context))
            })
    }

    @inlinable
    public static func unary<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        _ handler: @escaping @Sendable (Request, ServerCallContext) async throws(RPCError) -> Response
    ) -> ServerRoute {
        ServerRoute(method) { (stream, context) async throws(RPCError) in
            let request: Request = try stream.takeOnlyMessage()
            let response = try await handler(request, context)
            _ = try stream.write(response)
        }
    }

    @inlinable
    public static func serverStreaming<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        _ handler:
            @escaping @Sendable (Request, ResponseWriter<Response>, ServerCallContext) async throws(RPCError)
            ->
            Void
    ) -> ServerRoute {
        ServerRoute(method) { (stream, context) async throws(RPCError) in
            let request: Request = try stream.takeOnlyMessage()
            try await handler(request, ResponseWriter(stream), context)
        }
    }

    @inlinable
    public static func clientStreaming<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        _ handler:
            @escaping @Sendable (RequestStream<Request>, ServerCallContext) async throws(RPCError) -> Response
    ) -> ServerRoute {
        ServerRoute(method) { (stream, context) async throws(RPCError) in
            let response = try await handler(RequestStream(stream), context)
            _ = try stream.write(response)
        }
    }

    @inlinable
    public static func bidirectional<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        _ handler:
            @escaping @Sendable (RequestStream<Request>, ResponseWriter<Response>, ServerCallContext)
            async throws(RPCError) -> Void
    ) -> ServerRoute {
        ServerRoute(method) { (stream, context) async throws(RPCError) in
            try await handler(RequestStream(stream), ResponseWriter(stream), context)
        }
    }
}
