import GRPCStandardAPI
import ProtobufWire
import RPCModel
import Synchronization
import TelehealthAPI
import TelehealthCore
import Testing

@testable import TelehealthHandlers

@Suite("Access beyond the table") struct AccessSettingsTests {
    private typealias Method = Telehealth_V1_TelehealthService_Methods
    private static let now = Timestamp(microseconds: 1_790_000_000_000_000)

    private final class Clock: Sendable {
        let now = Mutex(AccessSettingsTests.now)
    }

    private func authenticator(_ settings: AccessSettings, clock: Clock = Clock()) throws -> CallAuthenticator
    {
        CallAuthenticator(
            table: try AccessTable(covering: [MethodsOnly.whole]), settings: settings,
            now: { clock.now.withLock { $0 } }
        ) { (token, _) throws(TokenRefusal) in
            guard let role = Role(rawValue: token) else {
                throw TokenRefusal(reason: "TOKEN_INVALID", message: "")
            }
            return Caller(
                subject: Subject(token), role: role, clinicianID: role == .clinician ? SubjectID("doc-9") : nil,
                expiresAt: Self.now + .seconds(3600))
        }
    }

    private func context(
        _ method: MethodDescriptor, _ headers: [String: String] = [:], address: String = "203.0.113.9:1",
        identity: CallPeer.VerifiedIdentity? = nil, binary: (name: String, value: [UInt8])? = nil
    ) -> ServerCallContext {
        var metadata = Metadata()
        for (name, value) in headers { metadata.append(name, value) }
        if let binary { metadata.append(binary.name, binary: binary.value) }
        return ServerCallContext(
            method: method, metadata: metadata, deadline: nil,
            peer: CallPeer(address: address, isEncrypted: identity != nil, verifiedIdentity: identity))
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

    @Test("a listed certificate is a service; an unlisted or missing one is nobody; a token goes before it")
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
        clock.now.withLock { $0 = Self.now + .milliseconds(100) }
        #expect(refusal(authenticator, call()) == nil)
    }

    @Test("an address that guesses tokens is held off before they are looked at, other addresses are not")
    func limitsPerAddress() throws {
        var settings = AccessSettings()
        settings.limits.refused = RateLimit(perSecond: 1, burst: 3)
        let authenticator = try authenticator(settings)
        let guess = { (port: Int) in
            self.context(Method.getSession, ["authorization": "Bearer wrong"], address: "203.0.113.9:\(port)")
        }
        for port in 1...3 { #expect(refusal(authenticator, guess(port))?.1 == "TOKEN_INVALID") }
        #expect(refusal(authenticator, guess(4))?.1 == "RATE_LIMITED")
        let good = context(Method.getSession, ["authorization": "Bearer admin"], address: "203.0.113.10:4")
        #expect(refusal(authenticator, good) == nil)
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
