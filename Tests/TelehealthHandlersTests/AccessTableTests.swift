import RPCModel
import TelehealthAPI
import TelehealthCore
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
            + Telehealth_V1_PeopleService_Methods.all
            + Telehealth_V1_ConsentService_Methods.all + Telehealth_V1_ConsentPolicyService_Methods.all
            + Telehealth_V1_ConsentReceiptService_Methods.all
            + Telehealth_V1_RecordingService_Methods.all + Telehealth_V1_EventsService_Methods.all
            + Telehealth_V1_QualityService_Methods.all
            + Telehealth_V1_AuditService_Methods.all + Telehealth_V1_OperationsService_Methods.all)
}

@Suite("Access table") struct AccessTableTests {
    /// The table once more, in the words of the documentation: who may call what. `s` service, `c` scheduler,
    /// `t` clinician (treats), `p` client (person), `a` admin,
    /// `g` guest; `*` needs no token.
    static let expected: [String: String] = [
        "AppointmentService/PutAppointment": "ca", "AppointmentService/GetAppointment": "sctpa",
        "AppointmentService/CancelAppointment": "ca",
        "TelehealthService/CreateSession": "scta", "TelehealthService/GetSession": "sctpag",
        "TelehealthService/ListSessions": "sctpag", "TelehealthService/JoinSession": "tpg",
        "TelehealthService/AdmitParticipant": "t", "TelehealthService/WatchSession": "stpag",
        "TelehealthService/WatchSessions": "cta",
        "TelehealthService/Heartbeat": "tpg", "TelehealthService/UpdateSessionStatus": "sctpa",
        "TelehealthService/StartRecording": "t", "TelehealthService/StopRecording": "tpa",
        "TelehealthService/ListRecordings": "tpa", "TelehealthService/GetRecordingPlaybackUrl": "tpa",
        "TelehealthService/StartScreenShare": "tp", "TelehealthService/StopScreenShare": "tp",
        "TelehealthService/LeaveSession": "tpg", "TelehealthService/CancelSession": "sctpa",
        "TelehealthService/MarkNoShow": "cta", "TelehealthService/UndoNoShow": "cta",
        "TelehealthService/EndSession": "ta",
        "PeopleService/InviteParticipant": "cta", "PeopleService/RevokeInvitation": "cta",
        "PeopleService/RedeemInvitation": "*", "PeopleService/DenyParticipant": "ta",
        "PeopleService/ReturnToWaitingRoom": "ta", "PeopleService/RemoveParticipant": "ta",
        "PeopleService/SetParticipantCapabilities": "ta",
        "ConsentService/SubmitConsent": "tpag", "ConsentService/GetConsentStatus": "stpag",
        "ConsentService/UpdateConsent": "tpag", "ConsentService/RevokeConsent": "tpag",
        "ConsentService/ListConsents": "stpag", "ConsentService/PutConsentDocument": "a",
        "ConsentService/GetConsentDocument": "sctpag",
        "ConsentPolicyService/EvaluateConsent": "stpag", "ConsentPolicyService/ListConsentDocuments": "sctpa",
        "ConsentPolicyService/ListPlacePolicies": "sctpa",
        "ConsentReceiptService/GetConsentReceipt": "tpa", "ConsentReceiptService/GetReceiptKey": "sctpa",
        "ConsentReceiptService/ExportPersonRecord": "pa",
        "AuditService/ListAuditEvents": "a", "AuditService/ListSessionAccesses": "pa",
        "AuditService/VerifyAuditLog": "a", "AuditService/ExportAuditLog": "a",
        "AuditService/GetAuditProof": "a",
        "RecordingService/SetRecordingHold": "a", "RecordingService/ReleaseRecordingHold": "a",
        "RecordingService/SetRecordingRetention": "a", "RecordingService/LinkSessionNote": "ta",
        "RecordingService/GetRecordingManifest": "ta",
        "EventsService/IngestMeetingEvents": "sa",
        "QualityService/ReportClientMetrics": "tp", "QualityService/GetServiceReport": "a",
        "OperationsService/GetServiceStatus": "a", "OperationsService/BackupDatabase": "a",
        "OperationsService/CheckDatabase": "a", "OperationsService/ListFailedEffects": "a",
        "OperationsService/RetryEffect": "a",
    ]

    static let letters: [Role: Character] = [
        .service: "s", .scheduler: "c", .clinician: "t", .client: "p", .admin: "a",
        .guest: "g",
    ]

    static let calls = MethodsOnly.whole.methods.flatMap { method in Role.allCases.map { (method, $0) } }

    @Test(arguments: calls)
    func `each role is let into exactly the calls that are its own`(method: MethodDescriptor, role: Role)
        throws
    {
        let name = method.description.replacing("telehealth.v1.", with: "")
        let letters = try #require(Self.expected[name], "a method without a line in this test")
        if letters == "*" {
            let context = Call.context(method)
            try Call.authenticator().admit(context)
            #expect(context[CallerKey.self] == nil)
            return
        }
        let isExpected = letters.contains(try #require(Self.letters[role]))
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

    @Test func `a method without a row keeps the service from starting`() {
        let extra = MethodDescriptor(service: "telehealth.v1.TelehealthService", name: "EraseEverything")
        let error = #expect(throws: AccessTableGap.self) {
            try AccessTable(covering: [MethodsOnly.whole, MethodsOnly(methods: [extra])])
        }
        #expect(error?.methods == [extra.path])
    }

    @Test func `a row without a method keeps the service from starting`() {
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
