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

    /// Copies the database into a new file of the service's backup directory, while work goes on. Give the client a
    /// timeout that suits the database's size.
    public func backUpDatabase(
        _ request: Telehealth_V1_BackupDatabaseRequest = .init()
    ) async throws(RPCError) -> Telehealth_V1_BackupDatabaseResponse {
        try await change(Telehealth_V1_OperationsService_Methods.backupDatabase, request)
    }

    /// Looks through the whole database.
    ///
    /// - Returns: what is wrong, one sentence each; empty = sound.
    public func checkDatabase() async throws(RPCError) -> [String] {
        let response: Telehealth_V1_CheckDatabaseResponse = try await call(
            Telehealth_V1_OperationsService_Methods.checkDatabase, Telehealth_V1_CheckDatabaseRequest())
        return response.problems
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
}
