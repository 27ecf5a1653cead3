public import Logging
public import RPCModel
public import RPCServer
public import TelehealthCore

/// The server's interceptor: lets in who may come, and writes one line per call that names nobody.
public struct CallGate: ServerInterceptor {
    private let authenticator: CallAuthenticator
    private let logger: Logger
    private let executor: CommandExecutor

    /// - Parameters:
    ///   - services: must offer exactly the methods of the access table.
    ///   - verify: turns a bearer token into its caller; `isLocal` says whether the peer is on this machine.
    ///   - executor: keeps every call refused for its token or role in the audit log, before the refusal goes out.
    ///   - logger: gets a line per call at `info` (`debug` for health checks).
    public init(
        services: [any RPCService], executor: CommandExecutor, logger: Logger,
        verify: @escaping @Sendable (_ token: String, _ isLocal: Bool) throws(TokenRefusal) -> Caller
    ) throws(AccessTableGap) {
        authenticator = CallAuthenticator(table: try AccessTable(covering: services), verify: verify)
        self.logger = logger
        self.executor = executor
    }

    public func callWillStart(_ context: ServerCallContext) async throws(RPCError) {
        do throws(RPCError) {
            try authenticator.admit(context)
        } catch {
            try await answering { () async throws(TelehealthError) in
                try await executor.recordRefusal(
                    action: context.method.name, caller: context[RefusedCallerKey.self],
                    source: context.source,
                    reason: StatusDetails.reason(of: error) ?? error.code.description)
            }
            throw error
        }
    }

    /// Method, role, status, reason and time: no id, name, address, token or text of anybody.
    public func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {
        let level: Logger.Level = AccessTable.openServices.contains(context.method.service) ? .debug : .info
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "method": "\(context.method)",
            "code": "\(status?.code.description ?? "OK")",
            "us": "\(duration.wholeMicroseconds)",
        ]
        if let role = context[CallerKey.self]?.role { metadata["role"] = "\(role.rawValue)" }
        if let reason = status.flatMap(StatusDetails.reason(of:)) { metadata["reason"] = "\(reason)" }
        logger.log(level: level, "call", metadata: metadata)
    }
}
