package import TelehealthModel
internal import TextFormats

/// A signed statement of one consent that its person can keep and check without the service.
///
/// A JSON Web Signature in its compact form (RFC 7515 §7.1) with Ed25519 (RFC 8037): three base64url parts with
/// dots between them. The header is `{"alg":"EdDSA","kid":…,"typ":"telehealth-consent-receipt"}`. The payload is
/// canonical JSON (``JSONText``): members in the order of their names, no spaces, times in RFC 3339, hashes in
/// hexadecimal digits.
///
/// | member | holds |
/// |---|---|
/// | `version` | 1 |
/// | `issuedAt` | when the statement was made |
/// | `consent` | ids, type, decision, method, document version and language, hash of the text, signer, times |
/// | `log.entry` | the audit row of the consent: its encoding and MAC (``AuditRecord/leaf`` is made of them) |
/// | `log.number`, `log.size`, `log.root` | the row's number, and the log's length and Merkle root at the time |
/// | `log.path` | the inclusion proof (RFC 6962 §2.1.1) from the row to the root, siblings from the leaf up |
///
/// What the person said beside the decision (evidence) is left out: a receipt may be shown to others.
public enum ConsentReceipt {
    public static let contentType = "telehealth-consent-receipt"
    static let version: Int64 = 1

    /// Longest receipt that is read, in bytes: one has some 4 KiB, with a proof of at most 63 hashes.
    public static let bytesMax = 64 * 1024

    /// - Returns: nil when the crypto library could not sign.
    package static func issue(
        _ record: ConsentRecord, row: AuditRecord, proof: AuditProof, at now: Timestamp,
        by signer: ReceiptSigner
    ) -> String? {
        let header = JSONText.object([
            "alg": .string("EdDSA"), "kid": .string(signer.publicKey.id), "typ": .string(contentType),
        ])
        let payload = JSONText.object([
            "version": .number(version), "issuedAt": .string(now.rfc3339), "consent": statement(of: record),
            "log": log(row, proof),
        ])
        let signed = Base64.url.text(header.bytes) + "." + Base64.url.text(payload.bytes)
        return signer.signature(of: Array(signed.utf8)).map { signed + "." + Base64.url.text($0) }
    }

    private static func statement(of record: ConsentRecord) -> JSONText {
        let acknowledged = [
            ("emergencyProtocols", record.acknowledgements.emergencyProtocols),
            ("patientRights", record.acknowledgements.patientRights),
            ("privacyRisks", record.acknowledgements.privacyRisks),
        ]
        return .object(present: [
            "id": .string(record.id.rawValue), "subject": .string(record.subjectID.rawValue),
            "subjectRole": .string(wireName(record.subjectRole)), "type": .string(wireName(record.type)),
            "decision": .string(wireName(record.decision)), "method": .string(wireName(record.method)),
            "documentVersion": .string(record.documentVersion),
            "documentLanguage": .string(record.documentLanguage),
            "textSHA256": .string(Hex.encode(record.textHash)),
            "acknowledged": .strings(acknowledged.filter(\.1).map(\.0)),
            "purposes": record.type == .recording
                ? .strings(record.recordingPurposes.map { wireName($0) }.sorted()) : nil,
            "signer": .string(record.signerID.rawValue), "attestedBy": record.attestedBy.map(JSONText.string),
            "session": record.sessionID.map { .string($0.rawValue) },
            "decidedAt": .string(record.grantedAt.rfc3339),
            "expiresAt": record.expiresAt.map { .string($0.rfc3339) },
            "recordedAt": .string(record.recordedAt.rfc3339),
            "supersedes": record.supersedes.map { .string($0.rawValue) },
            "supersededBy": record.supersededBy.map { .string($0.rawValue) },
            "revokedAt": record.revokedAt.map { .string($0.rfc3339) },
        ])
    }

    private static func log(_ row: AuditRecord, _ proof: AuditProof) -> JSONText {
        .object([
            "entry": .string(Hex.encode(row.encoding + row.mac)), "number": .number(row.number),
            "size": .number(proof.treeSize), "root": .string(Hex.encode(proof.root.bytes)),
            "path": .strings(proof.path.map { Hex.encode($0.bytes) }),
        ])
    }
}
