internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

extension OperationsCalls {
    /// Copies the database into a new file of the service's backup directory, while work goes on.
    ///
    /// Takes as long as it takes: ``ClientConfiguration/timeout`` bounds the wait for the first word alone, and a
    /// service that falls silent counts as lost. A task that is cancelled does not end the copy, and the same
    /// `request_id` gets it.
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

    /// Looks through the whole database. Takes as long as it takes, as ``backUpDatabase(_:progress:)``; cancelling the
    /// task ends it.
    ///
    /// - Returns: what is wrong, one sentence each; empty = sound.
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
