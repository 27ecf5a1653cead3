internal import GRPCStandardAPI
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

extension TelehealthError {
    /// The only place where a refusal of the domain becomes a gRPC status.
    var asRPCError: RPCError {
        var details = StatusDetails(
            word: reason.rawValue,
            metadata: Dictionary(uniqueKeysWithValues: metadata.map { ($0.key.rawValue, $0.value) }))
        if !violations.isEmpty {
            details.append(
                Google_Rpc_BadRequest.with { bad in
                    bad.fieldViolations = violations.map { violation in
                        .with {
                            $0.field = violation.field
                            $0.description = violation.description
                        }
                    }
                })
        }
        if !missing.isEmpty {
            let action: ConsentAction =
                switch reason {
                case .recordingConsentMissing: .record
                case .thirdPartyConsentMissing: .thirdParty
                default: .join
                }
            details.append(
                Telehealth_V1_MissingConsentDetail.with { detail in
                    detail.missing = missing.map { $0.wire(action: action) }
                })
        }
        if reason == .invalidState,
            let status = SessionStatus.allCases.first(where: { wireName($0) == metadata[.status] })
        {
            details.append(
                Telehealth_V1_SessionStateDetail.with { detail in detail.status = status.wire })
        }
        if let retryAfter {
            details.append(
                Google_Rpc_RetryInfo.with { retry in retry.retryDelay = retryAfter.wire })
        }
        return details.error(message)
    }
}

/// Builds a `google.rpc.Status`: ErrorInfo first, then further details. Its code is that of the reason's contract.
struct StatusDetails {
    /// `google.rpc.ErrorInfo.domain` of every error of this service.
    static let domain = "telehealth.v1"

    private let code: RPCError.Code
    private var details: [Google_Protobuf_Any] = []

    init(_ reason: Telehealth_V1_ErrorReason) { self.init(word: reason.word) }

    /// - Parameter word: a reason of `ErrorReason`; one that the API does not have becomes `INTERNAL`.
    init(word: String, metadata: [String: String] = [:]) {
        code = Telehealth_V1_ErrorReason(word: word)?.code ?? .internal
        append(
            Google_Rpc_ErrorInfo.with { info in
                info.reason = word
                info.domain = Self.domain
                info.metadata = MapField(metadata)
            })
    }

    mutating func append<M: Message>(_ message: M) {
        details.append(
            .with {
                $0.typeURL = "type.googleapis.com/" + M.fullName
                $0.value = message.encodedBytes()
            })
    }

    /// The reason of an error made here or by a peer of the same API; nil when it has none.
    static func reason(of error: RPCError) -> String? {
        guard !error.statusDetails.isEmpty,
            let status = try? Google_Rpc_Status(decoding: error.statusDetails),
            let first = status.details.first(where: {
                $0.typeURL.hasSuffix("/" + Google_Rpc_ErrorInfo.fullName)
            }),
            let info = try? Google_Rpc_ErrorInfo(decoding: first.value)
        else { return nil }
        return info.reason
    }

    func error(_ message: String) -> RPCError {
        let status = Google_Rpc_Status.with { status in
            status.code = Int32(code.rawValue)
            status.message = message
            status.details = details
        }
        return RPCError(code, message, statusDetails: status.encodedBytes())
    }
}
