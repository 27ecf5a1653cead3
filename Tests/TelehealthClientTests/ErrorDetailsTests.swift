import GRPCStandardAPI
import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient
import TelehealthTesting
import Testing

@Suite("Errors of the service, read by the client", .timeLimit(.minutes(1))) struct ErrorDetailsTests {
    /// The error that a call ends with when the service answers this one.
    private func received(_ error: RPCError) async throws -> RPCError {
        var caught: RPCError?
        try await Loopback.run { loopback, client in
            loopback.service.sessions.join.failNext(error)
            caught = await #expect(throws: RPCError.self) {
                try await client.sessions.join(.with { $0.key = .sessionID("s") })
            }
        }
        return try #require(caught)
    }

    @Test func `a missing consent names its type`() async throws {
        let detail = Telehealth_V1_MissingConsentDetail.with {
            $0.missing = [.with { $0.type = "georgia_telehealth" }, .with { $0.type = "hipaa_telehealth" }]
        }
        let error = try await received(
            .refusal(.consentMissing, details: [detail]))
        #expect(error.isFromPeer)
        #expect(error.reason == "CONSENT_MISSING")
        #expect(error.errorInfo?.domain == "telehealth.v1")
        #expect(error.missingConsents.map(\.type) == ["georgia_telehealth", "hipaa_telehealth"])
        #expect(error.badFields.isEmpty)
    }

    @Test func `bad input names the field`() async throws {
        let detail = Google_Rpc_BadRequest.with {
            $0.fieldViolations = [
                .with {
                    $0.field = "pre_visit_check.location_state"; $0.description = "two letters"
                }
            ]
        }
        let error = try await received(
            .refusal(.invalidField, details: [detail]))
        #expect(error.badFields.map(\.field) == ["pre_visit_check.location_state"])
        #expect(error.missingConsents.isEmpty)
    }

    @Test func `a wrong state says which state holds`() async throws {
        let detail = Telehealth_V1_SessionStateDetail.with { $0.status = .completed }
        let error = try await received(
            .refusal(.invalidState, details: [detail]))
        #expect(error.sessionState?.status == .completed)
    }

    @Test(arguments: [
        (Int64.max, Int32.max, Duration.seconds(86_400)), (.min, .min, .zero), (-1, 0, .zero), (86_401, 0, .seconds(86_400)),
        (2, 500_000_000, .milliseconds(2500)),
    ])
    func `a wish to wait is followed for a day at most`(seconds: Int64, nanos: Int32, wait: Duration) throws {
        let detail = Google_Rpc_RetryInfo.with { $0.retryDelay = .with { ($0.seconds, $0.nanos) = (seconds, nanos) } }
        let error = RPCError.refusal(.storeUnavailable, details: [detail])
        #expect(error.retryDelay == wait)
    }

    @Test(arguments: [[], [0xFF], Array("no status".utf8)] as [[UInt8]])
    func `an error without readable details has no reason`(details: [UInt8]) async throws {
        let error = try await received(RPCError(.internal, "broken", statusDetails: details))
        #expect(error.code == .internal)
        #expect(error.reason == nil)
        #expect(error.retryDelay == nil)
        #expect(error.sessionState == nil)
    }
}
