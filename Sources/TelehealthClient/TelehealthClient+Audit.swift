internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// The audit log: who saw and changed what.
extension TelehealthClient {
    /// One page of rows, by time.
    public func listAuditEvents(
        _ request: Telehealth_V1_ListAuditEventsRequest = .init()
    ) async throws(RPCError) -> Telehealth_V1_ListAuditEventsResponse {
        try await call(Telehealth_V1_AuditService_Methods.listAuditEvents, request)
    }

    /// Says who saw or changed a session.
    public func listSessionAccesses(
        _ request: Telehealth_V1_ListSessionAccessesRequest
    ) async throws(RPCError) -> Telehealth_V1_ListSessionAccessesResponse {
        try await call(Telehealth_V1_AuditService_Methods.listSessionAccesses, request)
    }

    /// Checks rows against the key, each other and the signed heads: about a second per 100,000 rows. Takes as long as
    /// it takes, as ``backUpDatabase(_:progress:)``; cancelling the task ends it.
    public func verifyAuditLog(
        _ request: Telehealth_V1_VerifyAuditLogRequest = .init(), progress: WorkProgressReport = { _ in }
    ) async throws(RPCError) -> Telehealth_V1_AuditVerification {
        try await longWork(Telehealth_V1_AuditService_Methods.verifyAuditLog, request, progress: progress) {
            (response: Telehealth_V1_VerifyAuditLogResponse) in
            switch response.message {
            case .progress(let progress)?: .progress(progress)
            case .result(let verification)?: .result(verification)
            case nil: .unknown
            }
        }
    }

    /// Shows that a row is in the log, to whoever has no access to it.
    public func auditProof(
        _ request: Telehealth_V1_GetAuditProofRequest
    ) async throws(RPCError) -> Telehealth_V1_GetAuditProofResponse {
        try await call(Telehealth_V1_AuditService_Methods.getAuditProof, request)
    }

    /// Rows with their MACs, oldest first, then in the last message the signed head that covers them. Not repeated when
    /// it breaks off: go on with `from_number` behind the last row.
    ///
    /// - Throws: when the token provider has no token.
    public func exportAuditLog(
        _ request: Telehealth_V1_ExportAuditLogRequest = .init()
    ) async throws(RPCError) -> ResponseStream<Telehealth_V1_ExportAuditLogResponse> {
        let token = try await authorisation(replacing: nil)
        // No timeout: the reader sets the pace, and keepalive finds a dead connection.
        let options = CallOptions(metadata: ["authorization": "Bearer " + token])
        return channel.serverStreaming(Telehealth_V1_AuditService_Methods.exportAuditLog, request, options: options)
    }
}
