public import GRPCStandardAPI
internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// What an error of the service says beyond its code (`google.rpc.Status` in `grpc-status-details-bin`).
extension RPCError {
    /// The stable word to branch on, such as `CONSENT_MISSING`; `nil` for errors that the service did not make.
    public var reason: String? { detail(Google_Rpc_ErrorInfo.self)?.reason }

    /// The reason with its metadata, such as the `session_id` of `SESSION_EXISTS`.
    public var errorInfo: Google_Rpc_ErrorInfo? { detail(Google_Rpc_ErrorInfo.self) }

    /// The fields at fault and why, of an INVALID_ARGUMENT.
    public var badFields: [Google_Rpc_BadRequest.FieldViolation] {
        detail(Google_Rpc_BadRequest.self)?.fieldViolations ?? []
    }

    /// What is missing, of `CONSENT_MISSING`, `RECORDING_CONSENT_MISSING` and `THIRD_PARTY_CONSENT_MISSING`.
    public var missingConsents: [Telehealth_V1_MissingConsent] {
        detail(Telehealth_V1_MissingConsentDetail.self)?.missing ?? []
    }

    /// Where the visit stands, of `INVALID_STATE`.
    public var sessionState: Telehealth_V1_SessionStateDetail? { detail(Telehealth_V1_SessionStateDetail.self) }

    /// The session's `version` as it is now, of `VERSION_MISMATCH`: somebody has changed the session since it was read.
    /// The client never repeats such a call, since what was decided may be wrong by now: read the session, and decide
    /// again.
    public var currentVersion: Int64? {
        guard let info = errorInfo, info.reason == "VERSION_MISMATCH" else { return nil }
        return info.metadata["current_version"].flatMap { Int64($0) }
    }

    /// How long the service asks to wait before the next attempt, 0 to a day: what is outside says nothing that a
    /// client could follow, and clocks overflow on it.
    public var retryDelay: Duration? {
        detail(Google_Rpc_RetryInfo.self)?.retryDelay.map { min(max(.zero, $0.swiftDuration), .seconds(86_400)) }
    }

    /// The first detail of a type; `nil` when there is none or it cannot be read.
    private func detail<Detail: Message>(_ type: Detail.Type) -> Detail? {
        guard !statusDetails.isEmpty, let status = try? Google_Rpc_Status(decoding: statusDetails) else { return nil }
        let packed = status.details.first { $0.typeURL.hasSuffix("/" + Detail.fullName) }
        return packed.flatMap { try? Detail(decoding: $0.value) }
    }
}
