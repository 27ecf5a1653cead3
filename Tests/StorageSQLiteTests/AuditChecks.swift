import AuditChain
import TelehealthModel

@testable import StorageSQLite

extension SQLiteStore {
    /// The whole log checked, against the heads given.
    func auditReport(
        heads: [AuditHead] = [], headKey: AuditHeadKey? = nil, from: Int64 = 1, through: Int64? = nil
    ) async throws -> AuditReport {
        let inspection = AuditInspection(
            source: .init(
                records: { (from, limit) async throws(StoreError) in
                    try await self.auditTrail.auditRecords(from: from, limit: limit)
                },
                nodes: { (leaves) async throws(StoreError) in try await self.auditTrail.auditNodes(in: leaves) },
                verifier: { self.auditTrail.auditVerifier(anchor: $0, heads: heads, headKey: headKey) }),
            newestHead: heads.last)
        guard let report = try await inspection.run(
            from: from, through: through, lastKnown: auditTrail.auditEnd.number)
        else { throw CancellationError() }
        return report
    }
}
