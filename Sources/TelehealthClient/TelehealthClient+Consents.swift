internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// Consents: texts, decisions, what is missing.
extension TelehealthClient {
    /// Writes one decision. Roles: client and clinician for themselves; clinician of the client, admin for
    /// PAPER and VERBAL.
    ///
    /// Errors: INVALID_ARGUMENT (INVALID_FIELD, REQUEST_ID_REUSED, TEXT_HASH_MISMATCH when the hash is not that of the
    /// registered version); FAILED_PRECONDITION (ACKNOWLEDGEMENTS_INCOMPLETE, WRITTEN_CONSENT_REQUIRED);
    /// PERMISSION_DENIED (NOT_ALLOWED); NOT_FOUND (DOCUMENT_NOT_FOUND).
    public func submitConsent(
        _ request: Telehealth_V1_SubmitConsentRequest
    ) async throws(RPCError) -> Telehealth_V1_SubmitConsentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.submitConsent, request)
    }

    /// Says per action (join, record) what is missing. Roles: the subject; a clinician of the client; admin, service.
    ///
    /// Errors: NOT_FOUND (SUBJECT_NOT_FOUND) for a person that the caller may not see.
    public func getConsentStatus(
        _ request: Telehealth_V1_GetConsentStatusRequest
    ) async throws(RPCError) -> Telehealth_V1_GetConsentStatusResponse {
        try await call(Telehealth_V1_ConsentService_Methods.getConsentStatus, request)
    }

    /// Writes a new decision in place of an active one, which becomes SUPERSEDED. Roles and errors as
    /// SubmitConsent, and NOT_FOUND (CONSENT_NOT_FOUND), FAILED_PRECONDITION (CONSENT_NOT_CURRENT).
    public func updateConsent(
        _ request: Telehealth_V1_UpdateConsentRequest
    ) async throws(RPCError) -> Telehealth_V1_UpdateConsentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.updateConsent, request)
    }

    /// Takes an active consent back, at once; revoking a recording consent stops a running capture.
    ///
    /// Roles: the subject or guardian; a clinician of the client and admin on the client's behalf. Repeating is OK.
    /// Errors: NOT_FOUND (CONSENT_NOT_FOUND); FAILED_PRECONDITION (CONSENT_NOT_CURRENT for a declined or
    /// superseded one).
    public func revokeConsent(
        _ request: Telehealth_V1_RevokeConsentRequest
    ) async throws(RPCError) -> Telehealth_V1_RevokeConsentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.revokeConsent, request)
    }

    /// Lists a person's records, newest first. Roles and errors as GetConsentStatus; INVALID_ARGUMENT
    /// (PAGE_TOKEN_INVALID).
    public func listConsents(
        _ request: Telehealth_V1_ListConsentsRequest
    ) async throws(RPCError) -> Telehealth_V1_ListConsentsResponse {
        try await call(Telehealth_V1_ConsentService_Methods.listConsents, request)
    }

    /// Registers one version of a text. Roles: admin.
    ///
    /// Errors: INVALID_ARGUMENT (INVALID_FIELD, REQUEST_ID_REUSED); ALREADY_EXISTS (DOCUMENT_VERSION_EXISTS) when the
    /// version is there with another text.
    public func putConsentDocument(
        _ request: Telehealth_V1_PutConsentDocumentRequest
    ) async throws(RPCError) -> Telehealth_V1_PutConsentDocumentResponse {
        try await change(Telehealth_V1_ConsentService_Methods.putConsentDocument, request)
    }

    /// Reads a text: the version named, or the one in force. Roles: everybody with a token.
    ///
    /// Errors: NOT_FOUND (DOCUMENT_NOT_FOUND).
    public func getConsentDocument(
        _ request: Telehealth_V1_GetConsentDocumentRequest
    ) async throws(RPCError) -> Telehealth_V1_GetConsentDocumentResponse {
        try await call(Telehealth_V1_ConsentService_Methods.getConsentDocument, request)
    }
}
