import GRPCStandardAPI
import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthTesting
import Testing

@testable import TelehealthClient

/// What holds for every call that a client makes, whatever it is about.
@Suite("Every call of the client", .timeLimit(.minutes(1))) struct EveryCallTests {
    /// How a row's call was answered, and what the service was asked for it.
    struct Trace: Sendable {
        var isAnswered = false
        var error: RPCError?
        /// The requests as they came, without their ids.
        var requests: [[UInt8]] = []
        /// Empty for a call that has none.
        var requestIDs: [String] = []
        var tokens: [String?] = []
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let method: String
        let isChange: Bool
        let request: [UInt8]
        /// Makes the call, whose first attempts fail with these.
        let trace: @Sendable (_ failures: [RPCError]) async throws -> Trace

        var testDescription: String { method }
    }

    private static func row<Request: Message, Response: Message>(
        _ request: Request, _ script: @escaping @Sendable (ScriptedService) -> ScriptedCall<Request, Response>,
        _ call: @escaping @Sendable (TelehealthClient, Request) async throws -> Response
    ) -> Row {
        Row(
            method: Request.fullName.split(separator: ".").last.map { String($0.dropLast("Request".count)) } ?? "",
            isChange: request is any ChangeRequest, request: request.encodedBytes()
        ) { failures in
            let service = ScriptedService()
            let client = try service.client { $0.maxAttempts = failures.count + 1 }
            for failure in failures { script(service).failNext(failure) }
            var answer = Response()
            // A field of a later version tells this answer from an empty one.
            answer.unknownFields.append(field: 2_000, varint: 7)
            script(service).answerNext(answer)
            var trace = Trace()
            do {
                trace.isAnswered = try await call(client, request) == answer
            } catch let error as RPCError {
                trace.error = error
            }
            trace.tokens = service.calls.map(\.bearerToken)
            for request in script(service).requests {
                var rest = request
                if var change = request as? any ChangeRequest {
                    trace.requestIDs.append(change.requestID)
                    change.requestID = ""
                    rest = change as? Request ?? request
                }
                trace.requests.append(rest.encodedBytes())
            }
            return trace
        }
    }

    @Test func `every method that is answered by one message has its row`() {
        let methods = ScriptedService().routes.map(\.method).filter { !$0.isServerStreaming }.map(\.name)
        #expect(Set(Self.rows.map(\.method)) == Set(methods) && Self.rows.count == methods.count && methods.count > 50)
    }

    @Test(arguments: rows) func `a request arrives as it was made, and its answer as it was given`(row: Row) async throws {
        let trace = try await row.trace([])
        #expect(trace.error == nil && trace.isAnswered)
        #expect(trace.requests == [row.request] && trace.tokens == ["test"])
    }

    @Test(arguments: rows) func `a change keeps one request id through all its attempts, and what reads has none`(
        row: Row
    ) async throws {
        let trace = try await row.trace([RPCError(.unavailable, "restarting"), RPCError(.aborted, "conflict")])
        #expect(trace.isAnswered && trace.requests == [row.request, row.request, row.request])
        #expect(trace.requestIDs.count == (row.isChange ? 3 : 0) && Set(trace.requestIDs).count == (row.isChange ? 1 : 0))
        #expect(trace.requestIDs.allSatisfy { $0.count == 36 })
    }

    @Test(arguments: rows) func `a call that comes too often is made again when the service says so`(row: Row) async throws {
        let trace = try await row.trace([.refusal(.rateLimited, retryAfter: .milliseconds(1))])
        #expect(trace.error == nil && trace.isAnswered && trace.requests.count == 2)
        #expect(Set(trace.requestIDs).count == (row.isChange ? 1 : 0))
    }

    @Test(arguments: rows) func `a refusal reaches the caller with what it says, and is not repeated`(row: Row) async throws {
        let trace = try await row.trace([.refusal(.invalidState, metadata: ["status": "COMPLETED"])])
        #expect(trace.error?.code == .failedPrecondition && trace.error?.isFromPeer == true)
        #expect(trace.error?.reason == "INVALID_STATE" && trace.error?.errorInfo?.metadata["status"] == "COMPLETED")
        #expect(trace.requests.count == 1)
    }

    // MARK: Rows

    private static let moment = Google_Protobuf_Timestamp(seconds: 1_800_000_000)
    private static let later = Google_Protobuf_Timestamp(seconds: 1_800_003_600)

    private static let submission = Telehealth_V1_ConsentSubmission.with {
        ($0.decision, $0.method) = (.declined, .electronic)
        ($0.documentVersion, $0.language, $0.textSha256) = ("1.0", "en-US", Array(repeating: 1, count: 32))
    }

    private static let rows = visits + people + recordings + consents + others

    private static let visits: [Row] = [
        row(.with { $0.appointmentID = "a" }, { $0.sessions.create }) { try await $0.sessions.create($1) },
        row(.with { $0.key = .sessionID("s") }, { $0.sessions.get }) { try await $0.sessions.get($1) },
        row(.with { $0.clientID = "c" }, { $0.sessions.list }) { try await $0.sessions.list($1) },
        row(.with { $0.key = .appointmentID("a") }, { $0.sessions.join }) { try await $0.sessions.join($1) },
        row(.with { $0.sessionID = "s" }, { $0.sessions.heartbeat }) { try await $0.sessions.heartbeat($1) },
        row(.with { ($0.sessionID, $0.status) = ("s", .completed) }, { $0.sessions.updateStatus }) {
            try await $0.sessions.updateStatus($1)
        },
        row(.with { $0.sessionID = "s" }, { $0.sessions.startScreenShare }) { try await $0.sessions.startScreenShare($1) },
        row(.with { $0.sessionID = "s" }, { $0.sessions.stopScreenShare }) { try await $0.sessions.stopScreenShare($1) },
        row(.with { $0.sessionID = "s" }, { $0.sessions.leave }) { try await $0.sessions.leave($1) },
        row(.with { ($0.sessionID, $0.note) = ("s", "ill") }, { $0.sessions.cancel }) { try await $0.sessions.cancel($1) },
        row(.with { $0.sessionID = "s" }, { $0.sessions.markNoShow }) { try await $0.sessions.markNoShow($1) },
        row(.with { $0.sessionID = "s" }, { $0.sessions.undoNoShow }) { try await $0.sessions.undoNoShow($1) },
        row(.with { ($0.sessionID, $0.expectedVersion) = ("s", 7) }, { $0.sessions.end }) { try await $0.sessions.end($1) },
    ]

    private static let people: [Row] = [
        row(.with { ($0.sessionID, $0.participantID) = ("s", "p") }, { $0.participants.admit }) {
            try await $0.participants.admit($1)
        },
        row(.with { ($0.sessionID, $0.role) = ("s", .guest) }, { $0.participants.invite }) {
            try await $0.participants.invite($1)
        },
        row(.with { ($0.sessionID, $0.invitationID) = ("s", "i") }, { $0.participants.revokeInvitation }) {
            try await $0.participants.revokeInvitation($1)
        },
        row(.with { $0.grant = "grant" }, { $0.participants.redeemInvitation }) {
            try await $0.participants.redeemInvitation($1)
        },
        row(.with { ($0.sessionID, $0.participantID) = ("s", "p") }, { $0.participants.deny }) {
            try await $0.participants.deny($1)
        },
        row(.with { ($0.sessionID, $0.participantID) = ("s", "p") }, { $0.participants.returnToWaitingRoom }) {
            try await $0.participants.returnToWaitingRoom($1)
        },
        row(.with { ($0.sessionID, $0.participantID) = ("s", "p") }, { $0.participants.remove }) {
            try await $0.participants.remove($1)
        },
        row(
            .with {
                ($0.sessionID, $0.participantID) = ("s", "p")
                $0.capabilities = .with { ($0.audio, $0.video, $0.content) = (.send, .receive, .none) }
            }, { $0.participants.setCapabilities }
        ) { try await $0.participants.setCapabilities($1) },
    ]

    private static let recordings: [Row] = [
        row(.with { $0.sessionID = "s" }, { $0.recordings.start }) { try await $0.recordings.start($1) },
        row(.with { $0.sessionID = "s" }, { $0.recordings.stop }) { try await $0.recordings.stop($1) },
        row(.with { $0.sessionID = "s" }, { $0.recordings.list }) { try await $0.recordings.list($1) },
        row(.with { $0.recordingID = "r" }, { $0.recordings.getPlaybackUrl }) { try await $0.recordings.getPlaybackUrl($1) },
        row(.with { ($0.recordingID, $0.reason) = ("r", "case") }, { $0.recordings.setHold }) {
            try await $0.recordings.setHold($1)
        },
        row(.with { ($0.recordingID, $0.reason) = ("r", "case") }, { $0.recordings.releaseHold }) {
            try await $0.recordings.releaseHold($1)
        },
        row(.with { ($0.recordingID, $0.reason) = ("r", "case") }, { $0.recordings.setRetention }) {
            try await $0.recordings.setRetention($1)
        },
        row(.with { ($0.recordingID, $0.sessionNoteID) = ("r", "n") }, { $0.recordings.linkSessionNote }) {
            try await $0.recordings.linkSessionNote($1)
        },
        row(.with { $0.recordingID = "r" }, { $0.recordings.getManifest }) { try await $0.recordings.getManifest($1) },
    ]

    private static let consents: [Row] = [
        row(.with { ($0.personID, $0.type, $0.submission) = ("c", "recording", submission) }, { $0.consents.submit }) {
            try await $0.consents.submit($1)
        },
        row(.with { $0.personID = "c" }, { $0.consents.getStatus }) { try await $0.consents.getStatus($1) },
        row(.with { ($0.consentID, $0.submission) = ("x", submission) }, { $0.consents.update }) {
            try await $0.consents.update($1)
        },
        row(.with { ($0.consentID, $0.reason) = ("x", "no") }, { $0.consents.revoke }) { try await $0.consents.revoke($1) },
        row(.with { $0.personID = "c" }, { $0.consents.list }) { try await $0.consents.list($1) },
        row(.with { $0.consentID = "x" }, { $0.consents.getReceipt }) { try await $0.consents.getReceipt($1) },
        row(.init(), { $0.consents.getReceiptKey }) { try await $0.consents.getReceiptKey($1) },
        row(
            .with { ($0.type, $0.version, $0.language, $0.text) = ("recording", "2.0", "en-US", "I agree.") },
            { $0.consentDocuments.put }
        ) { try await $0.consentDocuments.put($1) },
        row(.with { $0.type = "recording" }, { $0.consentDocuments.get }) { try await $0.consentDocuments.get($1) },
        row(.with { $0.inForceOnly = true }, { $0.consentDocuments.list }) { try await $0.consentDocuments.list($1) },
        row(.init(), { $0.consentDocuments.listPlacePolicies }) { try await $0.consentDocuments.listPlacePolicies($1) },
    ]

    private static let others: [Row] = [
        row(
            .with {
                ($0.appointmentID, $0.clientID, $0.clinicianID) = ("a", "c", "d")
                ($0.scheduledStartTime, $0.scheduledEndTime) = (moment, later)
                ($0.timeZone, $0.sourceVersion) = ("America/New_York", 1)
            }, { $0.appointments.put }
        ) { try await $0.appointments.put($1) },
        row(.with { $0.appointmentID = "a" }, { $0.appointments.get }) { try await $0.appointments.get($1) },
        row(.with { ($0.appointmentID, $0.sourceVersion) = ("a", 2) }, { $0.appointments.cancel }) {
            try await $0.appointments.cancel($1)
        },
        row(.with { $0.caller = "c" }, { $0.audit.listEvents }) { try await $0.audit.listEvents($1) },
        row(.with { $0.sessionID = "s" }, { $0.audit.listSessionAccesses }) { try await $0.audit.listSessionAccesses($1) },
        row(.with { $0.number = 1 }, { $0.audit.getProof }) { try await $0.audit.getProof($1) },
        row(.with { $0.events = ["{}"] }, { $0.events.ingest }) { try await $0.events.ingest($1) },
        row(.init(), { $0.operations.getServiceStatus }) { try await $0.operations.getServiceStatus($1) },
        row(.with { $0.pageSize = 1 }, { $0.operations.listFailedOperations }) {
            try await $0.operations.listFailedOperations($1)
        },
        row(.with { $0.operationID = "o" }, { $0.operations.retryOperation }) { try await $0.operations.retryOperation($1) },
        row(.with { $0.recordingID = "r" }, { $0.operations.getRecordingProviderDetails }) {
            try await $0.operations.getRecordingProviderDetails($1)
        },
        row(.with { ($0.sessionID, $0.window) = ("s", .init(.seconds(5))) }, { $0.quality.reportClientMetrics }) {
            try await $0.quality.reportClientMetrics($1)
        },
        row(.with { ($0.startTime, $0.endTime) = (moment, later) }, { $0.quality.getServiceReport }) {
            try await $0.quality.getServiceReport($1)
        },
    ]
}
