internal import GRPCStandardAPI
internal import ProtobufWire
public import RPCModel
internal import TelehealthAPI
public import TelehealthModel

/// Why a token was refused: a reason of `ErrorReason` and a sentence, neither with any part of the token.
public struct TokenRefusal: Error, Hashable, Sendable {
    public let reason: String
    public let message: String

    public init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }
}

/// The verified caller of a call, set by ``CallAuthenticator`` for the handlers.
public enum CallerKey: CallContextKey {
    public typealias Value = Caller
}

/// The verified caller of a call that was refused because of its role, for the audit log.
enum RefusedCallerKey: CallContextKey {
    typealias Value = Caller
}

/// The limit that refused a call, for the audit log.
enum RefusedByLimitKey: CallContextKey {
    typealias Value = CallLimits.Name
}

/// The limit that was charged for the call: see ``CallLimits/takeLook(_:deservesCheck:)``.
private enum TakenLookKey: CallContextKey {
    typealias Value = CallLimits.Look
}

extension ServerCallContext {
    /// - Throws: `INTERNAL` when no interceptor set a caller: a fault of the assembly, never of the peer.
    var caller: Caller {
        get throws(RPCError) {
            guard let caller = self[CallerKey.self] else {
                throw RPCError(.internal, "the call was not authenticated")
            }
            return caller
        }
    }

    /// The caller's address, for the audit log: see ``CallPeer/source``.
    var source: String { peer.source }

    /// The caller is on this machine: see ``CallPeer/isLocal``.
    var isLocal: Bool { peer.isLocal }
}

/// How bearer tokens become callers.
public struct TokenReading: Sendable {
    /// The bearer of a token that was verified before, if still valid: cheaper than any limit's bookkeeping.
    public typealias Known = @Sendable (_ token: String, _ isLocal: Bool) -> Caller?
    public typealias Verify = @Sendable (_ token: String, _ isLocal: Bool) throws(TokenRefusal) -> Caller

    let known: Known
    let deservesCheck: @Sendable (_ token: String) -> Bool
    let verify: Verify

    /// - Parameters:
    ///   - known: nil sends the token to `verify`.
    ///   - deservesCheck: whether only a signature check can show that the token is invalid.
    ///   - verify: may cost a signature check; `isLocal` says whether the peer is on this machine.
    public init(
        known: @escaping Known = { _, _ in nil },
        deservesCheck: @escaping @Sendable (_ token: String) -> Bool = { _ in false }, verify: @escaping Verify
    ) {
        self.known = known
        self.deservesCheck = deservesCheck
        self.verify = verify
    }
}

/// Reads the bearer token of a call, identifies the caller, and checks the access table.
///
/// A known token passes before its address is checked: authenticated callers do not pay for others at the same
/// address who failed to authenticate.
struct CallAuthenticator: Sendable {
    let limits: CallLimits
    private let table: AccessTable
    private let settings: AccessSettings
    private let now: @Sendable () -> Timestamp
    private let tokens: TokenReading

    /// - Parameters:
    ///   - now: the wall clock, for expiry times.
    ///   - monotonic: the clock of the limits.
    init(
        table: AccessTable, settings: AccessSettings = .init(),
        now: @escaping @Sendable () -> Timestamp = { Timestamp(microseconds: 0) },
        monotonic: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, tokens: TokenReading
    ) {
        self.table = table
        self.settings = settings
        self.now = now
        self.tokens = tokens
        limits = CallLimits(settings.limits, now: monotonic)
    }

    /// - Throws: `UNAUTHENTICATED` with a `TOKEN_…` reason; `PERMISSION_DENIED` with `ROLE_NOT_ALLOWED` or
    ///   `EMERGENCY_NOT_ALLOWED`; `INVALID_ARGUMENT` with `EMERGENCY_REASON_INVALID`; `RESOURCE_EXHAUSTED` with
    ///   `RATE_LIMITED`.
    func admit(_ context: ServerCallContext) throws(RPCError) {
        switch table.verdict(on: context.method) {
        case .open:
            try limited(context) { () throws(LimitRefusal) in try limits.takeOpenCall(context.peer) }
        case .bearingGrant:
            try limited(context) { () throws(LimitRefusal) in
                try limits.takeOpenCall(context.peer)
                context[TakenLookKey.self] = try limits.takeLook(context.peer)
            }
        case .operators:
            if context.isLocal, settings.opensReflection {
                return try limited(context) { () throws(LimitRefusal) in try limits.takeOpenCall(context.peer) }
            }
            try require([.admin], try authenticate(context), context)
        case .contract(let rule):
            let caller = try authenticate(context)
            try require(rule.roles, caller, context)
            context[CallerKey.self] = try emergency(caller, rule, context) ?? caller
        }
    }

    /// The outcome of an admitted call with a grant; other calls need no record.
    func ended(_ context: ServerCallContext, _ status: RPCError?) {
        guard case .bearingGrant = table.verdict(on: context.method), context[RefusedByLimitKey.self] == nil else {
            return
        }
        switch status?.code {
        case .unauthenticated, .permissionDenied, .failedPrecondition: context.peer.noteRefusal()
        default: limits.giveBack(context[TakenLookKey.self] ?? .nothing, context.peer)
        }
    }

    private func authenticate(_ context: ServerCallContext) throws(RPCError) -> Caller {
        let caller = try identify(context)
        try limited(context, of: caller) { () throws(LimitRefusal) in try limits.take(caller) }
        return caller
    }

    private func limited(
        _ context: ServerCallContext, of caller: Caller? = nil, _ body: () throws(LimitRefusal) -> Void
    ) throws(RPCError) {
        do throws(LimitRefusal) {
            try body()
        } catch {
            context[RefusedByLimitKey.self] = error.limit
            if let caller { context[RefusedCallerKey.self] = caller }
            var details = StatusDetails(.rateLimited)
            details.append(Google_Rpc_RetryInfo.with { retry in retry.retryDelay = error.wait.wire })
            throw details.error("too many calls: wait before the next one")
        }
    }

    private func identify(_ context: ServerCallContext) throws(RPCError) -> Caller {
        // With two tokens, another reader could see a different caller: such a call counts as having an invalid
        // token.
        let metadata = context.metadata
        let isOne = metadata.count(named: "authorization") <= 1
        let token = metadata["authorization"].map { isOne ? Self.bearerToken($0) : nil }
        if token == nil, let service = settings.service(of: context.peer.verifiedIdentity) {
            var caller = Caller(
                subject: service.subject, role: service.role,
                expiresAt: now() + AccessSettings.certificateTrustedFor)
            caller.source = context.source
            return caller
        }
        if let token = token ?? nil, var caller = tokens.known(token, context.isLocal) {
            caller.source = context.source
            return caller
        }
        // Before the signature check: guessing tokens must not cost us one check each.
        var look = CallLimits.Look.nothing
        try limited(context) { () throws(LimitRefusal) in
            look = try limits.takeLook(context.peer) { (token ?? nil).map(tokens.deservesCheck) ?? false }
        }
        do throws(TokenRefusal) {
            var caller = try verified(token, context)
            caller.source = context.source
            limits.giveBack(look, context.peer)
            return caller
        } catch {
            context.peer.noteRefusal()
            throw StatusDetails(word: error.reason).error(error.message)
        }
    }

    /// - Parameter token: nil without `authorization`; its inner nil when that holds no bearer token.
    private func verified(_ token: String??, _ context: ServerCallContext) throws(TokenRefusal) -> Caller {
        guard let token else {
            throw TokenRefusal(
                reason: Telehealth_V1_ErrorReason.tokenMissing.word, message: "send 'authorization: Bearer <token>'")
        }
        guard let token else {
            throw TokenRefusal(
                reason: Telehealth_V1_ErrorReason.tokenInvalid.word, message: "authorization must be 'Bearer <token>'")
        }
        return try tokens.verify(token, context.isLocal)
    }

    /// The caller in an emergency; nil for an ordinary call.
    private func emergency(
        _ caller: Caller, _ rule: AccessTable.Rule, _ context: ServerCallContext
    ) throws(RPCError) -> Caller? {
        let reason: String
        let metadata = context.metadata
        if let text = metadata[AccessSettings.emergencyHeader] {
            reason = text
        } else if let bytes = metadata.binary(named: AccessSettings.binaryEmergencyHeader) {
            // Invalid UTF-8 is an invalid reason.
            reason = String(validating: bytes, as: UTF8.self) ?? ""
        } else {
            return nil
        }
        guard let lasts = settings.emergencyLasts, caller.role == .clinician, rule.countsEmergencies else {
            throw StatusDetails(.emergencyNotAllowed)
                .error("emergency access is not available for this call")
        }
        let given =
            metadata.count(named: AccessSettings.emergencyHeader)
            + metadata.count(named: AccessSettings.binaryEmergencyHeader)
        guard given == 1, EmergencyAccess.isReason(reason) else {
            throw StatusDetails(.emergencyReasonInvalid)
                .error("telehealth-emergency-reason must have 10 to 500 bytes")
        }
        return caller.inEmergency(reason, until: now() + lasts)
    }

    private func require(
        _ roles: Set<Role>, _ caller: Caller, _ context: ServerCallContext
    ) throws(RPCError) {
        guard roles.contains(caller.role) else {
            context[RefusedCallerKey.self] = caller
            throw StatusDetails(.roleNotAllowed)
                .error("the role \(caller.role.rawValue) may not use this call")
        }
    }

    /// RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
    private static func bearerToken(_ header: String) -> String? {
        let scheme = "bearer "
        guard header.utf8.count > scheme.utf8.count,
            header.utf8.prefix(scheme.utf8.count).elementsEqual(scheme.utf8, by: isSameLetter)
        else { return nil }
        return String(Substring(header.utf8.dropFirst(scheme.utf8.count)))
    }

    /// - Parameter expected: a small letter or a space.
    private static func isSameLetter(_ byte: UInt8, _ expected: UInt8) -> Bool {
        byte == expected || expected != UInt8(ascii: " ") && byte == expected ^ 0x20
    }
}
