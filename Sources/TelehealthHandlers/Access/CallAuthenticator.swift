internal import GRPCStandardAPI
public import RPCModel
public import TelehealthCore

/// Why a token was refused: a word of `ErrorReason` and a sentence, neither with anything of the token.
public struct TokenRefusal: Error, Hashable, Sendable {
    public let reason: String
    public let message: String

    public init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }
}

/// The verified caller of a call, left by ``CallAuthenticator`` for the handlers.
public enum CallerKey: CallContextKey {
    public typealias Value = Caller
}

/// The verified caller of a call that was refused for its role, left for the audit log.
enum RefusedCallerKey: CallContextKey {
    typealias Value = Caller
}

extension ServerCallContext {
    /// - Throws: `INTERNAL` when no interceptor put a caller there: a fault of the wiring, never of the peer.
    var caller: Caller {
        get throws(RPCError) {
            guard let caller = self[CallerKey.self] else {
                throw RPCError(.internal, "the call was not authenticated")
            }
            return caller
        }
    }

    /// The peer's address without its port, "unix" or "in-process".
    var source: String {
        guard let colon = peer.address.lastIndex(of: ":") else { return peer.address }
        return String(peer.address[..<colon])
    }

    /// Loopback, a unix socket or this process: the peer has an account on this machine.
    var isLocal: Bool {
        let address = peer.address
        return address.hasPrefix("127.") || address.hasPrefix("[::1]") || address.hasPrefix("unix:")
            || address == "in-process"
    }
}

/// Reads the bearer token of a call, finds out who calls, and asks the access table.
struct CallAuthenticator: Sendable {
    typealias Verify = @Sendable (_ token: String, _ isLocal: Bool) throws(TokenRefusal) -> Caller

    private let table: AccessTable
    private let settings: AccessSettings
    private let limiter = RateLimiter()
    private let now: @Sendable () -> Timestamp
    private let verify: Verify

    init(
        table: AccessTable, settings: AccessSettings = .init(),
        now: @escaping @Sendable () -> Timestamp = { Timestamp(microseconds: 0) }, verify: @escaping Verify
    ) {
        self.table = table
        self.settings = settings
        self.now = now
        self.verify = verify
    }

    /// - Throws: `UNAUTHENTICATED` with a `TOKEN_…` reason; `PERMISSION_DENIED` with `ROLE_NOT_ALLOWED` or
    ///   `EMERGENCY_NOT_ALLOWED`; `INVALID_ARGUMENT` with `EMERGENCY_REASON_INVALID`; `RESOURCE_EXHAUSTED` with
    ///   `RATE_LIMITED`.
    func admit(_ context: ServerCallContext) throws(RPCError) {
        switch table.verdict(on: context.method) {
        case .open:
            return
        case .operators:
            if context.isLocal { return }
            try require([.admin], try authenticate(context), context)
        case .roles(let roles):
            let caller = try authenticate(context)
            try require(roles, caller, context)
            context[CallerKey.self] = try emergency(caller, context) ?? caller
        }
    }

    private func authenticate(_ context: ServerCallContext) throws(RPCError) -> Caller {
        let address = Subject(context.source)
        // Before the signature is looked at: guessing tokens must not cost us one check each.
        if let limit = settings.limits.refused, let wait = limiter.wait(of: address, limit, now: now()) {
            throw Self.limited(wait)
        }
        let caller: Caller
        do throws(RPCError) {
            caller = try identify(context)
        } catch {
            if let limit = settings.limits.refused { _ = limiter.take(address, limit, now: now()) }
            throw error
        }
        if let limit = settings.limits.byRole[caller.role],
            let wait = limiter.take("\(caller.role.rawValue) \(caller.subject)", limit, now: now())
        {
            throw Self.limited(wait)
        }
        return caller
    }

    private static func limited(_ wait: Duration) -> RPCError {
        var details = StatusDetails(reason: "RATE_LIMITED")
        details.append(filled { (retry: inout Google_Rpc_RetryInfo) in retry.retryDelay = wait.wire })
        return details.error(.resourceExhausted, "too many calls: wait before the next one")
    }

    private func identify(_ context: ServerCallContext) throws(RPCError) -> Caller {
        do throws(TokenRefusal) {
            let metadata = context.metadata
            guard let header = metadata["authorization"] else {
                if let service = settings.service(of: context.peer.verifiedIdentity) {
                    return Caller(
                        subject: service.subject, role: service.role,
                        expiresAt: now() + AccessSettings.certificateTrustedFor)
                }
                throw TokenRefusal(reason: "TOKEN_MISSING", message: "send 'authorization: Bearer <token>'")
            }
            // Of two, whoever reads the other one would see another caller.
            guard metadata.count(named: "authorization") == 1 else {
                throw TokenRefusal(reason: "TOKEN_INVALID", message: "send one authorization, not several")
            }
            guard let token = Self.bearerToken(header) else {
                throw TokenRefusal(reason: "TOKEN_INVALID", message: "authorization is not 'Bearer <token>'")
            }
            var caller = try verify(token, context.isLocal)
            caller.source = context.source
            return caller
        } catch {
            throw StatusDetails(reason: error.reason).error(.unauthenticated, error.message)
        }
    }

    /// The caller in an emergency; nil for an ordinary call.
    private func emergency(_ caller: Caller, _ context: ServerCallContext) throws(RPCError) -> Caller? {
        let reason: String
        if let text = context.metadata[AccessSettings.emergencyHeader] {
            reason = text
        } else if let bytes = context.metadata.binary(named: AccessSettings.emergencyHeader + "-bin") {
            // What is no UTF-8 is no reason either.
            reason = String(validating: bytes, as: UTF8.self) ?? ""
        } else {
            return nil
        }
        guard let lasts = settings.emergencyLasts, caller.role == .clinician,
            AccessTable.emergencyMethods.contains(context.method.path)
        else {
            throw StatusDetails(reason: "EMERGENCY_NOT_ALLOWED")
                .error(.permissionDenied, "emergency access does not count for this call")
        }
        let metadata = context.metadata
        let given =
            metadata.count(named: AccessSettings.emergencyHeader)
            + metadata.count(named: AccessSettings.emergencyHeader + "-bin")
        guard given == 1, EmergencyAccess.isReason(reason) else {
            throw StatusDetails(reason: "EMERGENCY_REASON_INVALID")
                .error(.invalidArgument, "say why, in 10 to 500 bytes")
        }
        return caller.inEmergency(reason, until: now() + lasts)
    }

    private func require(
        _ roles: Set<Role>, _ caller: Caller, _ context: ServerCallContext
    ) throws(RPCError) {
        guard roles.contains(caller.role) else {
            context[RefusedCallerKey.self] = caller
            throw StatusDetails(reason: "ROLE_NOT_ALLOWED")
                .error(.permissionDenied, "the role \(caller.role.rawValue) may not use this call")
        }
    }

    /// RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
    private static func bearerToken(_ header: String) -> String? {
        guard header.utf8.count > 7, header.prefix(7).lowercased() == "bearer " else { return nil }
        return String(header.dropFirst(7))
    }
}
