public import GRPCStandardAPI
internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// The details of an error beyond its code (`google.rpc.Status` in `grpc-status-details-bin`).
extension RPCError {
    /// The stable reason to branch on, such as `CONSENT_MISSING`; `nil` for errors that did not come from the
    /// service.
    public var reason: String? { detail(Google_Rpc_ErrorInfo.self)?.reason }

    /// The reason with its metadata, such as the `session_id` of `SESSION_EXISTS`.
    public var errorInfo: Google_Rpc_ErrorInfo? { detail(Google_Rpc_ErrorInfo.self) }

    /// For INVALID_ARGUMENT: the invalid fields, each with a description.
    public var badFields: [Google_Rpc_BadRequest.FieldViolation] {
        detail(Google_Rpc_BadRequest.self)?.fieldViolations ?? []
    }

    /// For `CONSENT_MISSING`, `RECORDING_CONSENT_MISSING` and `THIRD_PARTY_CONSENT_MISSING`: the missing consents.
    public var missingConsents: [Telehealth_V1_MissingConsent] {
        detail(Telehealth_V1_MissingConsentDetail.self)?.missing ?? []
    }

    /// For `INVALID_STATE`: the state of the visit.
    public var sessionState: Telehealth_V1_SessionStateDetail? { detail(Telehealth_V1_SessionStateDetail.self) }

    /// For `VERSION_MISMATCH`: the session's current `version`; it was changed after it was read. The client never
    /// retries such a call, because the decision may be outdated: read the session and decide again.
    public var currentVersion: Int64? {
        guard let info = errorInfo, info.reason == "VERSION_MISMATCH" else { return nil }
        return info.metadata["current_version"].flatMap { Int64($0) }
    }

    /// How long the service asks to wait before the next attempt, 0 to a day; other values are ignored.
    public var retryDelay: Duration? {
        detail(Google_Rpc_RetryInfo.self)?.retryDelay.map { min(max(.zero, $0.swiftDuration), .seconds(86_400)) }
    }

    /// The first detail of a type; `nil` if absent or undecodable.
    private func detail<Detail: Message>(_ type: Detail.Type) -> Detail? {
        guard !statusDetails.isEmpty, let status = try? Google_Rpc_Status(decoding: statusDetails) else { return nil }
        let packed = status.details.first { $0.typeURL.hasSuffix("/" + Detail.fullName) }
        return packed.flatMap { try? Detail(decoding: $0.value) }
    }
}
