import GRPCStandardAPI
import ProtobufWire
import RPCModel
import Synchronization
import TelehealthAPI

/// A telehealth service that answers as a test told it to, and keeps what it was asked.
final class ScriptedService: RPCService {
    struct Received: Sendable, Hashable {
        var method: String
        var token: String
        var requestID = ""
        var afterSequence: Int64?
        var presenceByHeartbeat = false
        var resumeToken = ""
    }

    enum Ending: Sendable {
        case done
        case failure(RPCError)
        /// Stays open until somebody breaks it.
        case open
    }

    /// What one watch sends, and how it ends.
    struct Script<Response: Message>: Sendable {
        var messages: [Response]
        var ending: Ending
    }

    typealias WatchScript = Script<Telehealth_V1_WatchSessionResponse>
    typealias SessionsScript = Script<Telehealth_V1_WatchSessionsResponse>

    private struct State {
        var received: [Received] = []
        var failures: [RPCError] = []
        var watches: [WatchScript] = []
        var sessionsWatches: [SessionsScript] = []
        var backups: [Script<Telehealth_V1_BackupDatabaseResponse>] = []
        var refusedTokens: Set<String> = []
        var refusalsLeft = 0
    }

    private let state = Mutex(State())

    /// Calls in the order of their coming.
    var received: [Received] { state.withLock { $0.received } }

    /// The next unary calls fail with these, one each.
    func failNext(_ failures: [RPCError]) { state.withLock { $0.failures += failures } }

    /// The next watches go like this, one each; a watch without a script is UNIMPLEMENTED.
    func watchNext(_ scripts: [WatchScript]) { state.withLock { $0.watches += scripts } }

    /// The next watches of many visits go like this, one each.
    func watchSessionsNext(_ scripts: [SessionsScript]) { state.withLock { $0.sessionsWatches += scripts } }

    /// The next backups go like this, one each.
    func backUpNext(_ scripts: [Script<Telehealth_V1_BackupDatabaseResponse>]) {
        state.withLock { $0.backups += scripts }
    }

    /// Calls with this token are refused as expired.
    func expire(_ token: String) { state.withLock { _ = $0.refusedTokens.insert(token) } }

    /// The next ten calls are refused as if their tokens had expired: enough for every token of a test, and an end for
    /// a client that does not give up.
    func expireEveryToken() { state.withLock { $0.refusalsLeft = 10 } }

    var routes: [ServerRoute] {
        [
            .unary(Telehealth_V1_TelehealthService_Methods.joinSession) {
                [self] (request: Telehealth_V1_JoinSessionRequest, context) async throws(RPCError) in
                try take(context, requestID: request.requestID)
                return Telehealth_V1_JoinSessionResponse.with { $0.outcome = .waiting }
            },
            .unary(Telehealth_V1_TelehealthService_Methods.getSession) {
                [self] (request: Telehealth_V1_GetSessionRequest, context) async throws(RPCError) in
                try take(context)
                return Telehealth_V1_GetSessionResponse.with { $0.session = .with { $0.sessionID = "s" } }
            },
            .unary(Telehealth_V1_TelehealthService_Methods.heartbeat) {
                [self] (request: Telehealth_V1_HeartbeatRequest, context) async throws(RPCError) in
                try take(context, requestID: request.requestID)
                return Telehealth_V1_HeartbeatResponse.with { $0.nextWithin = .with { $0.nanos = 1 } }
            },
            .serverStreaming(Telehealth_V1_PersonService_Methods.exportPersonRecord) {
                (
                    request: Telehealth_V1_ExportPersonRecordRequest,
                    responses: ResponseWriter<Telehealth_V1_ExportPersonRecordResponse>,
                    _: ServerCallContext
                ) async throws(RPCError) in
                for piece in 1...3 as ClosedRange<UInt8> {
                    try await responses.write(.with { $0.chunk = [piece] })
                }
                // Ends when the client gives up.
                while request.personID == "silent", !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            },
            .serverStreaming(Telehealth_V1_TelehealthService_Methods.watchSession) {
                [self]
                (
                    request: Telehealth_V1_WatchSessionRequest,
                    responses: ResponseWriter<Telehealth_V1_WatchSessionResponse>,
                    context
                ) async throws(RPCError) in
                try await watch(request, responses, context)
            },
            .serverStreaming(Telehealth_V1_TelehealthService_Methods.watchSessions) {
                [self]
                (
                    request: Telehealth_V1_WatchSessionsRequest,
                    responses: ResponseWriter<Telehealth_V1_WatchSessionsResponse>,
                    context
                ) async throws(RPCError) in
                try note(
                    context, Received(method: context.method.name, token: "", resumeToken: request.resumeToken))
                let script = state.withLock { $0.sessionsWatches.isEmpty ? nil : $0.sessionsWatches.removeFirst() }
                try await play(script, responses)
            },
            .serverStreaming(Telehealth_V1_OperationsService_Methods.backupDatabase) {
                [self]
                (
                    request: Telehealth_V1_BackupDatabaseRequest,
                    responses: ResponseWriter<Telehealth_V1_BackupDatabaseResponse>,
                    context
                ) async throws(RPCError) in
                try note(context, Received(method: context.method.name, token: "", requestID: request.requestID))
                try await play(state.withLock { $0.backups.isEmpty ? nil : $0.backups.removeFirst() }, responses)
            },
        ]
    }

    private func watch(
        _ request: Telehealth_V1_WatchSessionRequest,
        _ responses: ResponseWriter<Telehealth_V1_WatchSessionResponse>,
        _ context: ServerCallContext
    ) async throws(RPCError) {
        try note(
            context,
            Received(
                method: context.method.name, token: "", afterSequence: request.afterSequence,
                presenceByHeartbeat: request.presenceByHeartbeat))
        try await play(state.withLock { $0.watches.isEmpty ? nil : $0.watches.removeFirst() }, responses)
    }

    private func play<Response>(_ script: Script<Response>?, _ responses: ResponseWriter<Response>)
        async throws(RPCError)
    {
        guard let script else { throw RPCError(.unimplemented, "no script for this watch") }
        for message in script.messages { try await responses.write(message) }
        switch script.ending {
        case .done: return
        case .failure(let error): throw error
        case .open:
            // Ends when the call is cancelled: by its client, or with its connection.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
    }

    private func take(_ context: ServerCallContext, requestID: String = "") throws(RPCError) {
        try note(context, Received(method: context.method.name, token: "", requestID: requestID))
        let failure = state.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
        if let failure { throw failure }
    }

    private func note(_ context: ServerCallContext, _ received: Received) throws(RPCError) {
        let bearer = context.metadata["authorization"] ?? ""
        let token = bearer.hasPrefix("Bearer ") ? String(bearer.dropFirst("Bearer ".count)) : ""
        let isRefused = state.withLock { state in
            var received = received
            received.token = token
            state.received.append(received)
            state.refusalsLeft -= 1
            return state.refusalsLeft >= 0 || state.refusedTokens.contains(token)
        }
        if isRefused { throw .detailed(.unauthenticated, reason: "TOKEN_EXPIRED") }
    }
}

extension RPCError {
    /// An error as the service makes them: ErrorInfo first, then what else explains it.
    static func detailed(
        _ code: Code, reason: String, metadata: [String: String] = [:], _ details: [Google_Protobuf_Any] = []
    ) -> RPCError {
        let info = Google_Rpc_ErrorInfo.with {
            $0.reason = reason
            $0.domain = "telehealth.v1"
            $0.metadata = MapField(metadata)
        }
        let status = Google_Rpc_Status.with {
            $0.code = Int32(code.rawValue)
            $0.details = [packed(info)] + details
        }
        return RPCError(code, "refused: \(reason)", statusDetails: status.encodedBytes())
    }

    static func packed<Detail: Message>(_ detail: Detail) -> Google_Protobuf_Any {
        .with {
            $0.typeURL = "type.googleapis.com/" + Detail.fullName
            $0.value = detail.encodedBytes()
        }
    }
}

extension Google_Protobuf_Any {
    /// RetryInfo with a delay in seconds.
    static func retry(after seconds: Int64) -> Google_Protobuf_Any {
        RPCError.packed(Google_Rpc_RetryInfo.with { $0.retryDelay = .with { $0.seconds = seconds } })
    }
}
