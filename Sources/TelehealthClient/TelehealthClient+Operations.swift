internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// Care for a running service.
extension TelehealthClient {
    /// Tells how the service, its database and its work outside the database stand.
    public func serviceStatus() async throws(RPCError) -> Telehealth_V1_GetServiceStatusResponse {
        try await call(
            Telehealth_V1_OperationsService_Methods.getServiceStatus, Telehealth_V1_GetServiceStatusRequest())
    }

    /// Copies the database into a new file of the service's backup directory, while work goes on.
    ///
    /// Takes as long as it takes: ``ClientConfiguration/timeout`` bounds the wait for the first word alone, and a
    /// service that falls silent counts as lost. A task that is cancelled does not end the copy, and the same
    /// `request_id` gets it.
    ///
    /// ```swift
    /// let backup = try await client.backUpDatabase { print("\($0.done) of \($0.total) bytes") }
    /// ```
    public func backUpDatabase(
        _ request: Telehealth_V1_BackupDatabaseRequest = .init(), progress: WorkProgressReport = { _ in }
    ) async throws(RPCError) -> Telehealth_V1_DatabaseBackup {
        try await longWork(
            Telehealth_V1_OperationsService_Methods.backupDatabase, identified(request), progress: progress
        ) { (response: Telehealth_V1_BackupDatabaseResponse) in
            switch response.message {
            case .progress(let progress)?: .progress(progress)
            case .result(let backup)?: .result(backup)
            case nil: .unknown
            }
        }
    }

    /// Looks through the whole database. Takes as long as it takes, as ``backUpDatabase(_:progress:)``; cancelling the
    /// task ends it.
    ///
    /// - Returns: what is wrong, one sentence each; empty = sound.
    public func checkDatabase(progress: WorkProgressReport = { _ in }) async throws(RPCError) -> [String] {
        try await longWork(
            Telehealth_V1_OperationsService_Methods.checkDatabase, Telehealth_V1_CheckDatabaseRequest(),
            progress: progress
        ) { (response: Telehealth_V1_CheckDatabaseResponse) in
            switch response.message {
            case .progress(let progress)?: .progress(progress)
            case .result(let check)?: .result(check.problems)
            case nil: .unknown
            }
        }
    }

    /// One page of the calls to others that were given up.
    public func listFailedOperations(
        _ request: Telehealth_V1_ListFailedOperationsRequest = .init()
    ) async throws(RPCError) -> Telehealth_V1_ListFailedOperationsResponse {
        try await call(Telehealth_V1_OperationsService_Methods.listFailedOperations, request)
    }

    /// Has one of them tried again.
    public func retryOperation(
        _ request: Telehealth_V1_RetryOperationRequest
    ) async throws(RPCError) -> Telehealth_V1_RetryOperationResponse {
        try await change(Telehealth_V1_OperationsService_Methods.retryOperation, request)
    }

    /// What AWS calls a recording, its meeting and its pipelines, for a support case there. Audited.
    public func getRecordingProviderDetails(
        _ request: Telehealth_V1_GetRecordingProviderDetailsRequest
    ) async throws(RPCError) -> Telehealth_V1_GetRecordingProviderDetailsResponse {
        try await call(Telehealth_V1_OperationsService_Methods.getRecordingProviderDetails, request)
    }
}
