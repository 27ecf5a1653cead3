internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// Consents: decisions, what is missing, receipts.
extension TelehealthClient {
    /// Writes one decision.
    public func submitConsent(
        _ request: Telehealth_V1_SubmitConsentRequest
    ) async throws(RPCError) -> Telehealth_V1_SubmitConsentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.submitConsent, request)
    }

    /// Tells which actions may be done now: what is missing, of whom, why, and what would do; and of a person, which
    /// records count.
    ///
    /// A client or guest is told of their own gaps (and a guardian of the client's) in full, of others' only that there
    /// are some.
    public func getConsentStatus(
        _ request: Telehealth_V1_GetConsentStatusRequest
    ) async throws(RPCError) -> Telehealth_V1_GetConsentStatusResponse {
        try await call(Telehealth_V1_ConsentService_Methods.getConsentStatus, request)
    }

    /// Writes a new decision in place of an active one, which becomes SUPERSEDED.
    public func updateConsent(
        _ request: Telehealth_V1_UpdateConsentRequest
    ) async throws(RPCError) -> Telehealth_V1_UpdateConsentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.updateConsent, request)
    }

    /// Takes an active consent back, at once; revoking a recording consent stops a running capture.
    ///
    /// Repeating is OK.
    public func revokeConsent(
        _ request: Telehealth_V1_RevokeConsentRequest
    ) async throws(RPCError) -> Telehealth_V1_RevokeConsentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.revokeConsent, request)
    }

    /// Lists a person's records, newest first.
    public func listConsents(
        _ request: Telehealth_V1_ListConsentsRequest
    ) async throws(RPCError) -> Telehealth_V1_ListConsentsResponse {
        try await call(Telehealth_V1_ConsentService_Methods.listConsents, request)
    }

    /// A signed statement of one consent with the proof that the audit log holds it.
    public func getConsentReceipt(
        _ request: Telehealth_V1_GetConsentReceiptRequest
    ) async throws(RPCError) -> Telehealth_V1_GetConsentReceiptResponse {
        try await call(Telehealth_V1_ConsentService_Methods.getConsentReceipt, request)
    }

    /// The public key that receipts are checked with.
    public func getReceiptKey() async throws(RPCError) -> Telehealth_V1_GetReceiptKeyResponse {
        try await call(
            Telehealth_V1_ConsentService_Methods.getReceiptKey, Telehealth_V1_GetReceiptKeyRequest())
    }
}
