public import Logging
public import RPCModel
public import RPCServer
public import TelehealthCore

/// The server's interceptor: lets in who may come, and writes one line per call that names nobody.
public struct CallGate: ServerInterceptor {
    /// Keeps a refused call in the audit log; the refusal goes out after it returned.
    public typealias RefusalKeeper =
        @Sendable (_ method: String, _ caller: Caller?, _ source: String, _ reason: String)
        async throws(TelehealthError) -> Void

    private let authenticator: CallAuthenticator
    private let logger: Logger
    private let keepRefusal: RefusalKeeper

    /// - Parameters:
    ///   - services: must offer exactly the methods of the access table.
    ///   - verify: turns a bearer token into its caller; `isLocal` says whether the peer is on this machine.
    ///   - keepRefusal: called for every call refused for its token or role. What it throws is answered instead.
    ///   - logger: gets a line per call at `info` (`debug` for health checks).
    public init(
        services: [any RPCService], logger: Logger, keepRefusal: @escaping RefusalKeeper,
        verify: @escaping @Sendable (_ token: String, _ isLocal: Bool) throws(TokenRefusal) -> Caller
    ) throws(AccessTableGap) {
        authenticator = CallAuthenticator(table: try AccessTable(covering: services), verify: verify)
        self.logger = logger
        self.keepRefusal = keepRefusal
    }

    public func callWillStart(_ context: ServerCallContext) async throws(RPCError) {
        do throws(RPCError) {
            try authenticator.admit(context)
        } catch {
            try await answering { () async throws(TelehealthError) in
                try await keepRefusal(
                    context.method.name, context[RefusedCallerKey.self], context.source,
                    StatusDetails.reason(of: error) ?? error.code.description)
            }
            throw error
        }
    }

    /// Method, role, status, reason and time: no id, name, address, token or text of anybody.
    public func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {
        let level: Logger.Level = AccessTable.openServices.contains(context.method.service) ? .debug : .info
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "method": .string(context.method.description),
            "code": .string(status?.code.description ?? "OK"),
            "us": .string(String(duration.wholeMicroseconds)),
        ]
        if let role = context[CallerKey.self]?.role { metadata["role"] = .string(role.rawValue) }
        if let reason = status.flatMap(StatusDetails.reason(of:)) { metadata["reason"] = .string(reason) }
        logger.log(level: level, "call", metadata: metadata)
    }
}
