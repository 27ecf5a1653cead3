public import Logging
public import RPCModel
public import RPCServer
public import TelehealthModel
public import TelehealthRules

/// The server's interceptor: enforces access, and logs one line per call without personal data.
public struct AccessInterceptor: ServerInterceptor {
    /// Stores a refused call in the audit log; the refusal is sent after it has returned.
    public typealias RefusalKeeper =
        @Sendable (_ method: String, _ caller: Caller?, _ source: String, _ reason: String)
        async throws(TelehealthError) -> Void

    /// Records a call that a limit refused, to be stored in the audit log later: the refusal waits for nothing.
    public typealias LimitedCallNote =
        @Sendable (_ method: String, _ caller: Caller?, _ source: String, _ reason: String) -> Void

    /// Called for every emergency call, before its handler.
    public typealias EmergencyHook = @Sendable (_ method: MethodDescriptor, _ caller: Caller) -> Void

    private let authenticator: CallAuthenticator
    private let logger: Logger
    private let onEmergency: EmergencyHook
    private let keepRefusal: RefusalKeeper
    private let noteLimited: LimitedCallNote

    /// - Parameters:
    ///   - services: must offer exactly the methods of the access table.
    ///   - settings: service certificates, rate limits and emergency access.
    ///   - now: the wall clock, for expiry times.
    ///   - tokens: turns bearer tokens into callers.
    ///   - keepRefusal: called for every call refused because of its token or role. Its error replaces the refusal.
    ///   - noteLimited: called for every call that a limit refused.
    ///   - logger: gets a line per call at `info` (`debug` for health checks).
    public init(
        services: [any RPCService], settings: AccessSettings = .init(),
        now: @escaping @Sendable () -> Timestamp = { Timestamp(microseconds: 0) }, logger: Logger,
        onEmergency: @escaping EmergencyHook = { _, _ in }, keepRefusal: @escaping RefusalKeeper,
        noteLimited: @escaping LimitedCallNote = { _, _, _, _ in }, tokens: TokenReading
    ) throws(AccessTableGap) {
        authenticator = CallAuthenticator(
            table: try AccessTable(covering: services), settings: settings, now: now, tokens: tokens)
        self.logger = logger
        self.onEmergency = onEmergency
        self.keepRefusal = keepRefusal
        self.noteLimited = noteLimited
    }

    /// Calls that a limit of this interceptor refused, by the limit's name.
    public var refusedCalls: [String: UInt64] { authenticator.limits.refusedCalls }

    public func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission {
        do throws(RPCError) {
            try authenticator.admit(context)
            if let caller = context[CallerKey.self], caller.emergencyReason != nil {
                onEmergency(context.method, caller)
            }
            return .admitted
        } catch {
            let caller = context[RefusedCallerKey.self]
            let reason = StatusDetails.reason(of: error) ?? error.code.description
            if context[RefusedByLimitKey.self] != nil {
                noteLimited(context.method.name, caller, context.source, reason)
                throw error
            }
            return .pending { [keepRefusal, refusal = error] () async throws(RPCError) in
                try await mappingDomainErrors { () async throws(TelehealthError) in
                    try await keepRefusal(context.method.name, caller, context.source, reason)
                }
                throw refusal
            }
        }
    }

    /// Logs method, role, status, reason and time: no id, name, address, token or text of anyone.
    public func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {
        authenticator.ended(context, status)
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
