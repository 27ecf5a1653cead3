internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// Consents: texts, decisions, what is missing.
extension TelehealthClient {
    /// Writes one decision.
    public func submitConsent(
        _ request: Telehealth_V1_SubmitConsentRequest
    ) async throws(RPCError) -> Telehealth_V1_SubmitConsentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.submitConsent, request)
    }

    /// Says per action (join, record) what is missing.
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

    /// Registers one version of a text.
    public func putConsentDocument(
        _ request: Telehealth_V1_PutConsentDocumentRequest
    ) async throws(RPCError) -> Telehealth_V1_PutConsentDocumentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.putConsentDocument, request)
    }

    /// Reads a text: the version named, or the one in force.
    public func getConsentDocument(
        _ request: Telehealth_V1_GetConsentDocumentRequest
    ) async throws(RPCError) -> Telehealth_V1_GetConsentDocumentResponse {
        try await call(Telehealth_V1_ConsentService_Methods.getConsentDocument, request)
    }
}
