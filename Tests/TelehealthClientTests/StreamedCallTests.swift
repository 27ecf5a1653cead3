import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient
import TelehealthTesting
import Testing

@Suite("Streams of the client", .timeLimit(.minutes(1))) struct StreamedCallTests {
    @Test func `a check of the log tells its progress and returns its result`() async throws {
        let service = ScriptedService()
        let result = Telehealth_V1_AuditVerification.with { ($0.isWhole, $0.rowsChecked) = (true, 7) }
        service.audit.verifyLog.answerNext([
            .with { $0.message = .progress(.with { ($0.phase, $0.done, $0.total) = (.log, 3, 7) }) },
            .with { $0.message = .result(result) },
        ])
        let verification = try await service.client().audit.verifyLog(.with { $0.fromNumber = 2 }) { progress in
            #expect(progress == .with { ($0.phase, $0.done, $0.total) = (.log, 3, 7) })
        }
        #expect(verification == result && service.audit.verifyLog.requests == [.with { $0.fromNumber = 2 }])
    }

    @Test func `a check of the database returns what is wrong, also after the service was away`() async throws {
        let service = ScriptedService()
        service.operations.checkDatabase.failNext(RPCError(.unavailable, "restarting"))
        service.operations.checkDatabase.answerNext([.with { $0.message = .result(.with { $0.problems = ["a", "b"] }) }])
        let problems = try await service.client().operations.checkDatabase()
        #expect(problems == ["a", "b"] && service.calls.count == 2)
    }

    @Test func `an export of the log is read part by part, with a token, and is not repeated when it breaks off`()
        async throws
    {
        let service = ScriptedService()
        let parts = (1...2).map { number in
            Telehealth_V1_ExportAuditLogResponse.with { $0.events = [.with { $0.number = number }] }
        }
        service.audit.exportLog.answerNext(parts, then: .failure(.refusal(.auditUnavailable)))
        var seen: [Telehealth_V1_ExportAuditLogResponse] = []
        let error = await #expect(throws: RPCError.self) {
            for try await part in try await service.client().audit.exportLog() { seen.append(part) }
        }
        #expect(seen == parts && error?.reason == "AUDIT_UNAVAILABLE")
        #expect(service.calls.map(\.bearerToken) == ["test"])
    }
}
