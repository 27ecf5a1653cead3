public import AuditChain
public import TelehealthModel
public import TelehealthRules

/// Gives people signed receipts of their consents, each with the proof that the audit log holds it.
///
/// Isolation: any.
public struct ReceiptIssuer: Sendable {
    let executor: CommandExecutor
    let trail: any AuditTrail
    public let keys: ReceiptKeyStore

    public init(executor: CommandExecutor, trail: any AuditTrail, keys: ReceiptKeyStore) {
        self.executor = executor
        self.trail = trail
        self.keys = keys
    }

    /// A receipt as of now. Each one is audited.
    ///
    /// - Throws: `CONSENT_NOT_FOUND`; `RECEIPT_NOT_READY` for a consent whose audit row cannot be proven (yet).
    public func receipt(of id: ConsentID, _ invocation: Invocation) async throws(TelehealthError)
        -> SignedReceipt
    {
        let signer = keys.current.signer
        let record = try await executor.consent(id, "GetConsentReceipt", invocation)
        let end = trail.auditEnd
        let proven = try await executor.reading {
            () async throws(StoreError) -> (row: AuditRecord, proof: AuditProof)? in
            guard let number = try await trail.auditNumber(consent: id),
                let row = try await trail.auditRecords(from: number, limit: 1).first, row.number == number,
                let proof = try await trail.auditProof(of: number, treeSize: max(number, end.number))
            else { return nil }
            return (row, proof)
        }
        guard let proven, proven.proof.holds, proven.proof.leaf == proven.row.leaf,
            let receipt = ConsentReceipt.issue(
                record, row: proven.row, proof: proven.proof, at: executor.time.now, by: signer)
        else { throw TelehealthError(.receiptNotReady, retryAfter: .seconds(1)) }
        try await executor.auditAlways(
            "GetConsentReceipt", person: record.subjectID, target: id.rawValue, invocation)
        return SignedReceipt(text: receipt, keyID: signer.publicKey.id)
    }
}
