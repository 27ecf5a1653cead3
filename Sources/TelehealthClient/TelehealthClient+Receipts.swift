internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// What a person can take away.
extension TelehealthClient {
    /// A signed statement of one consent with the proof that the audit log holds it. Roles: the subject, a guardian, a
    /// clinician of theirs, admin.
    ///
    /// Errors: NOT_FOUND (CONSENT_NOT_FOUND); UNAVAILABLE (RECEIPT_NOT_READY with RetryInfo).
    public func getConsentReceipt(
        _ request: Telehealth_V1_GetConsentReceiptRequest
    ) async throws(RPCError) -> Telehealth_V1_GetConsentReceiptResponse {
        try await call(Telehealth_V1_ConsentReceiptService_Methods.getConsentReceipt, request)
    }

    /// The public key that receipts are checked with. Roles: everybody with a token.
    public func getReceiptKey() async throws(RPCError) -> Telehealth_V1_GetReceiptKeyResponse {
        try await call(
            Telehealth_V1_ConsentReceiptService_Methods.getReceiptKey, Telehealth_V1_GetReceiptKeyRequest())
    }
}
