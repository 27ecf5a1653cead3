import Foundation
import ProtobufWire
import RPCModel
import TelehealthAPI
internal import TelehealthModel

/// One way to keep a service busy, step by step.
final class Attack {
    struct Scene {
        let target: String
        let source: String
        let clinic: Clinic

        var port: UInt16 { target.split(separator: ":").last.flatMap { UInt16($0) } ?? 0 }
    }

    struct Count {
        var connections = 0
        var requests = 0
        var answers = 0
    }

    /// What a call sends.
    private struct Call {
        let fields: [UInt8]
        let message: [UInt8]
    }

    private static let floodConnections = 8
    private static let floodInFlight = 100
    /// Of each slow reader; the server allows 128.
    private static let unreadCalls = 100
    private static let slowConnections = 100
    private static let silentConnections = 2000
    /// Connections made in one step.
    private static let connectsPerStep = 20

    private let kind: AttackCommand.Kind
    private let scene: Scene
    private let calls: [Call]
    private var connections: [AttackConnection] = []
    private var answersOfGone = 0
    private var made = 0
    private var requests = 0

    init(_ kind: AttackCommand.Kind, _ scene: Scene) throws {
        self.kind = kind
        self.scene = scene
        calls = try Self.calls(kind, scene.clinic)
    }

    var count: Count {
        Count(
            connections: made, requests: requests, answers: connections.reduce(answersOfGone) { $0 + $1.answers })
    }

    /// Does a little of it.
    ///
    /// - Returns: whether there was anything to do.
    func step() -> Bool {
        var didSomething = connect()
        for connection in connections {
            didSomething = connection.receive() || didSomething
            didSomething = call(on: connection) || didSomething
        }
        let gone = connections.filter { !$0.isOpen || !$0.streamsLeft }
        answersOfGone += gone.reduce(0) { $0 + $1.answers }
        if !gone.isEmpty { connections.removeAll { !$0.isOpen || !$0.streamsLeft } }
        return didSomething
    }

    private func connect() -> Bool {
        let (wanted, settings): (Int, [(UInt16, UInt32)]?) =
            switch kind {
            case .silentConnections: (Self.silentConnections, nil)
            // No window: not a byte of an answer may be sent.
            case .slowReaders: (Self.slowConnections, [(4, 0)])
            case .badTokens, .forgedGrants, .rapidResets, .adminReads: (Self.floodConnections, [])
            }
        let missing = min(wanted - connections.count, Self.connectsPerStep)
        for _ in 0..<max(0, missing) {
            guard let connection = AttackConnection(port: scene.port, source: scene.source, settings: settings) else {
                return false
            }
            made += 1
            connections.append(connection)
        }
        return missing > 0
    }

    private func call(on connection: AttackConnection) -> Bool {
        switch kind {
        case .silentConnections: return false
        case .rapidResets: return send(Self.floodInFlight, on: connection, isReset: true)
        case .slowReaders: return send(Self.unreadCalls - connection.inFlight, on: connection)
        case .badTokens, .forgedGrants, .adminReads:
            return send(Self.floodInFlight - connection.inFlight, on: connection)
        }
    }

    private func send(_ count: Int, on connection: AttackConnection, isReset: Bool = false) -> Bool {
        guard count > 0, connection.isOpen, !connection.isBlocked else { return false }
        for _ in 0..<count {
            let call = calls[requests % calls.count]
            connection.request(call.fields, call.message, isReset: isReset)
            requests += 1
        }
        return true
    }

    // MARK: Calls

    private static func calls(_ kind: AttackCommand.Kind, _ clinic: Clinic) throws -> [Call] {
        typealias Visits = Telehealth_V1_TelehealthService_Methods
        let unknown = Telehealth_V1_GetSessionRequest.with { $0.key = .sessionID(UUID().uuidString.lowercased()) }
        switch kind {
        case .silentConnections:
            return []
        case .badTokens:
            // All but the signature is a good token's: only a check of the signature can tell.
            let good = try clinic.token(.client, "besieger").split(separator: ".").map(String.init)
            return (0..<1000).map { number in
                let forged = "\(good[0]).\(good[1]).\(good[2].dropLast(4))\(String(format: "%04d", number))"
                return call(Visits.getSession, unknown, token: forged)
            }
        case .forgedGrants:
            return (0..<1000).map { number in
                let request = Telehealth_V1_RedeemInvitationRequest.with {
                    $0.requestID = UUID().uuidString.lowercased()
                    $0.grant = "thg1.grant.a.guest.b.4102444800." + String(format: "%064x", number)
                }
                return call(Telehealth_V1_ParticipantService_Methods.redeemInvitation, request, token: nil)
            }
        case .slowReaders:
            let token = try clinic.token(.client, "besieger")
            return [
                call(
                    Telehealth_V1_ConsentDocumentService_Methods.listPlacePolicies,
                    Telehealth_V1_ListPlacePoliciesRequest(), token: token)
            ]
        case .rapidResets:
            return [call(Visits.getSession, unknown, token: try clinic.token(.client, "besieger"))]
        case .adminReads:
            let token = try clinic.token(.admin, "besieger")
            return [
                call(
                    Telehealth_V1_AuditService_Methods.listAuditEvents,
                    Telehealth_V1_ListAuditEventsRequest.with { $0.pageSize = 200 }, token: token),
                call(
                    Telehealth_V1_AuditService_Methods.verifyAuditLog, Telehealth_V1_VerifyAuditLogRequest(),
                    token: token),
                call(
                    Telehealth_V1_OperationsService_Methods.checkDatabase, Telehealth_V1_CheckDatabaseRequest(),
                    token: token),
                call(
                    Telehealth_V1_OperationsService_Methods.getServiceStatus, Telehealth_V1_GetServiceStatusRequest(),
                    token: token),
            ]
        }
    }

    private static func call(_ method: MethodDescriptor, _ request: some Message, token: String?) -> Call {
        Call(
            fields: AttackConnection.fields(path: method.path, token: token), message: request.encodedBytes())
    }
}
