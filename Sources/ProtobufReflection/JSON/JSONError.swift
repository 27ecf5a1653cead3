/// Why text is not a message's JSON, or why a message has none. The fault of whoever wrote the text or filled the
/// message.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// Invalid JSON.
        case syntax(String)
        /// Objects and arrays nested deeper than the limit.
        case depthExceeded(limit: Int)
        /// The same key twice in one object, or a field under two of its names.
        case duplicateKey
        /// The message has no field of that name.
        case unknownField
        /// The wrong kind of JSON value for the field, or out of its range.
        case wrongValue(expected: String)
        /// A second member of a oneof.
        case oneofConflict
        /// An `Any` without a type, or with one that the pool does not have.
        case unknownType
        /// A value that JSON has no form for, such as a timestamp out of range.
        case notRepresentable(String)
    }

    /// What is wrong.
    public var reason: Reason
    /// Where: field names from the outermost message inwards, separated by dots; empty for the message itself.
    public var path: String

    init(_ reason: Reason, path: String = "") {
        self.reason = reason
        self.path = path
    }

    /// The same error seen from outside the field `name`.
    func within(_ name: String) -> JSONError {
        JSONError(reason, path: path.isEmpty ? name : name + "." + path)
    }

    public var description: String {
        let text =
            switch reason {
            case .syntax(let detail): "not valid JSON: \(detail)"
            case .depthExceeded(let limit): "nested deeper than \(limit) levels"
            case .duplicateKey: "appears twice"
            case .unknownField: "unknown field"
            case .wrongValue(let expected): "expected \(expected)"
            case .oneofConflict: "another field of the same oneof is also set"
            case .unknownType: "\"@type\" is missing or names an unknown type"
            case .notRepresentable(let detail): "cannot be written as JSON: \(detail)"
            }
        return path.isEmpty ? text : "\(path): \(text)"
    }
}
