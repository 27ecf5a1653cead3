internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `OperationsService`: an operator's view of the running service.
struct OperationsHandler: Telehealth_V1_OperationsServiceHandler {
    let useCases: UseCases
    let care: any DatabaseMaintenance
    let startedAt: Timestamp
    let openWatches: @Sendable () -> Int
    let longWork: any TaskExecutor
    let time: any TimeSource

    func getServiceStatus(_ request: Telehealth_V1_GetServiceStatusRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetServiceStatusResponse
    {
        let invocation = try context.reading()
        let effects = try await mappingDomainErrors { () async throws(TelehealthError) in
            do throws(TelehealthError) {
                try await useCases.audit.recordRead(context.method.name, invocation)
            } catch {
                // The only read that is answered without its audit row: it reports why no row can be written.
                guard care.storeState != .writable else { throw error }
            }
            return try await useCases.operations.counts()
        }
        let statistics = care.databaseStatistics
        let (state, space) = (care.storeState, care.storeSpace)
        var response = Telehealth_V1_GetServiceStatusResponse()
        response.startTime = startedAt.wire
        response.writable = state == .writable
        response.storeState = state.wire
        response.storeFreeBytes = space?.free ?? 0
        response.storeSizeBytes = space?.size ?? 0
        response.pendingOperations = Int64(effects.pending)
        response.failedOperations = Int64(effects.dead)
        response.refusedOperations = Int64(effects.refused)
        response.openWatches = Int64(openWatches())
        var database = Telehealth_V1_DatabaseStatistics()
        database.commits = Int64(statistics.commits)
        database.decisions = Int64(statistics.decisions)
        database.conflicts = Int64(statistics.conflicts)
        database.commitMean = statistics.commitMean.wire
        database.commitMax = statistics.commitMax.wire
        database.queuedWrites = Int64(statistics.queuedWrites)
        database.refusedWrites = Int64(statistics.refusedWrites)
        database.walPages = Int64(statistics.walPages)
        response.database = database
        return response
    }

    func backupDatabase(
        _ request: Telehealth_V1_BackupDatabaseRequest,
        responses: ResponseWriter<Telehealth_V1_BackupDatabaseResponse>, context: ServerCallContext
    ) async throws(RPCError) {
        let invocation = try context.changing(request)
        let relay = ProgressRelay(responses, time) { progress in .with { $0.message = .progress(progress) } }
        let backup = try await relay.following { progress in
            // A separate task, which nobody cancels: the copy is finished and recorded even if the caller is gone,
            // and a repeat of the request finds it. It ends with the copy, at the latest when the store closes.
            await Task {
                await outcome(on: longWork) { () async throws(TelehealthError) in
                    try await useCases.maintenance(of: care).backUp(progress: progress, invocation)
                }
            }.value
        }
        try await responses.write(
            .with { response in
                response.message = .result(
                    .with {
                        $0.fileName = backup.fileName
                        $0.byteCount = backup.byteCount
                    })
            })
    }

    func checkDatabase(
        _ request: Telehealth_V1_CheckDatabaseRequest,
        responses: ResponseWriter<Telehealth_V1_CheckDatabaseResponse>, context: ServerCallContext
    ) async throws(RPCError) {
        let invocation = try context.reading()
        let relay = ProgressRelay(responses, time) { progress in .with { $0.message = .progress(progress) } }
        let problems = try await relay.following { progress in
            await outcome(on: longWork) { () async throws(TelehealthError) in
                try await useCases.audit.recordRead(context.method.name, invocation)
                return try await useCases.maintenance(of: care).check(progress: progress)
            }
        }
        try await responses.write(.with { $0.message = .result(.with { $0.problems = problems }) })
    }

    func listFailedOperations(_ request: Telehealth_V1_ListFailedOperationsRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_ListFailedOperationsResponse
    {
        let size = PageToken.pageSize(request.pageSize)
        let token = try PageToken(request.pageToken, filters: "failed-operations")
        let invocation = try context.reading()
        let rows = try await mappingDomainErrors(on: longWork) { () async throws(TelehealthError) in
            try await useCases.audit.recordRead(context.method.name, invocation)
            return try await useCases.operations.failed(after: token.map { EffectID($0.id) }, limit: size + 1)
        }
        var response = Telehealth_V1_ListFailedOperationsResponse()
        response.operations = rows.prefix(size).map(\.wire)
        if rows.count > size {
            response.nextPageToken = PageToken(number: 0, id: rows[size - 1].id.rawValue)
                .text(filters: "failed-operations")
        }
        return response
    }

    func retryOperation(_ request: Telehealth_V1_RetryOperationRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_RetryOperationResponse
    {
        let invocation = try context.changing(request)
        let id = EffectID(request.operationID)
        try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.operations.retry(id, invocation)
        }
        return Telehealth_V1_RetryOperationResponse()
    }

    func getRecordingProviderDetails(
        _ request: Telehealth_V1_GetRecordingProviderDetailsRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_GetRecordingProviderDetailsResponse {
        let id = RecordingID(request.recordingID)
        let invocation = try context.reading()
        let (recording, meeting) = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await useCases.recordings.withMeeting(id, invocation)
        }
        return .with { $0.provider = .chime(recording.capture(in: meeting)) }
    }
}

extension StoreState {
    fileprivate var wire: Telehealth_V1_StoreState {
        switch self {
        case .writable: .writable
        case .full: .full
        case .readOnly: .readOnly
        }
    }
}
