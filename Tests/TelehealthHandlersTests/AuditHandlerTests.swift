import ProtobufWire
import RPCModel
import ServiceSimulation
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

@Suite("AuditService", .timeLimit(.minutes(3))) struct AuditHandlerTests {
    private typealias List = Telehealth_V1_ListAuditEventsRequest

    private func list(_ service: SimulatedService, _ ask: (inout List) -> Void = { _ in }) async throws
        -> [Telehealth_V1_AuditEvent]
    {
        let request = List.with(ask)
        return try await service.admin.audit.listEvents(request).events
    }

    @Test func `a row says who did what to whom, from where and how it ended`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        _ = try await service.patient.sessions.get(.with { $0.key = .sessionID(visit) })
        let row = try #require(try await list(service) { ($0.caller, $0.newestFirst) = ("client-1", true) }.first)
        #expect(
            row
                == .with {
                    $0.number = row.number
                    $0.occurTime = service.now
                    $0.caller = "client-1"
                    $0.role = .client
                    $0.source = row.source
                    $0.action = "GetSession"
                    $0.outcome = .allowed
                    $0.personID = row.personID
                    $0.sessionID = visit
                    $0.count = row.count
                    $0.previousMac = row.previousMac
                    $0.mac = row.mac
                })
        #expect(row.number > 0 && row.mac.count == 32 && row.previousMac.count == 32)
    }

    @Test func `each filter chooses rows, and several choose what all of them do`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        let before = service.now
        await service.clinic.live(for: .seconds(10))
        _ = await refusal {
            try await service.stranger.sessions.get(.with { $0.key = .sessionID(visit) })
        }
        _ = try await service.patient.sessions.get(.with { $0.key = .sessionID(visit) })
        let after = service.now
        let denied = try await list(service) { $0.outcome = .denied }
        #expect(denied.map(\.caller) == ["client-2"] && denied.map(\.reason) == ["SESSION_NOT_FOUND"])
        let reads = try await list(service) { $0.action = "GetSession" }
        #expect(reads.map(\.caller) == ["client-2", "client-1"])
        #expect(try await list(service) { $0.sessionID = visit }.allSatisfy { $0.sessionID == visit })
        #expect(try await list(service) { $0.personID = "client-1" }.allSatisfy { $0.personID == "client-1" })
        #expect(try await list(service) { $0.occurTimeFrom = after }.allSatisfy { $0.occurTime == after })
        #expect(
            try await list(service) { ($0.occurTimeFrom, $0.occurTimeBefore) = (before, after) }
                .allSatisfy { $0.occurTime == before })
        #expect(
            try await list(service) { ($0.action, $0.caller, $0.outcome) = ("GetSession", "client-1", .denied) } == [])
    }

    @Test(arguments: [false, true])
    func `pages hold every row once, oldest or newest first`(newestFirst: Bool) async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        let all = try await list(service) { ($0.sessionID, $0.newestFirst) = (visit, newestFirst) }
        // Asking leaves a row of its own in the log, of this session too.
        let paged = try await pages { token in
            let page = try await service.admin.audit.listEvents(
                .with {
                    ($0.sessionID, $0.newestFirst, $0.pageSize, $0.pageToken) = (visit, newestFirst, 3, token)
                    $0.action = "JoinSession"
                })
            return (page.events.map(\.number), page.nextPageToken)
        }
        let joins = all.filter { $0.action == "JoinSession" }.map(\.number)
        #expect(paged.flatMap(\.self) == joins && joins == (newestFirst ? joins.sorted(by: >) : joins.sorted()))
        let token = try await service.admin.audit.listEvents(.with { $0.pageSize = 1 }).nextPageToken
        let strange = await refusal {
            try await service.admin.audit.listEvents(.with { ($0.action, $0.pageToken) = ("GetSession", token) })
        }
        #expect(strange == .pageTokenInvalid)
    }

    @Test func `a client is shown who saw their visit, a line for each`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        let first = service.now
        _ = try await service.clinician.sessions.get(.with { $0.key = .sessionID(visit) })
        await service.clinic.live(for: .seconds(5))
        _ = try await service.clinician.sessions.get(.with { $0.key = .sessionID(visit) })
        _ = await refusal {
            try await service.otherClinician.sessions.get(.with { $0.key = .sessionID(visit) })
        }
        let report = try await service.patient.audit.listSessionAccesses(.with { $0.sessionID = visit })
        #expect(report.isComplete)
        let clinician = try #require(report.accesses.first { $0.caller == "clinician-1" })
        #expect(
            clinician
                == .with {
                    $0.caller = "clinician-1"
                    $0.role = .clinician
                    $0.firstAccessTime = first
                    $0.lastAccessTime = service.now
                    $0.calls = ["GetSession": 2]
                })
        let other = try #require(report.accesses.first { $0.caller == "clinician-2" })
        #expect(other.deniedCount == 1)
        let stranger = await refusal {
            try await service.stranger.audit.listSessionAccesses(.with { $0.sessionID = visit })
        }
        #expect(stranger == .noSession)
    }

    @Test func `a check of the log finds it whole, and says what it looked at`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let rows = Int64(service.clinic.rows.auditCount)
        let verification = try await service.admin.audit.verifyLog()
        // The check's own row is in the log, too.
        #expect(verification.isWhole && verification.rowsChecked == rows + 1)
        #expect(verification.throughNumber == rows + 1 && verification.findings.isEmpty && verification.findingCount == 0)
        #expect(verification.first == nil && verification.rootHash.count == 32)
    }

    @Test func `an export holds every row and then the signed head that covers them`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let rows = Int64(service.clinic.rows.auditCount) + 1
        var events: [Telehealth_V1_AuditEvent] = []
        var last: Telehealth_V1_ExportAuditLogResponse?
        for try await part in try await service.admin.audit.exportLog() {
            events += part.events
            last = part
        }
        #expect(events.map(\.number) == Array(1...rows))
        let head = try #require(last?.head)
        #expect(head.treeSize == rows && head.mac == events.last?.mac && head.rootHash.count == 32)
        #expect(head.signTime == service.now && !head.keyID.isEmpty && head.signature.count == 64)
        #expect(last?.headPublicKey.count == 32 && last?.events.isEmpty == true)
    }

    @Test func `an export may be of a range`() async throws {
        let service = try await SimulatedService(stage: .booked)
        var numbers: [Int64] = []
        let parts = try await service.admin.audit.exportLog(.with { ($0.fromNumber, $0.throughNumber) = (2, 4) })
        for try await part in parts { numbers += part.events.map(\.number) }
        #expect(numbers == [2, 3, 4])
        let backwards = Telehealth_V1_ExportAuditLogRequest.with { ($0.fromNumber, $0.throughNumber) = (4, 2) }
        let error = await #expect(throws: RPCError.self) {
            for try await _ in try await service.admin.audit.exportLog(backwards) {}
        }
        #expect(error.map(Refusal.init) == .fields("through_number"))
        let check = await refusal {
            try await service.admin.audit.verifyLog(.with { ($0.fromNumber, $0.throughNumber) = (4, 2) })
        }
        #expect(check == .fields("through_number"))
    }

    @Test func `a proof leads from a row to the head`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let answer = try await service.admin.audit.getProof(.with { $0.number = 3 })
        let head = try #require(answer.head)
        #expect(answer.event?.number == 3 && answer.headPublicKey.count == 32 && answer.leafHash.count == 32)
        #expect(!answer.path.isEmpty && answer.path.allSatisfy { $0.count == 32 } && head.rootHash.count == 32)
        let unknown = await refusal {
            try await service.admin.audit.getProof(.with { $0.number = 1_000_000 })
        }
        #expect(unknown == Refusal(.notFound, "AUDIT_EVENT_NOT_FOUND"))
    }

    @Test func `a log that cannot be written shows nothing`() async throws {
        let service = try await SimulatedService(stage: .booked)
        service.clinic.failRecording(with: .closed)
        let refused = await refusal { try await service.admin.audit.listEvents(.init()) }
        #expect(refused == Refusal(.unavailable, "AUDIT_UNAVAILABLE"))
    }
}
