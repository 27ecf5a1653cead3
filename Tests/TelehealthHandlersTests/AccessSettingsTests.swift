import GRPCStandardAPI
import Pacing
import ProtobufWire
import RPCModel
import Synchronization
import TelehealthAPI
import TelehealthEngine
import TelehealthModel
import Testing

@testable import TelehealthHandlers

@Suite("Access beyond the table") struct AccessSettingsTests {
    private typealias Method = Telehealth_V1_TelehealthService_Methods
    private static let now = Timestamp(microseconds: 1_790_000_000_000_000)

    /// A monotonic clock that a test moves.
    private final class Clock: Sendable {
        private let start = ContinuousClock.now
        private let elapsed = Mutex(Duration.zero)
        var now: ContinuousClock.Instant { start + elapsed.withLock { $0 } }
        func advance(_ duration: Duration) { elapsed.withLock { $0 += duration } }
    }

    /// Tokens are roles' names; those that were verified once are known.
    private func authenticator(_ settings: AccessSettings, clock: Clock = Clock()) throws -> CallAuthenticator
    {
        let seen = Mutex<[String: Caller]>([:])
        return CallAuthenticator(
            table: try AccessTable(covering: [MethodsOnly.whole]), settings: settings, now: { Self.now },
            monotonic: { clock.now },
            tokens: TokenReading(
                known: { token, _ in seen.withLock { $0[token] } }, deservesCheck: { $0.hasPrefix("c") }
            ) { (token, _) throws(TokenRefusal) in
                guard let role = Role(rawValue: token) else {
                    throw TokenRefusal(reason: "TOKEN_INVALID", message: "")
                }
                let caller = Caller(
                    subject: Subject(token), role: role, clinicianID: role == .clinician ? SubjectID("doc-9") : nil,
                    expiresAt: Self.now + .seconds(3600))
                seen.withLock { $0[token] = caller }
                return caller
            })
    }

    private func context(
        _ method: MethodDescriptor, _ headers: [String: String] = [:], address: String = "203.0.113.9:1",
        identity: CallPeer.VerifiedIdentity? = nil, binary: (name: String, value: [UInt8])? = nil
    ) -> ServerCallContext {
        context(
            method, headers, binary: binary,
            on: CallPeer(address: address, isEncrypted: identity != nil, verifiedIdentity: identity))
    }

    private func context(
        _ method: MethodDescriptor, _ headers: [String: String] = [:],
        binary: (name: String, value: [UInt8])? = nil, on peer: CallPeer
    ) -> ServerCallContext {
        var metadata = Metadata()
        for (name, value) in headers { metadata.append(name, value) }
        if let binary { metadata.append(binary.name, binary: binary.value) }
        return ServerCallContext(method: method, metadata: metadata, deadline: nil, peer: peer)
    }

    private func refusal(_ authenticator: CallAuthenticator, _ context: ServerCallContext) -> (
        RPCError.Code, String?
    )? {
        do throws(RPCError) {
            try authenticator.admit(context)
            return nil
        } catch {
            return (error.code, StatusDetails.reason(of: error))
        }
    }

    @Test("a listed certificate is a service; an unlisted or missing one is unauthenticated; a token goes before it")
    func certificates() throws {
        var settings = AccessSettings()
        settings.services = [
            "dns:desk.clinic.test": .init(subject: "desk", role: .service),
            "uri:spiffe://clinic/calendar": .init(subject: "calendar", role: .scheduler),
        ]
        let authenticator = try authenticator(settings)
        let desk = context(Method.getSession, identity: .init(dnsNames: ["other.test", "DESK.clinic.test"]))
        try authenticator.admit(desk)
        #expect(desk[CallerKey.self]?.subject == "desk" && desk[CallerKey.self]?.role == .service)
        #expect(desk[CallerKey.self]?.expiresAt == Self.now + .seconds(3600))
        let calendar = context(Method.createSession, identity: .init(uris: ["spiffe://clinic/calendar"]))
        try authenticator.admit(calendar)
        #expect(calendar[CallerKey.self]?.role == .scheduler)
        for identity in [
            nil, CallPeer.VerifiedIdentity(commonName: "desk.clinic.test", dnsNames: ["evil.test"]),
        ] {
            let stranger = context(Method.getSession, identity: identity)
            #expect(refusal(authenticator, stranger)?.1 == "TOKEN_MISSING")
        }
        let both = context(
            Method.getSession, ["authorization": "Bearer client"],
            identity: .init(dnsNames: ["desk.clinic.test"]))
        try authenticator.admit(both)
        #expect(both[CallerKey.self]?.role == .client)
        // The role's own table holds for a service too.
        let join = context(Method.joinSession, identity: .init(dnsNames: ["desk.clinic.test"]))
        #expect(refusal(authenticator, join)?.1 == "ROLE_NOT_ALLOWED")
    }

    @Test("an identity that calls too often is told when again, and nobody else is")
    func limitsPerIdentity() throws {
        var settings = AccessSettings()
        settings.limits.byRole[.client] = RateLimit(perSecond: 10, burst: 2)
        let clock = Clock()
        let authenticator = try authenticator(settings, clock: clock)
        let call = { self.context(Method.getSession, ["authorization": "Bearer client"]) }
        for _ in 0..<2 { #expect(refusal(authenticator, call()) == nil) }
        let error = #expect(throws: RPCError.self) { try authenticator.admit(call()) }
        #expect(error?.code == .resourceExhausted)
        let status = try Google_Rpc_Status(decoding: try #require(error?.statusDetails))
        let retry = try #require(status.details.first { $0.typeURL.hasSuffix(Google_Rpc_RetryInfo.fullName) })
        let delay = try #require(try Google_Rpc_RetryInfo(decoding: retry.value).retryDelay)
        #expect(delay.seconds == 0 && delay.nanos == 100_000_000)
        #expect(refusal(authenticator, context(Method.getSession, ["authorization": "Bearer admin"])) == nil)
        clock.advance(.milliseconds(100))
        #expect(refusal(authenticator, call()) == nil)
    }

    private func call(_ token: String, on peer: CallPeer) -> ServerCallContext {
        context(Method.getSession, ["authorization": "Bearer " + token], on: peer)
    }

    private func guessing(_ limit: RateLimit = RateLimit(perSecond: 1, burst: 3)) throws
        -> (authenticator: CallAuthenticator, guesser: CallPeer)
    {
        var settings = AccessSettings()
        settings.limits.refused = limit
        let authenticator = try authenticator(settings)
        // Known from before the guesses.
        try authenticator.admit(call("admin", on: CallPeer(address: "203.0.113.9:1")))
        let guesser = CallPeer(address: "203.0.113.9:2")
        for _ in 1...3 { #expect(refusal(authenticator, call("wrong", on: guesser))?.1 == "TOKEN_INVALID") }
        #expect(refusal(authenticator, call("wrong", on: guesser))?.1 == "RATE_LIMITED")
        return (authenticator, guesser)
    }

    @Test func `who guesses tokens is held off before they are looked at, other addresses are not`() throws {
        let (authenticator, guesser) = try guessing()
        #expect(refusal(authenticator, call("scheduler", on: guesser))?.1 == "RATE_LIMITED")
        #expect(refusal(authenticator, call("scheduler", on: CallPeer(address: "203.0.113.10:4"))) == nil)
        #expect(authenticator.limits.refusedCalls == ["too_many_refusals_of_address": 2])
    }

    @Test func `a known token passes whatever others behind its address, or on its connection, tried`() throws {
        let (authenticator, guesser) = try guessing()
        for _ in 1...100 {
            #expect(refusal(authenticator, call("admin", on: guesser)) == nil)
            #expect(refusal(authenticator, call("wrong", on: guesser))?.1 == "RATE_LIMITED")
        }
    }

    @Test func `a new token passes behind a guesser's address on a connection that had no refusal`() throws {
        let (authenticator, _) = try guessing()
        let peer = CallPeer(address: "203.0.113.9:3")
        #expect(refusal(authenticator, call("service", on: peer)) == nil)
        #expect(refusal(authenticator, call("wrong", on: peer))?.1 == "TOKEN_INVALID")
        #expect(refusal(authenticator, call("scheduler", on: peer))?.1 == "RATE_LIMITED")
    }

    @Test func `a new token that only its signature can tell from a good one has a budget of its own`() throws {
        let (authenticator, guesser) = try guessing()
        for _ in 1...10 {
            #expect(refusal(authenticator, call("wrong", on: guesser))?.1 == "RATE_LIMITED")
        }
        // Roles that begin so are good, and cost it nothing; what is forged uses it up.
        for token in ["client", "clinician"] { #expect(refusal(authenticator, call(token, on: guesser)) == nil) }
        for number in 1...3 {
            #expect(refusal(authenticator, call("c-forged-\(number)", on: guesser))?.1 == "TOKEN_INVALID")
        }
        #expect(refusal(authenticator, call("c-forged-4", on: guesser))?.1 == "RATE_LIMITED")
        #expect(refusal(authenticator, call("client", on: guesser)) == nil, "known by now")
    }

    @Test func `good new tokens cost their address nothing`() throws {
        var settings = AccessSettings()
        settings.limits.refused = RateLimit(perSecond: 1, burst: 2)
        let authenticator = try authenticator(settings)
        let peer = CallPeer(address: "203.0.113.9:1")
        for role in Role.allCases where role != .guest { _ = refusal(authenticator, call(role.rawValue, on: peer)) }
        for _ in 1...2 { #expect(refusal(authenticator, call("wrong", on: peer))?.1 == "TOKEN_INVALID") }
        #expect(refusal(authenticator, call("wrong", on: peer))?.1 == "RATE_LIMITED")
    }

    @Test func `refused grants count as refused tokens do, and other ends of the call do not`() throws {
        let (authenticator, guesser) = try guessing()
        let redeem = { self.context(Telehealth_V1_ParticipantService_Methods.redeemInvitation, on: guesser) }
        #expect(refusal(authenticator, redeem())?.1 == "RATE_LIMITED")

        var settings = AccessSettings()
        settings.limits.refused = RateLimit(perSecond: 1, burst: 3)
        let other = try self.authenticator(settings)
        let ends: [RPCError?] = [
            nil, RPCError(.unavailable, ""), RPCError(.invalidArgument, ""), RPCError(.unauthenticated, ""),
            RPCError(.failedPrecondition, ""), RPCError(.unauthenticated, ""),
        ]
        for end in ends {
            let call = redeem()
            #expect(refusal(other, call) == nil)
            other.ended(call, end)
        }
        let late = redeem()
        #expect(refusal(other, late)?.1 == "RATE_LIMITED")
        // What was refused by the limit gives nothing back.
        other.ended(late, RPCError(.resourceExhausted, ""))
        #expect(refusal(other, redeem())?.1 == "RATE_LIMITED")
    }

    @Test func `open calls of an address are limited, of another they are not`() throws {
        var settings = AccessSettings()
        settings.limits.open = RateLimit(perSecond: 1, burst: 2)
        let authenticator = try authenticator(settings)
        let health = MethodDescriptor(service: "grpc.health.v1.Health", name: "Check")
        let reflection = MethodDescriptor(
            service: "grpc.reflection.v1.ServerReflection", name: "ServerReflectionInfo", isClientStreaming: true,
            isServerStreaming: true)
        let peer = CallPeer(address: "127.0.0.1:1")
        #expect(refusal(authenticator, context(health, on: peer)) == nil)
        #expect(refusal(authenticator, context(reflection, on: peer)) == nil)
        for method in [health, reflection, Telehealth_V1_ParticipantService_Methods.redeemInvitation] {
            #expect(refusal(authenticator, context(method, on: peer))?.1 == "RATE_LIMITED")
        }
        #expect(refusal(authenticator, context(health, on: CallPeer(address: "127.0.0.2:1"))) == nil)
        #expect(authenticator.limits.refusedCalls == ["too_many_open_calls_of_address": 3])
    }

    @Test("an emergency needs a reason, a clinician and a call that it counts for; then it is short")
    func emergencies() throws {
        var settings = AccessSettings()
        settings.emergencyLasts = .seconds(900)
        let authenticator = try authenticator(settings)
        func call(_ method: MethodDescriptor, _ role: String, _ reason: String) -> ServerCallContext {
            context(
                method, ["authorization": "Bearer \(role)", "telehealth-emergency-reason": reason])
        }
        let reason = "client collapsed, clinician of the visit not reachable"
        let good = call(Method.getSession, "clinician", reason)
        try authenticator.admit(good)
        #expect(good[CallerKey.self]?.emergencyReason == reason)
        #expect(good[CallerKey.self]?.expiresAt == Self.now + .seconds(900))
        let saysNothing = [
            "", "short", String(repeating: " ", count: 20), String(repeating: "x", count: 501),
            String(repeating: "\0", count: 20), String(repeating: "\u{A0}", count: 20),
            String(repeating: "\u{200B}", count: 20), "-- ... ???? !!!! ----", "client collapsed\0, no breath",
            "client collapsed\u{9B}2J, no breath",
        ].map { Array($0.utf8) } + [Array("client collapsed \u{FF}".utf8.dropLast()) + [0xFF]]
        for reason in saysNothing {
            let call = context(
                Method.getSession, ["authorization": "Bearer clinician"],
                binary: ("telehealth-emergency-reason-bin", reason))
            #expect(refusal(authenticator, call)?.1 == "EMERGENCY_REASON_INVALID")
        }
        #expect(
            refusal(authenticator, call(Method.getSession, "client", reason))?.1 == "EMERGENCY_NOT_ALLOWED")
        #expect(
            refusal(authenticator, call(Method.endSession, "clinician", reason))?.1 == "EMERGENCY_NOT_ALLOWED"
        )
        settings.emergencyLasts = nil
        let off = try self.authenticator(settings)
        #expect(refusal(off, call(Method.getSession, "clinician", reason))?.1 == "EMERGENCY_NOT_ALLOWED")
    }
}
