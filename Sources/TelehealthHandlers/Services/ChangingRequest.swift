internal import Crypto
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthRules

/// A request that changes something and therefore has a request id.
protocol ChangingRequest: Message {
    var requestID: String { get set }
    /// The request's field of that name, if it has one; otherwise nil.
    var expectedVersion: Int64? { get }
}

extension ChangingRequest {
    var expectedVersion: Int64? { nil }
}

extension ServerCallContext {
    /// The caller, and until when a response is useful.
    func reading() throws(RPCError) -> Invocation {
        Invocation(caller: try caller, timeout: timeRemaining)
    }

    /// ``reading()`` for a call with one response: the response is made while the call's row of the audit log is being
    /// written, and leaves when that is durable.
    func readingOnce() throws(RPCError) -> Invocation {
        var invocation = try reading()
        invocation.answer = HeldResponse(context: self)
        return invocation
    }

    /// The caller, the request id, and a hash of the rest of the request.
    ///
    /// A repeat must have the same content: the hash covers the request's canonical bytes including unknown fields,
    /// so that fields of newer clients count as well.
    func changing(_ request: some ChangingRequest) throws(RPCError) -> Invocation {
        Invocation(
            caller: try caller, request: attempt(request), expectedVersion: request.expectedVersion,
            timeout: timeRemaining)
    }

    /// The request id and hash of a call without a token.
    func attempt(_ request: some ChangingRequest) -> Invocation.Request {
        var rest = request
        rest.requestID = ""
        return .init(id: request.requestID, hash: Array(SHA256.hash(data: rest.encodedBytes())))
    }
}

/// Runs domain code and converts its refusals to gRPC statuses.
func mappingDomainErrors<Value>(_ body: () async throws(TelehealthError) -> Value) async throws(RPCError) -> Value {
    do throws(TelehealthError) {
        return try await body()
    } catch {
        throw error.asRPCError
    }
}

/// The same for work that takes milliseconds or more (computing, syncing, reading many rows): it runs elsewhere, so
/// that the loop's other connections do not wait.
func mappingDomainErrors<Value: Sendable>(
    on useCases: any TaskExecutor, _ body: @Sendable () async throws(TelehealthError) -> Value
) async throws(RPCError) -> Value {
    let result = await outcome(on: useCases, body)
    return try await mappingDomainErrors { () async throws(TelehealthError) in try result.get() }
}

/// The same, returning the result instead of throwing.
func outcome<Value: Sendable>(
    on useCases: any TaskExecutor, _ body: @Sendable () async throws(TelehealthError) -> Value
) async -> Result<Value, TelehealthError> {
    await withTaskExecutorPreference(useCases) {
        do throws(TelehealthError) { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension Telehealth_V1_PutAppointmentRequest: ChangingRequest {}
extension Telehealth_V1_CancelAppointmentRequest: ChangingRequest {}
extension Telehealth_V1_CreateSessionRequest: ChangingRequest {}
extension Telehealth_V1_JoinSessionRequest: ChangingRequest {}
extension Telehealth_V1_AdmitParticipantRequest: ChangingRequest {}
extension Telehealth_V1_UpdateSessionStatusRequest: ChangingRequest {}
extension Telehealth_V1_StartRecordingRequest: ChangingRequest {}
extension Telehealth_V1_StopRecordingRequest: ChangingRequest {}
extension Telehealth_V1_StartScreenShareRequest: ChangingRequest {}
extension Telehealth_V1_StopScreenShareRequest: ChangingRequest {}
extension Telehealth_V1_LeaveSessionRequest: ChangingRequest {}
extension Telehealth_V1_CancelSessionRequest: ChangingRequest {}
extension Telehealth_V1_MarkNoShowRequest: ChangingRequest {}
extension Telehealth_V1_UndoNoShowRequest: ChangingRequest {}
extension Telehealth_V1_EndSessionRequest: ChangingRequest {}
extension Telehealth_V1_InviteParticipantRequest: ChangingRequest {}
extension Telehealth_V1_RevokeInvitationRequest: ChangingRequest {}
extension Telehealth_V1_RedeemInvitationRequest: ChangingRequest {}
extension Telehealth_V1_DenyParticipantRequest: ChangingRequest {}
extension Telehealth_V1_ReturnToWaitingRoomRequest: ChangingRequest {}
extension Telehealth_V1_RemoveParticipantRequest: ChangingRequest {}
extension Telehealth_V1_SetParticipantCapabilitiesRequest: ChangingRequest {}
extension Telehealth_V1_SubmitConsentRequest: ChangingRequest {}
extension Telehealth_V1_UpdateConsentRequest: ChangingRequest {}
extension Telehealth_V1_RevokeConsentRequest: ChangingRequest {}
extension Telehealth_V1_PutConsentDocumentRequest: ChangingRequest {}
extension Telehealth_V1_SetRecordingHoldRequest: ChangingRequest {}
extension Telehealth_V1_ReleaseRecordingHoldRequest: ChangingRequest {}
extension Telehealth_V1_SetRecordingRetentionRequest: ChangingRequest {}
extension Telehealth_V1_LinkSessionNoteRequest: ChangingRequest {}
extension Telehealth_V1_ReportClientMetricsRequest: ChangingRequest {}
extension Telehealth_V1_BackupDatabaseRequest: ChangingRequest {}
extension Telehealth_V1_RetryOperationRequest: ChangingRequest {}

/// The response of a call, as the domain's ``HeldAnswer``.
private struct HeldResponse: HeldAnswer {
    let context: ServerCallContext

    func hold() { _ = context.holdAnswer() }

    func release(_ error: TelehealthError?) { context.answerHold?.release(error?.asRPCError) }
}
