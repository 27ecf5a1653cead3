internal import GRPCStandardAPI
internal import ProtobufWire
internal import RPCModel

/// How a call ended.
struct Outcome {
    let code: RPCError.Code?
    /// The stable word of `google.rpc.ErrorInfo`; empty without one.
    let reason: String
    /// The fields that `google.rpc.BadRequest` names.
    let fields: [String]
    /// The keys of its metadata.
    let metadataKeys: Set<String>
    /// Full names of the messages that explain it, in their order.
    let details: [String]
    /// The first answer of a call that was OK.
    let answer: [UInt8]?

    init(answer: [UInt8]?) {
        code = nil
        reason = ""
        fields = []
        metadataKeys = []
        details = []
        self.answer = answer
    }

    init(_ error: RPCError) {
        code = error.code
        (reason, fields, metadataKeys, details) = Self.details(of: error)
        answer = nil
    }

    var isOK: Bool { code == nil }

    /// Whether the request got past what only looks at its shape and its caller.
    var passedValidation: Bool {
        switch code {
        case .invalidArgument: !["INVALID_FIELD", "PAGE_TOKEN_INVALID", ""].contains(reason)
        // A grant is judged by a rule, not by its shape.
        case .unauthenticated: reason == "INVITATION_INVALID"
        case .permissionDenied: reason != "ROLE_NOT_ALLOWED"
        default: true
        }
    }

    /// What no request may bring about.
    var isFault: Bool {
        switch code {
        case .internal, .unknown, .dataLoss, .unimplemented: true
        // Whatever is refused says why.
        case .some: reason.isEmpty
        case nil: false
        }
    }

    private static func details(of error: RPCError)
        -> (reason: String, fields: [String], keys: Set<String>, names: [String])
    {
        var found: (reason: String, fields: [String], keys: Set<String>, names: [String]) = ("", [], [], [])
        guard let status = try? Google_Rpc_Status(decoding: error.statusDetails) else { return found }
        for detail in status.details {
            found.names.append(detail.typeURL.replacing("type.googleapis.com/", with: ""))
            if detail.typeURL.hasSuffix("/google.rpc.ErrorInfo") {
                let info = try? Google_Rpc_ErrorInfo(decoding: detail.value)
                found.reason = info?.reason ?? ""
                found.keys = Set(info?.metadata.dictionary.keys.map { $0 } ?? [])
            } else if detail.typeURL.hasSuffix("/google.rpc.BadRequest") {
                found.fields = (try? Google_Rpc_BadRequest(decoding: detail.value))?.fieldViolations.map(\.field) ?? []
            }
        }
        return found
    }
}
