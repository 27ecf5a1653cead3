import RPCModel
import TelehealthAPI
import TelehealthModel
import Testing

@testable import TelehealthHandlers

/// Offers methods without answering them.
struct MethodsOnly: RPCService {
    let methods: [MethodDescriptor]
    var routes: [ServerRoute] {
        methods.map { method in
            ServerRoute(method) { (_, _) async throws(RPCError) in throw RPCError(.unimplemented, "") }
        }
    }

    static let whole = MethodsOnly(
        methods: Telehealth_V1_AppointmentService_Methods.all + Telehealth_V1_TelehealthService_Methods.all
            + Telehealth_V1_ParticipantService_Methods.all
            + Telehealth_V1_ConsentService_Methods.all + Telehealth_V1_ConsentDocumentService_Methods.all
            + Telehealth_V1_PersonService_Methods.all
            + Telehealth_V1_RecordingService_Methods.all + Telehealth_V1_EventsService_Methods.all
            + Telehealth_V1_QualityService_Methods.all
            + Telehealth_V1_AuditService_Methods.all + Telehealth_V1_OperationsService_Methods.all)
}

@Suite("Access table") struct AccessTableTests {
    static let contracts = Dictionary(uniqueKeysWithValues: AccessTable.contracts.map { ($0.method.path, $0.option) })

    static let calls = MethodsOnly.whole.methods.flatMap { method in Role.allCases.map { (method, $0) } }

    @Test(arguments: calls)
    func `each role is let into exactly the calls that are its own`(method: MethodDescriptor, role: Role)
        throws
    {
        let contract = try #require(Self.contracts[method.path], "a method without a contract")
        if contract.open {
            let context = Call.context(method)
            try Call.authenticator().admit(context)
            #expect(context[CallerKey.self] == nil)
            return
        }
        let isExpected = contract.roles.contains { Role($0) == role }
        let context = Call.context(method, authorization: "Bearer \(role.rawValue)")
        if isExpected {
            try Call.authenticator().admit(context)
            #expect(context[CallerKey.self]?.role == role)
        } else {
            let error = #expect(throws: RPCError.self) { try Call.authenticator().admit(context) }
            #expect(error?.code == .permissionDenied)
            #expect(error.flatMap(StatusDetails.reason(of:)) == "ROLE_NOT_ALLOWED")
            #expect(context[CallerKey.self] == nil)
        }
    }

    @Test func `each role of the contracts is a caller's, and each caller's role is in some contract`() {
        let named = Set(Self.contracts.values.flatMap(\.roles))
        #expect(named.allSatisfy { Role($0) != nil } && Set(named.compactMap(Role.init)) == Set(Role.allCases))
        #expect(Self.contracts.values.allSatisfy { $0.open == $0.roles.isEmpty })
    }

    @Test func `a method without a contract keeps the service from starting`() {
        let extra = MethodDescriptor(service: "telehealth.v1.TelehealthService", name: "EraseEverything")
        let error = #expect(throws: AccessTableGap.self) {
            try AccessTable(covering: [MethodsOnly.whole, MethodsOnly(methods: [extra])])
        }
        #expect(error?.methods == [extra.path])
    }

    @Test func `a contract without a method keeps the service from starting`() {
        let rest = MethodsOnly(methods: Array(MethodsOnly.whole.methods.dropFirst()))
        #expect(throws: AccessTableGap(methods: [MethodsOnly.whole.methods[0].path])) {
            try AccessTable(covering: [rest])
        }
    }

    @Test func `health needs no token, reflection needs this machine or an admin`() throws {
        let health = MethodDescriptor(service: "grpc.health.v1.Health", name: "Check")
        try Call.authenticator().admit(Call.context(health, address: "203.0.113.9:1"))
        let reflection = MethodDescriptor(
            service: "grpc.reflection.v1.ServerReflection", name: "ServerReflectionInfo")
        try Call.authenticator().admit(Call.context(reflection, address: "127.0.0.1:1"))
        let far = "203.0.113.9:1"
        #expect(throws: RPCError.self) {
            try Call.authenticator().admit(Call.context(reflection, address: far))
        }
        #expect(throws: RPCError.self) {
            try Call.authenticator().admit(
                Call.context(reflection, authorization: "Bearer client", address: far))
        }
        try Call.authenticator().admit(Call.context(reflection, authorization: "Bearer admin", address: far))
    }

    @Test(
        arguments: [
            (nil, "TOKEN_MISSING"), ("", "TOKEN_INVALID"), ("admin", "TOKEN_INVALID"),
            ("Basic admin", "TOKEN_INVALID"),
            ("Bearer nobody", "TOKEN_EXPIRED"),
        ] as [(String?, String)])
    func `a call without a good token is told why`(authorization: String?, reason: String) {
        let context = Call.context(
            Telehealth_V1_TelehealthService_Methods.getSession, authorization: authorization)
        let error = #expect(throws: RPCError.self) { try Call.authenticator().admit(context) }
        #expect(error?.code == .unauthenticated)
        #expect(error.flatMap(StatusDetails.reason(of:)) == reason)
    }

    @Test(arguments: [
        ("127.0.0.1:5", true), ("127.8.8.8:5", true), ("[::1]:5", true), ("unix:", true),
        ("in-process", true),
        ("10.0.0.1:5", false), ("[::ffff:127.0.0.1]:5", false), ("128.0.0.1:5", false), ("", false),
    ])
    func `only this machine's addresses are local`(address: String, isLocal: Bool) {
        #expect(
            Call.context(Telehealth_V1_TelehealthService_Methods.getSession, address: address).isLocal
                == isLocal)
    }
}

/// Calls with made-up callers: the token is the role's name.
enum Call {
    static func authenticator() throws -> CallAuthenticator {
        CallAuthenticator(
            table: try AccessTable(covering: [MethodsOnly.whole]),
            tokens: TokenReading { (token, _) throws(TokenRefusal) in
                guard let role = Role(rawValue: token) else {
                    throw TokenRefusal(reason: "TOKEN_EXPIRED", message: "")
                }
                return Caller(subject: Subject(token), role: role, expiresAt: Timestamp(microseconds: .max))
            })
    }

    static func context(
        _ method: MethodDescriptor, authorization: String? = nil, address: String = "127.0.0.1:1"
    ) -> ServerCallContext {
        var metadata = Metadata()
        if let authorization { metadata.append("authorization", authorization) }
        return ServerCallContext(
            method: method, metadata: metadata, deadline: nil, peer: CallPeer(address: address))
    }
}
