internal import GRPCStandardAPI
public import ProtobufWire
public import RPCModel
public import TelehealthAPI

extension RPCError {
    /// A refusal as the service makes it: under the code of its reason's contract, with the reason and its metadata in
    /// `google.rpc.ErrorInfo`, so that a client reads it by `reason`, `errorInfo`, `retryDelay` and the like.
    ///
    /// ```swift
    /// service.sessions.join.failNext(.refusal(.meetingUnavailable, retryAfter: .seconds(2)))
    /// ```
    ///
    /// - Parameters:
    ///   - reason: a word of the API; one that has no contract is INTERNAL.
    ///   - metadata: what the contract promises beside the reason, such as `session_id` of `SESSION_EXISTS`.
    ///   - retryAfter: how long the service asks to wait before the next attempt; nil = it says nothing of it.
    ///   - details: further messages that explain it, such as `Telehealth_V1_MissingConsentDetail`.
    public static func refusal(
        _ reason: Telehealth_V1_ErrorReason, metadata: [String: String] = [:], retryAfter: Duration? = nil,
        details: [any Message] = []
    ) -> RPCError {
        let word = String((Telehealth_V1_ErrorReason.valueNames[reason] ?? "").dropFirst("ERROR_REASON_".count))
        let code = (Telehealth_V1_ErrorReason.reasonOptions[reason]?.code.rawValue)
            .flatMap { UInt8(exactly: $0) }.flatMap(Code.init(rawValue:)) ?? .internal
        let info = Google_Rpc_ErrorInfo.with {
            $0.reason = word
            $0.domain = "telehealth.v1"
            $0.metadata = MapField(metadata)
        }
        var packed = [Google_Protobuf_Any(packing: info)] + details.map { Google_Protobuf_Any(packing: $0) }
        if let retryAfter {
            let retry = Google_Rpc_RetryInfo.with { $0.retryDelay = Google_Protobuf_Duration(retryAfter) }
            packed.append(Google_Protobuf_Any(packing: retry))
        }
        let status = Google_Rpc_Status.with {
            $0.code = Int32(code.rawValue)
            $0.message = word
            $0.details = packed
        }
        return RPCError(code, word, statusDetails: status.encodedBytes())
    }

    /// What a request that breaks the API's rules is answered.
    static func invalidFields(_ violations: [(field: String, description: String)]) -> RPCError {
        let detail = Google_Rpc_BadRequest.with {
            $0.fieldViolations = violations.map { violation in
                .with { ($0.field, $0.description) = (violation.field, violation.description) }
            }
        }
        return .refusal(.invalidField, details: [detail])
    }
}
