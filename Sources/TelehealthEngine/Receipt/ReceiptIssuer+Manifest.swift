internal import AuditChain
public import TelehealthModel
public import TelehealthRules

extension ReceiptIssuer {
    /// Rows that a manifest names at most: a recording that was played more often is in the log itself.
    private static let auditNumbersMax = 200
    /// Pages of the session's rows that are looked through.
    private static let auditPagesMax = 20

    /// Signs a manifest's text with the key of receipts. A receipt's signed text never begins with a brace, so
    /// neither can pass for the other.
    public func signature(of manifest: RecordingManifest) -> (bytes: [UInt8], keyID: String)? {
        let signer = keys.current.signer
        return signer.signature(of: manifest.canonicalJSON).map { ($0, signer.publicKey.id) }
    }

    /// Rows of the audit log that speak of a recording, the oldest first.
    public func auditNumbers(of recording: Recording) async throws(TelehealthError) -> [Int64] {
        var query = AuditQuery()
        query.sessionID = recording.sessionID
        query.limit = 500
        var numbers: [Int64] = []
        for _ in 0..<Self.auditPagesMax {
            let asked = query
            let page = try await reading(await trail.auditPage(asked))
            numbers += page.records.filter { $0.target == recording.id.rawValue }.map(\.number)
            guard let next = page.next, numbers.count < Self.auditNumbersMax else { break }
            query.after = next
        }
        return Array(numbers.prefix(Self.auditNumbersMax))
    }
}
