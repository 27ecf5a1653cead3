internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// What a place asks of consents, and whether it is there.
extension TelehealthClient {
    /// Tells whether an action may be done now: what is missing, of whom, why, and what would do.
    ///
    /// A client is told of their own gaps (and a guardian of the client's) in full, of others' only that there are
    /// some.
    public func evaluateConsent(
        _ request: Telehealth_V1_EvaluateConsentRequest
    ) async throws(RPCError) -> Telehealth_V1_EvaluateConsentResponse {
        try await call(Telehealth_V1_ConsentPolicyService_Methods.evaluateConsent, request)
    }

    /// Lists the texts there are with their exact wording, newest in force first.
    public func listConsentDocuments(
        _ request: Telehealth_V1_ListConsentDocumentsRequest
    ) async throws(RPCError) -> Telehealth_V1_ListConsentDocumentsResponse {
        try await call(Telehealth_V1_ConsentPolicyService_Methods.listConsentDocuments, request)
    }

    /// Lists the policies in force, with the sources that they stand on.
    public func listPlacePolicies() async throws(RPCError) -> Telehealth_V1_ListPlacePoliciesResponse {
        try await call(
            Telehealth_V1_ConsentPolicyService_Methods.listPlacePolicies,
            Telehealth_V1_ListPlacePoliciesRequest())
    }
}
