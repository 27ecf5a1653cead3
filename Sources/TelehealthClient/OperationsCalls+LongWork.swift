internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

extension OperationsCalls {
    /// Copies the database into a new file in the service's backup directory while the service runs.
    ///
    /// Has no time limit: ``ClientConfiguration/timeout`` limits only the wait for the first message, and a service
    /// that becomes silent counts as lost. Cancelling the task does not stop the copy; a call with the same
    /// `request_id` returns it.
    ///
    /// ```swift
    /// let backup = try await client.operations.backUpDatabase { print("\($0.done) of \($0.total) bytes") }
    /// ```
    public func backUpDatabase(
        _ request: Telehealth_V1_BackupDatabaseRequest = .init(), progress: WorkProgressReport = { _ in }
    ) async throws(RPCError) -> Telehealth_V1_DatabaseBackup {
        try await client.longWork(
            Telehealth_V1_OperationsService_Methods.backupDatabase, client.identified(request), progress: progress
        ) { (response: Telehealth_V1_BackupDatabaseResponse) in
            switch response.message {
            case .progress(let progress)?: .progress(progress)
            case .result(let backup)?: .result(backup)
            case nil: .unknown
            }
        }
    }

    /// Checks the whole database. Has no time limit, like ``backUpDatabase(_:progress:)``; cancelling the task stops
    /// it.
    ///
    /// - Returns: one sentence per problem; empty means that the database is sound.
    public func checkDatabase(progress: WorkProgressReport = { _ in }) async throws(RPCError) -> [String] {
        try await client.longWork(
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
}
