import Logging
import Pacing
import ProtobufWire
import RPCModel
import RPCServer
import Synchronization
import TelehealthAPI
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthHandlers

/// Answers ``GetSession`` with the caller it was given.
private struct WhoIsCalling: RPCService {
    var routes: [ServerRoute] {
        MethodsOnly.whole.routes.map { route in
            guard route.method == Telehealth_V1_TelehealthService_Methods.getSession else { return route }
            return .unary(route.method) {
                (_: Telehealth_V1_GetSessionRequest, context) async throws(RPCError)
                    -> Telehealth_V1_GetSessionResponse in
                let subject = context[CallerKey.self]?.subject.rawValue ?? "nobody"
                return .with { $0.session = .with { $0.sessionID = subject } }
            }
        }
    }
}

@Suite("The access interceptor in front of the handlers") struct AccessInterceptorTests {
    private final class Log: Sendable {
        let reasons = Mutex<[String]>([])
        let limited = Mutex<[String]>([])
    }

    private static func tokens(_ roles: [String: Role]) -> TokenReading {
        TokenReading { (token, _) throws(TokenRefusal) in
            guard let role = roles[token] else { throw TokenRefusal(reason: "TOKEN_EXPIRED", message: "") }
            return Caller(subject: Subject(token), role: role, expiresAt: Timestamp(microseconds: .max))
        }
    }

    private func client(_ tokens: [String: Role], _ log: Log = Log(), limits: AccessSettings.Limits = .init()) throws
        -> Telehealth_V1_TelehealthServiceClient
    {
        let service = WhoIsCalling()
        var settings = AccessSettings()
        settings.limits = limits
        let access = try AccessInterceptor(
            services: [service], settings: settings,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            keepRefusal: { (_, _, _, reason) async throws(TelehealthError) in
                log.reasons.withLock { $0.append(reason) }
            },
            noteLimited: { (method, caller, _, reason) in
                log.limited.withLock { $0.append("\(method) \(caller?.subject ?? "-") \(reason)") }
            }, tokens: Self.tokens(tokens))
        return Telehealth_V1_TelehealthServiceClient(
            try InProcessChannel(services: [service], interceptors: [access]))
    }

    private func subject(_ client: Telehealth_V1_TelehealthServiceClient, token: String?) async throws
        -> String
    {
        var options = CallOptions()
        if let token { options.metadata = ["authorization": "Bearer " + token] }
        return try await client.getSession(.with { $0.key = .sessionID("s-1") }, options: options).session?.sessionID ?? ""
    }

    @Test func `a handler is told who calls`() async throws {
        let subject = try await subject(client(["t-1": .clinician]), token: "t-1")
        #expect(subject == "t-1")
    }

    @Test(arguments: [(nil, "TOKEN_MISSING"), ("t-2", "TOKEN_EXPIRED")] as [(String?, String)])
    func `a call that is not let in is kept, never reaches the handler and says why`(
        token: String?, reason: String
    ) async throws {
        let log = Log()
        let error = await #expect(throws: RPCError.self) {
            try await subject(client(["t-1": .clinician], log), token: token)
        }
        #expect(log.reasons.withLock { $0 } == [reason])
        #expect(error?.code == .unauthenticated && error?.isFromPeer == true)
        #expect(error.flatMap(StatusDetails.reason(of:)) == reason)
    }

    @Test func `a call that a limit refuses waits for no audit row, and is noted with who it was`() async throws {
        let log = Log()
        var limits = AccessSettings.Limits()
        limits.byRole[.clinician] = RateLimit(perSecond: 0.001, burst: 1)
        let client = try client(["t-1": .clinician], log, limits: limits)
        _ = try await subject(client, token: "t-1")
        let error = await #expect(throws: RPCError.self) { try await subject(client, token: "t-1") }
        #expect(error.flatMap(StatusDetails.reason(of:)) == "RATE_LIMITED")
        #expect(log.reasons.withLock { $0 }.isEmpty)
        #expect(log.limited.withLock { $0 } == ["GetSession t-1 RATE_LIMITED"])
    }
}
