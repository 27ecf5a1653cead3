public import ProtobufWire

/// A service that a server can offer. Generated code conforms; the server collects the routes.
public protocol RPCService: Sendable {
    var routes: [ServerRoute] { get }
    /// Files that describe the service, for reflection; if empty, reflection does not list it.
    var fileDescriptors: [FileDescriptorBytes] { get }
}

extension RPCService {
    public var fileDescriptors: [FileDescriptorBytes] { [] }
}

/// How a server treats calls that may stay open for a long time.
public struct CallCare: Sendable, Hashable {
    /// When the server stops, it ends the method's calls with UNAVAILABLE after sending GOAWAY, instead of waiting
    /// for them: for calls that do not end by themselves, or that clients resume.
    public var endsWithServer: Bool
    /// A peer that is silent for this long while such a call is open is considered lost; a PING is sent early enough
    /// for its response. `nil` leaves this to the server's keepalive. A proxy answers for itself only.
    public var peerLostAfter: Duration?

    public init(endsWithServer: Bool = false, peerLostAfter: Duration? = nil) {
        self.endsWithServer = endsWithServer
        self.peerLostAfter = peerLostAfter
    }
}

extension RPCService {
    /// The same service with another treatment of calls of these methods.
    public func with(_ care: CallCare, for methods: MethodDescriptor...) -> some RPCService {
        Changed(service: self) { route in
            if methods.contains(where: { [path = route.method.path] in $0.path == path }) { route.care = care }
        }
    }
}

extension RPCService {
    /// The same service with another response to requests that violate their schema's rules: by default
    /// INVALID_ARGUMENT with a sentence about the first field, without details.
    ///
    /// - Parameter answer: makes the call's status from the violations: at least one, at most
    ///   ``ServerRoute/violationsMax``.
    public func refusingInvalidRequests(with answer: @escaping ServerRoute.Refusal) -> some RPCService {
        Changed(service: self) { $0.refusal = answer }
    }
}

extension RPCService {
    /// The same service with calls of these methods allowed with GET; see ``ServerRoute/allowsGet``.
    public func allowingGet(for methods: MethodDescriptor...) -> some RPCService {
        Changed(service: self) { route in
            if methods.contains(where: { [path = route.method.path] in $0.path == path }) { route.allowsGet = true }
        }
    }
}

/// A service with changed routes.
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
/// `invoke` reads requests from and writes responses to the call's stream. When it returns, the server finishes the
/// call with OK unless the responses were detached; when it throws, with that error. Methods without client streaming
/// are invoked after the whole request has arrived.
///
/// A request that violates its schema's rules (`buf.validate`) reaches no handler: the routes made by ``unary(_:_:)``
/// and similar functions check every request first and answer ``refusal``.
public struct ServerRoute: Sendable {
    /// Makes the status of a call from the violations of its request.
    public typealias Refusal = @Sendable ([RuleViolation]) -> RPCError
    /// Handles a call, given the response to requests that violate their schema's rules.
    public typealias Handler =
        @Sendable (CallStream, ServerCallContext, @escaping Refusal) async throws(RPCError) -> Void
    public typealias Answer = @Sendable (CallStream, ServerCallContext, @escaping Refusal) throws(RPCError) -> Void

    /// Maximum number of violations in one response. They are sent in the trailers, of which a peer accepts a few
    /// kilobytes; further violations are reported after these are fixed.
    public static let violationsMax = 32

    public let method: MethodDescriptor
    private let handler: Handler
    private let atOnce: Answer?
    /// How the server treats the method's calls.
    public var care = CallCare()
    /// Whether a call may be made with GET, where the server offers a protocol that has it: for methods without side
    /// effects whose requests may be in logs and whose answers in caches.
    public var allowsGet = false
    /// The response to requests that violate their schema's rules.
    public var refusal: Refusal = { violations in
        RPCError(.invalidArgument, violations.first.map { "\($0.field) \($0.description)" } ?? "the request is invalid")
    }

    /// - Parameter answer: a plain function, which may neither suspend nor block.
    /// - Parameter method: the method of the call.
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

    /// A method whose handler reads the stream itself, without rule checks.
    public init(
        _ method: MethodDescriptor,
        invoke: @escaping @Sendable (CallStream, ServerCallContext) async throws(RPCError) -> Void
    ) {
        self.init(method, handler: { (stream, context, _) async throws(RPCError) in try await invoke(stream, context) })
    }

    public func invoke(_ stream: CallStream, _ context: ServerCallContext) async throws(RPCError) {
        try await handler(stream, context, refusal)
    }

    /// Whether ``answer(_:_:)`` may replace ``invoke(_:_:)``.
    public var answersAtOnce: Bool { atOnce != nil }

    /// Like ``invoke(_:_:)``, but without suspending, for handlers that never do: the server then creates no task for
    /// the call. Does nothing where ``answersAtOnce`` is false.
    public func answer(_ stream: CallStream, _ context: ServerCallContext) throws(RPCError) {
        try atOnce?(stream, context, refusal)
    }
}

extension Message {
    /// - Throws: the `refusal` of the rules that the message violates.
    @inlinable
    func checkRules(_ refusal: ServerRoute.Refusal) throws(RPCError) {
        var violations = RuleViolations(limit: ServerRoute.violationsMax)
        checkRules(&violations)
        if !violations.isEmpty { throw refusal(violations.all) }
    }
}

extension ServerRoute {
    /// A method whose handler returns without suspending: a plain function, which may neither suspend nor block.
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
                let response: Response
                do throws(RPCError) {
                    response = try await handler(request, context)
                } catch {
                    guard let hold = context.answerHold else { throw error }
                    return stream.answer(after: hold) { _ throws(RPCError) in throw error }
                }
                if let hold = context.answerHold { return stream.answer(response, after: hold) }
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
