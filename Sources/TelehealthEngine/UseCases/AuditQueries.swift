public import AuditChain
public import TelehealthModel
public import TelehealthRules

/// The calls about the audit log itself; each of them is recorded in it, whatever the policy says of reads.
///
/// Isolation: the caller's.
public final class AuditQueries: Sendable {
    /// Accesses of one session looked at for its report: far more than a visit gathers.
    private static let accessRowsMax = 20_000

    private let useCases: UseCases
    private let trail: any AuditTrail
    private let witness: any AuditHeadStore
    private let turn = InspectionTurn()

    public init(useCases: UseCases, trail: any AuditTrail, witness: any AuditHeadStore) {
        self.useCases = useCases
        self.trail = trail
        self.witness = witness
    }

    public var headKey: AuditHeadKey { witness.headKey }

    /// - Throws: `INVALID_FIELD`, `AUDIT_UNAVAILABLE`.
    public func events(_ query: AuditQuery, _ invocation: Invocation) async throws(TelehealthError)
        -> AuditPage
    {
        try await useCases.audit.always(
            "ListAuditEvents", person: query.person, session: query.sessionID, invocation)
        return try await reading(await trail.auditPage(query))
    }

    /// Who saw or changed a session, one line a person and role; for admins, and for client and guardian, also when
    /// they were sent away from it.
    ///
    /// - Throws: `SESSION_NOT_FOUND`, `AUDIT_UNAVAILABLE`.
    public func accesses(of session: SessionID, _ invocation: Invocation) async throws(TelehealthError)
        -> SessionAccessReport
    {
        let (state, _) = try await useCases.pipeline.access.read(
            "ListSessionAccesses", session, in: .ownRecord, invocation.withoutOwnAuditRow)
        try await useCases.audit.always(
            "ListSessionAccesses", person: state.session.clientID, session: session, invocation)
        var report = SessionAccessReport()
        var query = AuditQuery()
        query.sessionID = session
        query.limit = 500
        while true {
            let asked = query
            let page = try await reading(await trail.auditPage(asked))
            for record in page.records { report.note(record) }
            guard let next = page.next else { return report }
            if report.rowCount >= Self.accessRowsMax {
                report.isComplete = false
                return report
            }
            query.after = next
        }
    }

    /// Checks rows against the key, their chain, the stored tree and the heads kept outside.
    ///
    /// One check at a time, with a pause after each (``InspectionTurn``): it is as much work as the log is long.
    /// - Throws: `AUDIT_UNAVAILABLE` while another check runs or waits or the heads cannot be read; `CALL_CANCELLED`.
    public func verify(
        from: Int64, through: Int64?, progress: @escaping ProgressReport = { _ in }, _ invocation: Invocation
    ) async throws(TelehealthError) -> AuditReport {
        try await useCases.audit.always("VerifyAuditLog", invocation)
        let busy = TelehealthError(.auditUnavailable, retryAfter: .seconds(5))
        return try await turn.run(useCases.pipeline.time, busy: busy, waits: { progress(WorkProgress(.waiting)) }) {
            () async throws(TelehealthError) in
            try await inspect(from: from, through: through, progress)
        }
    }

    private func inspect(
        from: Int64, through: Int64?, _ progress: @escaping ProgressReport
    ) async throws(TelehealthError) -> AuditReport {
        let heads: [AuditHead]
        var doubts: [AuditFinding]
        do {
            heads = try witness.heads()
            doubts = try witness.damagedLines().map { AuditFinding(number: Int64($0), fault: .headDamaged) }
            doubts += try await trail.auditDoubts(progress: progress)
        } catch {
            if Task.isCancelled { throw TelehealthError(.callCancelled) }
            throw TelehealthError(.auditUnavailable, retryAfter: .seconds(5))
        }
        let headKey = witness.headKey
        let trail = trail
        let inspection = AuditInspection(
            source: .init(
                records: { (from, limit) async throws(StoreError) in
                    try await trail.auditRecords(from: from, limit: limit)
                },
                nodes: { (leaves) async throws(StoreError) in try await trail.auditNodes(in: leaves) },
                verifier: { trail.auditVerifier(anchor: $0, heads: heads, headKey: headKey) }),
            newestHead: heads.last { headKey.verifies($0) }, doubts: doubts)
        let report = try await reading(await inspection.run(
                from: from, through: through, lastKnown: trail.auditEnd.number, progress: progress))
        guard let report else { throw TelehealthError(.callCancelled) }
        return report
    }

    /// Begins an export: it is recorded in the log, and the head it is held against is kept, before a row goes out.
    ///
    /// - Returns: a head that covers every row to be exported, the export's own among them.
    public func beginExport(_ invocation: Invocation) async throws(TelehealthError) -> AuditHead {
        try await useCases.audit.always("ExportAuditLog", invocation)
        do { return try witness.keepHead() } catch { throw TelehealthError(.auditUnavailable, retryAfter: .seconds(5)) }
    }

    /// A page of an export that was begun.
    public func exportedRecords(from number: Int64, limit: Int) async throws(TelehealthError) -> [AuditRecord]
    {
        try await reading(await trail.auditRecords(from: number, limit: limit))
    }

    /// Shows that a row is in the log as of a head that is kept now.
    ///
    /// - Throws: `AUDIT_EVENT_NOT_FOUND`, `AUDIT_UNAVAILABLE`.
    public func proof(of number: Int64, _ invocation: Invocation) async throws(TelehealthError)
        -> (proof: AuditProof, record: AuditRecord, head: AuditHead)
    {
        try await useCases.audit.always("GetAuditProof", target: "row:\(number)", invocation)
        let head: AuditHead
        do { head = try witness.keepHead() } catch { throw TelehealthError(.auditUnavailable, retryAfter: .seconds(5)) }
        let proof = try await reading(await trail.auditProof(of: number, treeSize: head.size))
        let record = try await exportedRecords(from: number, limit: 1).first
        guard let proof, let record, record.number == number else {
            throw TelehealthError(.auditEventNotFound)
        }
        return (proof, record, head)
    }
}
