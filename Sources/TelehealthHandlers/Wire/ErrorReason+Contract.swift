internal import RPCModel
internal import TelehealthAPI

extension Telehealth_V1_ErrorReason {
    private static let prefix = "ERROR_REASON_"

    /// `ErrorInfo.reason`: the name without its prefix. Empty for a number without a name.
    var word: String { String((Self.valueNames[self] ?? "").dropFirst(Self.prefix.count)) }

    /// The reason with this name; nil when the API has none.
    init?(word: String) {
        guard let reason = Self.byWord[word] else { return nil }
        self = reason
    }

    private static let byWord = Dictionary(
        uniqueKeysWithValues: reasonOptions.keys.map { ($0.word, $0) })

    /// The code in its contract. A reason without one is never sent; if it were, that would be our fault.
    var code: RPCError.Code {
        guard let number = Self.reasonOptions[self]?.code.rawValue, let byte = UInt8(exactly: number) else {
            return .internal
        }
        return RPCError.Code(rawValue: byte) ?? .internal
    }
}
