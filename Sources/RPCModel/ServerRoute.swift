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
        Changed(service: self) { route in
            if methods.contains(where: { [path = route.method.path] in $0.path == path }) { route.care = care }
        }
    }
}

extension RPCService {
    /// The same service with another answer to requests that break the rules of their schema: by default
    /// INVALID_ARGUMENT with a sentence about the first field, and no details.
    ///
    /// - Parameter answer: makes the call's status of what is wrong, which is not empty and at most
    ///   ``ServerRoute/violationsMax`` long.
    public func refusingInvalidRequests(with answer: @escaping ServerRoute.Refusal) -> some RPCService {
        Changed(service: self) { $0.refusal = answer }
    }
}

/// A service with something changed about its routes.
private struct Changed<Service: RPCService>: RPCService {
    let service: Service
    let change: @Sendable (inout ServerRoute) -> Void

    var fileDescriptors: [FileDescriptorBytes] { service.fileDescriptors }

    var routes: [ServerRoute] {
        service.routes.map { route in
            var route = route
            change(&route)
            return route
        }
    }
}

/// One method and the code that answers it, with the message types erased.
///
/// `invoke` reads requests from and writes responses to the call's stream. When it returns, the server
/// finishes the call with OK unless the responses were detached; when it throws, with that error. Methods
/// without client streaming are invoked after the request arrived whole.
///
/// A request that breaks the rules of its schema (`buf.validate`) reaches no handler: the routes made by
/// ``unary(_:_:)`` and its like check every request first and answer ``refusal``.
public struct ServerRoute: Sendable {
    /// Makes the status of a call out of what is wrong with its request.
    public typealias Refusal = @Sendable ([RuleViolation]) -> RPCError
    /// What a method does with a call, given the answer to requests that break the schema's rules.
    public typealias Handler =
        @Sendable (CallStream, ServerCallContext, @escaping Refusal) async throws(RPCError) -> Void
    public typealias Answer = @Sendable (CallStream, ServerCallContext, @escaping Refusal) throws(RPCError) -> Void

    /// Violations that one answer tells of. They travel in the trailers, of which a peer takes some kilobytes; who
    /// has more wrong is told of the rest next time.
    public static let violationsMax = 32

    public let method: MethodDescriptor
    private let handler: Handler
    private let atOnce: Answer?
    /// What the server does for the method's calls besides running them.
    public var care = CallCare()
    /// What a request that breaks the rules of its schema is answered.
    public var refusal: Refusal = { violations in
        RPCError(.invalidArgument, violations.first.map { "\($0.field) \($0.description)" } ?? "the request is invalid")
    }

    /// - Parameter answer: a plain function, which may neither suspend nor block.
    public init(_ method: MethodDescriptor, answer: @escaping Answer) {
        self.method = method
        atOnce = answer
        handler = { (stream, context, refusal) async throws(RPCError) in try answer(stream, context, refusal) }
    }

    public init(_ method: MethodDescriptor, handler: @escaping Handler) {
        self.method = method
        self.handler = handler
        atOnce = nil
    }

    /// A method whose handler reads the stream itself and checks no rules.
    public init(
        _ method: MethodDescriptor,
        invoke: @escaping @Sendable (CallStream, ServerCallContext) async throws(RPCError) -> Void
    ) {
        self.init(method, handler: { (stream, context, _) async throws(RPCError) in try await invoke(stream, context) })
    }

    public func invoke(_ stream: CallStream, _ context: ServerCallContext) async throws(RPCError) {
        try await handler(stream, context, refusal)
    }

    /// Whether ``answer(_:_:)`` may take the place of ``invoke(_:_:)``.
    public var answersAtOnce: Bool { atOnce != nil }

    /// The same as ``invoke(_:_:)`` without suspending, for handlers that never do: the server then makes no task for
    /// the call. Does nothing where ``answersAtOnce`` is false.
    public func answer(_ stream: CallStream, _ context: ServerCallContext) throws(RPCError) {
        try atOnce?(stream, context, refusal)
    }
}

extension Message {
    /// - Throws: what `refusal` makes of the rules that the message breaks.
    @inlinable
    func checkRules(_ refusal: ServerRoute.Refusal) throws(RPCError) {
        var violations = RuleViolations(limit: ServerRoute.violationsMax)
        checkRules(&violations)
        if !violations.isEmpty { throw refusal(violations.all) }
    }
}

extension ServerRoute {
    /// A method whose handler answers at once: a plain function, which may neither suspend nor block.
    @inlinable
    public static func unary<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        atOnce handler: @escaping @Sendable (Request, ServerCallContext) throws(RPCError) -> Response
    ) -> ServerRoute {
        ServerRoute(
            method,
            answer: { (stream, context, refusal) throws(RPCError) in
                let request: Request = try stream.takeOnlyMessage()
                try request.checkRules(refusal)
                _ = try stream.write(try handler(request, context))
            })
    }

    @inlinable
    public static func unary<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        _ handler: @escaping @Sendable (Request, ServerCallContext) async throws(RPCError) -> Response
    ) -> ServerRoute {
        ServerRoute(
            method,
            handler: { (stream, context, refusal) async throws(RPCError) in
                let request: Request = try stream.takeOnlyMessage()
                try request.checkRules(refusal)
                let response = try await handler(request, context)
                _ = try stream.write(response)
            })
    }

    @inlinable
    public static func serverStreaming<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        _ handler:
            @escaping @Sendable (Request, ResponseWriter<Response>, ServerCallContext) async throws(RPCError)
            ->
            Void
    ) -> ServerRoute {
        ServerRoute(
            method,
            handler: { (stream, context, refusal) async throws(RPCError) in
                let request: Request = try stream.takeOnlyMessage()
                try request.checkRules(refusal)
                try await handler(request, ResponseWriter(stream), context)
            })
    }

    @inlinable
    public static func clientStreaming<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        _ handler:
            @escaping @Sendable (RequestStream<Request>, ServerCallContext) async throws(RPCError) -> Response
    ) -> ServerRoute {
        ServerRoute(
            method,
            handler: { (stream, context, refusal) async throws(RPCError) in
                let response = try await handler(RequestStream(stream, refusal: refusal), context)
                _ = try stream.write(response)
            })
    }

    @inlinable
    public static func bidirectional<Request: Message, Response: Message>(
        _ method: MethodDescriptor,
        _ handler:
            @escaping @Sendable (RequestStream<Request>, ResponseWriter<Response>, ServerCallContext)
            async throws(RPCError) -> Void
    ) -> ServerRoute {
        ServerRoute(
            method,
            handler: { (stream, context, refusal) async throws(RPCError) in
                try await handler(RequestStream(stream, refusal: refusal), ResponseWriter(stream), context)
            })
    }
}
