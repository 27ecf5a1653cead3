internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

extension AuditCalls {
    /// Verifies rows against the key, each other and the signed heads: about a second per 100,000 rows. Has no time
    /// limit, like ``OperationsCalls/backUpDatabase(_:progress:)``; cancelling the task ends it.
    public func verifyLog(
        _ request: Telehealth_V1_VerifyAuditLogRequest = .init(), progress: WorkProgressReport = { _ in }
    ) async throws(RPCError) -> Telehealth_V1_AuditVerification {
        try await client.longWork(Telehealth_V1_AuditService_Methods.verifyAuditLog, request, progress: progress) {
            (response: Telehealth_V1_VerifyAuditLogResponse) in
            switch response.message {
            case .progress(let progress)?: .progress(progress)
            case .result(let verification)?: .result(verification)
            case nil: .unknown
            }
        }
    }

    /// Rows with their MACs, oldest first, then in the last message the signed head that covers them. Not retried
    /// when it ends early: continue with a `from_number` after the last row.
    ///
    /// - Throws: when the token provider has no token.
    public func exportLog(
        _ request: Telehealth_V1_ExportAuditLogRequest = .init()
    ) async throws(RPCError) -> ResponseStream<Telehealth_V1_ExportAuditLogResponse> {
        let token = try await client.authorisation(replacing: nil)
        // No timeout: the reader sets the pace, and keepalive detects a dead connection.
        let options = CallOptions(metadata: ["authorization": "Bearer " + token])
        return client.channel.serverStreaming(
            Telehealth_V1_AuditService_Methods.exportAuditLog, request, options: options)
    }
}
