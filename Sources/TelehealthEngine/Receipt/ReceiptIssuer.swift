public import AuditChain
public import TelehealthModel
public import TelehealthRules

/// Gives people signed receipts of their consents, each with the proof that the audit log holds it.
///
/// Isolation: any.
public struct ReceiptIssuer: Sendable {
    let useCases: UseCases
    let trail: any AuditTrail
    public let keys: ReceiptKeyStore

    public init(useCases: UseCases, trail: any AuditTrail, keys: ReceiptKeyStore) {
        self.useCases = useCases
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
        let record = try await useCases.consents.get(id, "GetConsentReceipt", invocation)
        let end = trail.auditEnd
        let proven = try await reading(await provenRow(of: id, end))
        guard let proven, proven.proof.holds, proven.proof.leaf == proven.row.leaf,
            let receipt = ConsentReceipt.issue(
                record, row: proven.row, proof: proven.proof, at: useCases.pipeline.time.now, by: signer)
        else { throw TelehealthError(.receiptNotReady, retryAfter: .seconds(1)) }
        try await useCases.audit.always(
            "GetConsentReceipt", person: record.subjectID, target: id.rawValue, invocation)
        return SignedReceipt(text: receipt, keyID: signer.publicKey.id)
    }

    /// The consent's row with its proof; nil when there is no row yet, or none that can be proven.
    private func provenRow(of id: ConsentID, _ end: AuditLogEnd) async throws(StoreError)
        -> (row: AuditRecord, proof: AuditProof)?
    {
        guard let number = try await trail.auditNumber(consent: id),
            let row = try await trail.auditRecords(from: number, limit: 1).first, row.number == number,
            let proof = try await trail.auditProof(of: number, treeSize: max(number, end.number))
        else { return nil }
        return (row, proof)
    }
}
