// The Swift client of telehealth.v1: one function per RPC, and watches that reconnect.

internal import ProtobufWire
public import RPCClient
public import RPCModel

/// The telehealth service as Swift functions, grouped by service: ``sessions``, ``participants``, ``recordings``,
/// ``consents`` and so on, each with one function per RPC, and watches that survive broken connections.
///
/// Every call carries a token of the ``TokenProvider``, has a deadline, and is retried with the same `request_id`
/// while the service is unreachable, when it says how long to wait (RATE_LIMITED, for example), or when the response
/// was lost, so a change happens once however often the network breaks. An empty `request_id` is filled in.
///
/// ```swift
/// let client = try TelehealthClient(.init(target: "127.0.0.1:50051"), tokens: FixedToken(token))
/// let created = try await client.sessions.create(.with { $0.appointmentID = "appointment-1" })
/// guard let sessionID = created.session?.sessionID else { return }
/// for try await update in client.sessions.watch(sessionID) { … }
/// ```
///
/// The documentation of each call, and docs/api.md, say who may use it and how it may be refused.
///
/// Isolation: any; one client serves any number of tasks over one connection.
public struct TelehealthClient: Sendable {
    let channel: any CallChannel
    let tokens: any TokenProvider
    let configuration: ClientConfiguration
    private let connection: RPCChannel?

    /// - Throws: `ChannelError` for an invalid target. The first call connects.
    public init(_ configuration: ClientConfiguration, tokens: any TokenProvider) throws(ChannelError) {
        let connection = try RPCChannel(target: configuration.target, configuration: configuration.channelInUse)
        self.connection = connection
        channel = connection
        self.tokens = tokens
        self.configuration = configuration
    }

    /// A client over a channel that the caller creates and shuts down.
    public init(over channel: any CallChannel, configuration: ClientConfiguration, tokens: any TokenProvider)
    {
        connection = nil
        self.channel = channel
        self.tokens = tokens
        self.configuration = configuration
    }

    /// The same connection with another identity, for a gateway that serves several people.
    public func acting(with tokens: any TokenProvider) -> TelehealthClient {
        TelehealthClient(over: channel, configuration: configuration, tokens: tokens)
    }

    /// Ends open calls with UNAVAILABLE and closes the connection that this client made.
    public func shutdown() async { await connection?.shutdown() }

    /// A call that changes something: retried with one request id.
    func change<Request: ChangeRequest, Response: Message>(
        _ method: MethodDescriptor, _ request: Request
    ) async throws(RPCError) -> Response {
        try await call(method, identified(request))
    }

    /// The request, with a request id.
    func identified<Request: ChangeRequest>(_ request: Request) -> Request {
        guard request.requestID.isEmpty else { return request }
        var identified = request
        identified.requestID = makeRequestID(random: configuration.random)
        return identified
    }

    /// One call, with as many attempts as its deadline and the configuration allow.
    ///
    /// - Throws: the error of the last attempt. A failure of the token provider becomes UNAUTHENTICATED.
    func call<Request: Message, Response: Message>(
        _ method: MethodDescriptor, _ request: Request
    ) async throws(RPCError) -> Response {
        let deadline = ContinuousClock.now + configuration.timeout
        return try await attempts(until: { deadline }) { metadata throws(RPCError) in
            let options = CallOptions(timeout: deadline - .now, metadata: metadata)
            return try await channel.unary(method, request, options: options)
        }
    }

    /// Makes the attempts of one call, as many as the configuration allows, each with a token in its metadata.
    ///
    /// - Parameter deadline: the limit for waiting, evaluated after each failed attempt; nil for none.
    /// - Throws: the error of the last attempt. A failure of the token provider becomes UNAUTHENTICATED.
    func attempts<Value>(
        until deadline: () -> ContinuousClock.Instant?, _ attempt: (Metadata) async throws(RPCError) -> Value
    ) async throws(RPCError) -> Value {
        var rejected: String?
        var failures = 0
        while true {
            let token = try await authorisation(replacing: rejected)
            do {
                return try await attempt(["authorization": "Bearer " + token])
            } catch {
                failures += 1
                // Once: if a fresh token is refused too, the tokens or a clock are wrong.
                let isStale = error.isStaleToken && rejected == nil
                guard isStale || error.isWorthRepeating, failures < configuration.maxAttempts else {
                    throw error
                }
                if isStale {
                    rejected = token
                    continue
                }
                let wait = configuration.wait(after: failures, error)
                if let deadline = deadline(), ContinuousClock.now + wait >= deadline { throw error }
                try await pause(wait)
            }
        }
    }

    func authorisation(replacing rejected: String?) async throws(RPCError) -> String {
        do {
            return try await tokens.token(replacing: rejected)
        } catch {
            throw RPCError(.unauthenticated, "no token to call with: \(error)")
        }
    }

    func pause(_ duration: Duration) async throws(RPCError) {
        do {
            try await Task.sleep(for: duration)
        } catch {
            throw RPCError(.cancelled, "the task was cancelled")
        }
    }
}

extension RPCError {
    /// Whether a retry of the same request may succeed. A service that asks for a delay is called again after it,
    /// whatever the reason of the refusal.
    var isWorthRepeating: Bool {
        isBrokenConnection || code == .unavailable || code == .aborted || retryDelay != nil
    }

    /// Whether another token would help.
    var isStaleToken: Bool {
        code == .unauthenticated && (reason == "TOKEN_EXPIRED" || reason == "TOKEN_KEY_UNKNOWN")
    }
}
