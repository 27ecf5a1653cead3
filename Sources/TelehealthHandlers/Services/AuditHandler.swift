internal import AuditChain
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `AuditService`: reading the audit log.
struct AuditHandler: Telehealth_V1_AuditServiceHandler {
    /// Rows per message of an export: some 60 KB.
    private static let exportedAtOnce = 200

    let office: AuditQueries
    let longWork: any TaskExecutor
    let time: any TimeSource

    func listAuditEvents(_ request: Telehealth_V1_ListAuditEventsRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_ListAuditEventsResponse
    {
        var fields = RequestFields()
        var query = AuditQuery()
        query.sessionID = .given(request.sessionID)
        query.subject = fields.optionalText("caller", request.caller).map { Subject($0) }
        query.person = .given(request.personID)
        query.from = fields.optionalTime("occur_time_from", request.occurTimeFrom)
        query.before = fields.optionalTime("occur_time_before", request.occurTimeBefore)
        query.action = fields.optionalText("action", request.action)
        query.outcome = fields.choiceOrDefault(
            "outcome", request.outcome, AuditEntry.Outcome(request.outcome).map(Optional.some), default: nil)
        query.isDescending = request.newestFirst
        query.limit = PageToken.pageSize(request.pageSize)
        try fields.finish()
        let filters = Self.filters(query)
        if let token = try PageToken(request.pageToken, filters: filters) {
            guard let number = Int64(token.id) else { throw PageToken.invalid }
            query.after = .init(at: Timestamp(microseconds: token.number), number: number)
        }
        let invocation = try context.reading()
        let asked = query
        let page = try await mappingDomainErrors(on: longWork) { () async throws(TelehealthError) in
            try await office.events(asked, invocation)
        }
        return .with {
            $0.events = page.records.map(\.wire)
            if let next = page.next {
                $0.nextPageToken = PageToken(number: next.at.microseconds, id: "\(next.number)")
                    .text(filters: filters)
            }
        }
    }

    /// Everything in a list request that selects rows, as one text; length prefixes keep the parts apart.
    private static func filters(_ query: AuditQuery) -> String {
        let parts: [String?] = [
            query.sessionID?.rawValue, query.subject?.rawValue, query.person?.rawValue,
            query.from.map { "\($0.microseconds)" }, query.before.map { "\($0.microseconds)" }, query.action,
            query.outcome?.rawValue, query.isDescending ? "newest" : nil,
        ]
        return "audit " + parts.map { part in part.map { "\($0.utf8.count):\($0)" } ?? "-" }.joined()
    }

    func listSessionAccesses(
        _ request: Telehealth_V1_ListSessionAccessesRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_ListSessionAccessesResponse {
        let session = SessionID(request.sessionID)
        let invocation = try context.reading()
        let report = try await mappingDomainErrors(on: longWork) { () async throws(TelehealthError) in
            try await office.accesses(of: session, invocation)
        }
        return .with {
            $0.accesses = report.people.map(\.wire)
            $0.isComplete = report.isComplete
        }
    }

    func verifyAuditLog(
        _ request: Telehealth_V1_VerifyAuditLogRequest,
        responses: ResponseWriter<Telehealth_V1_VerifyAuditLogResponse>, context: ServerCallContext
    ) async throws(RPCError) {
        let range = try Self.range(from: request.fromNumber, through: request.throughNumber)
        let invocation = try context.reading()
        let relay = ProgressRelay(responses, time) { progress in .with { $0.message = .progress(progress) } }
        let report = try await relay.following { progress in
            await outcome(on: longWork) { () async throws(TelehealthError) in
                try await office.verify(from: range.from, through: range.through, progress: progress, invocation)
            }
        }
        try await responses.write(.with { $0.message = .result(report.wire) })
    }

    func exportAuditLog(
        _ request: Telehealth_V1_ExportAuditLogRequest,
        responses: ResponseWriter<Telehealth_V1_ExportAuditLogResponse>, context: ServerCallContext
    ) async throws(RPCError) {
        let range = try Self.range(from: request.fromNumber, through: request.throughNumber)
        let invocation = try context.reading()
        let head = try await mappingDomainErrors(on: longWork) { () async throws(TelehealthError) in
            try await office.beginExport(invocation)
        }
        let last = min(range.through ?? head.size, head.size)
        var next = range.from
        while next <= last {
            let from = next
            let limit = Int(min(Int64(Self.exportedAtOnce), last - from + 1))
            let records = try await mappingDomainErrors(on: longWork) { () async throws(TelehealthError) in
                try await office.exportedRecords(from: from, limit: limit)
            }.filter { $0.number <= last }
            guard let end = records.last?.number else { break }
            try await responses.write(.with { $0.events = records.map(\.wire) })
            next = end + 1
        }
        try await responses.write(
            .with {
                $0.head = head.wire
                $0.headPublicKey = office.headKey.bytes
            })
    }

    func getAuditProof(_ request: Telehealth_V1_GetAuditProofRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetAuditProofResponse
    {
        let invocation = try context.reading()
        let (proof, record, head) = try await mappingDomainErrors(on: longWork) { () async throws(TelehealthError) in
            try await office.proof(of: request.number, invocation)
        }
        return .with {
            $0.event = record.wire
            $0.leafHash = proof.leaf.bytes
            $0.path = proof.path.map(\.bytes)
            $0.head = head.wire
            $0.headPublicKey = office.headKey.bytes
        }
    }

    private static func range(from: Int64, through: Int64) throws(RPCError) -> (from: Int64, through: Int64?)
    {
        var fields = RequestFields()
        if through > 0 && through < from {
            fields.refuse("through_number", "must be 0, or from_number or more")
        }
        try fields.finish()
        return (max(from, 1), through == 0 ? nil : through)
    }
}
