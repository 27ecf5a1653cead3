internal import GRPCStandardAPI
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

/// Formats `google.rpc.Status` details.
enum ErrorDetails {
    /// One line per detail, each after a line break; empty when the error has none.
    static func lines(of error: RPCError) -> DisplayText {
        var lines: [DisplayText] = []
        if let info = error.errorInfo {
            let metadata = info.metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            lines.append("reason: \(info.reason) (\(info.domain)) \(metadata)")
        }
        for field in error.badFields { lines.append("field \(field.field): \(field.description)") }
        for missing in error.missingConsents {
            lines.append(
                "missing consent: \(missing.type) of \(missing.personRole) \(missing.personID): \(missing.cause)"
            )
        }
        if let state = error.sessionState { lines.append("session: \(state.status)") }
        if let delay = error.retryDelay { lines.append("try again in \(delay.forPeople)") }
        return lines.map { "\n  \($0)" }.joined()
    }
}
