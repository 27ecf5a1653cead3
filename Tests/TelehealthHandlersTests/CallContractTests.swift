import ProtobufWire
import RPCModel
import RPCServer
import ServiceSimulation
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

/// What holds for every call of the API, whatever it does: made with every method that a handler answers.
@Suite("Every call of the service", .timeLimit(.minutes(3))) struct CallContractTests {
    private static let callers: [(role: Role, token: String)] = People.all.map { ($0.role, People.token($0.role, $0.id)) }

    /// Makes a call with an empty request, which the access checks judge before anything else.
    private func call(_ service: SimulatedService, _ method: MethodDescriptor, token: String?) async -> Refusal? {
        let options = CallOptions(metadata: token.map { ["authorization": "Bearer " + $0] } ?? [:])
        let stream = service.channel.startCall(method, options: options)
        return await refusal {
            try stream.writeOnly(RawMessage())
            guard let _: RawMessage = try await stream.nextMessage() else { return }
            stream.abandon()
        }
    }

    @Test func `the services offer each method of the API once`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let offered = service.services.flatMap(\.routes).map(\.method.path)
        #expect(offered.count == AccessTable.contracts.count && Set(offered).count == offered.count)
        #expect(Set(offered) == Set(AccessTable.contracts.map(\.method.path)))
    }

    @Test func `a call without a token is refused by every method that is not open`() async throws {
        let service = try await SimulatedService(stage: .empty)
        for (method, contract) in AccessTable.contracts {
            let refused = await call(service, method, token: nil)
            if contract.open {
                #expect(refused?.reason != "TOKEN_MISSING", "\(method)")
            } else {
                #expect(refused == Refusal(.unauthenticated, "TOKEN_MISSING"), "\(method)")
            }
        }
    }

    @Test func `a role that the contract does not name is refused by every method, and a named one is not`()
        async throws
    {
        let service = try await SimulatedService(stage: .empty)
        for (method, contract) in AccessTable.contracts where !contract.open {
            let allowed = Set(contract.roles.compactMap(Role.init))
            #expect(!allowed.isEmpty, "\(method)")
            for (role, token) in Self.callers {
                let refused = await call(service, method, token: token)
                if allowed.contains(role) {
                    #expect(refused?.reason != "ROLE_NOT_ALLOWED", "\(method) by \(role)")
                } else {
                    #expect(refused == Refusal(.permissionDenied, "ROLE_NOT_ALLOWED"), "\(method) by \(role)")
                }
            }
        }
    }

    @Test func `a refused role is in the audit log under the method's name`() async throws {
        let service = try await SimulatedService(stage: .empty)
        _ = await call(service, Telehealth_V1_AuditService_Methods.exportAuditLog, token: People.token(.client, "client-1"))
        let entry = try #require(service.clinic.auditEntries.last)
        #expect(entry.action == "ExportAuditLog" && entry.subject == "client-1" && entry.outcome == .denied)
        #expect(entry.reason == "ROLE_NOT_ALLOWED")
    }

    @Test func `a request of unreadable bytes is refused by every method, and no handler sees it`() async throws {
        let service = try await SimulatedService(stage: .empty)
        for (method, contract) in AccessTable.contracts {
            let role = contract.roles.compactMap(Role.init).first ?? .admin
            let token = Self.callers.first { $0.role == role }?.token
            let options = CallOptions(metadata: token.map { ["authorization": "Bearer " + $0] } ?? [:])
            let stream = service.channel.startCall(method, options: options)
            let error = await #expect(throws: RPCError.self, "\(method)") {
                // Field 1 with a length that is not there.
                try stream.writeOnly(RawMessage(bytes: [0x0A, 0x7F]))
                let _: RawMessage? = try await stream.nextMessage()
            }
            #expect(error?.code == .internal, "\(method)")
        }
    }
}
