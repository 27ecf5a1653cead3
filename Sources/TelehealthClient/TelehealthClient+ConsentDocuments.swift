internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// The texts that people sign, and what each place asks for.
extension TelehealthClient {
    /// Registers one version of a text.
    public func putConsentDocument(
        _ request: Telehealth_V1_PutConsentDocumentRequest
    ) async throws(RPCError) -> Telehealth_V1_PutConsentDocumentResponse {
        try await change(Telehealth_V1_ConsentDocumentService_Methods.putConsentDocument, request)
    }

    /// Reads a text: the version named, or the one in force.
    public func getConsentDocument(
        _ request: Telehealth_V1_GetConsentDocumentRequest
    ) async throws(RPCError) -> Telehealth_V1_GetConsentDocumentResponse {
        try await call(Telehealth_V1_ConsentDocumentService_Methods.getConsentDocument, request)
    }

    /// Lists the texts there are with their exact wording, newest in force first.
    public func listConsentDocuments(
        _ request: Telehealth_V1_ListConsentDocumentsRequest
    ) async throws(RPCError) -> Telehealth_V1_ListConsentDocumentsResponse {
        try await call(Telehealth_V1_ConsentDocumentService_Methods.listConsentDocuments, request)
    }

    /// Lists the policies in force, with the sources that they stand on.
    public func listPlacePolicies() async throws(RPCError) -> Telehealth_V1_ListPlacePoliciesResponse {
        try await call(
            Telehealth_V1_ConsentDocumentService_Methods.listPlacePolicies,
            Telehealth_V1_ListPlacePoliciesRequest())
    }
}
