internal import ProtobufReflection
internal import RPCModel
internal import TelehealthAPI

/// What the contract of a call allows of a refusal, held against one that came.
struct Promise: Sendable {
    private let reasons: Set<Telehealth_V1_ErrorReason>
    private let request: MessageDescriptor

    private static let byWord = Dictionary(
        uniqueKeysWithValues: Telehealth_V1_ErrorReason.valueNames.map { reason, name in
            (name.replacing("ERROR_REASON_", with: ""), reason)
        })

    init(_ contract: Telehealth_V1_CallContract, of request: MessageDescriptor) {
        self.request = request
        let named = Set(contract.reasons)
        let allowed = Telehealth_V1_ErrorReason.reasonOptions.filter { reason, option in
            switch option.scope {
            case .everyCall: true
            case .requestID: named.contains(reason) || request.field(named: "request_id") != nil
            case .pageToken: request.field(named: "page_token") != nil
            case .emergency: contract.emergency
            case .unspecified, .unrecognized: named.contains(reason)
            }
        }
        reasons = Set(allowed.keys)
    }

    /// Sentences about broken promises. A refusal without a reason is a fault of its own (``Outcome/isFault``).
    func broken(by outcome: Outcome) -> [String] {
        guard let code = outcome.code, !outcome.reason.isEmpty else { return [] }
        guard let reason = Self.byWord[outcome.reason], let option = Telehealth_V1_ErrorReason.reasonOptions[reason]
        else { return ["\(outcome.reason) is not a known reason"] }
        var found: [String] = []
        if !reasons.contains(reason) { found.append("not among the call's reasons") }
        if option.code.rawValue != Int32(code.rawValue) { found.append("under \(code)") }
        let keys = outcome.metadataKeys
        if !keys.isSuperset(of: option.metadata)
            || !keys.isSubset(of: option.metadata + option.metadataSometimes)
        {
            found.append("metadata has \(keys.sorted())")
        }
        let details = [
            ("google.rpc.ErrorInfo", true), ("google.rpc.RetryInfo", option.retryInfo),
            ("google.rpc.BadRequest", option.badRequest),
            ("telehealth.v1.MissingConsentDetail", option.missingConsent),
            ("telehealth.v1.SessionStateDetail", option.sessionState),
        ]
        if outcome.details.sorted() != details.filter(\.1).map(\.0).sorted() {
            found.append("details are \(outcome.details)")
        }
        for field in outcome.fields where !leads(field) { found.append("\(field) is not a field of the request") }
        return found.map { "\(outcome.reason): \($0)" }
    }

    /// Whether a path such as `submission.purposes[2]` leads to a field, or to a oneof at its end.
    private func leads(_ path: String) -> Bool {
        var message: MessageDescriptor? = request
        for part in path.split(separator: ".", omittingEmptySubsequences: false) {
            let name = part.prefix { $0 != "[" }
            guard let type = message else { return false }
            if let field = type.field(named: String(name)) {
                if part.count > name.count, !field.isRepeated || !part.hasSuffix("]") { return false }
                message = field.kind == .message && !field.isMap ? type.messageType(of: field) : nil
            } else {
                guard part.count == name.count, type.oneofs.contains(String(name)) else { return false }
                message = nil
            }
        }
        return true
    }
}
