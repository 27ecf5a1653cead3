/// Why text is not a message in text format, and where. The fault of whoever wrote the text.
public struct TextFormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// Invalid text format.
        case syntax(String)
        /// Longer than the limit, bytes.
        case sizeExceeded(limit: Int)
        /// Messages nested deeper than the limit.
        case depthExceeded(limit: Int)
        /// More nested messages in all than the limit.
        case messageCountExceeded(limit: Int)
        /// The message has no field or extension of that name.
        case unknownField(String, of: String)
        /// A singular field has a second value.
        case duplicateField(String)
        /// A second member of a oneof.
        case oneofConflict(String)
        /// The wrong kind of value for the field, or out of its range.
        case wrongValue(expected: String)
        /// `[domain/type]` with a type that the pool does not have, or outside an `Any`.
        case unknownType(String)
    }

    /// What is wrong.
    public var reason: Reason
    /// The line at fault, from 1.
    public var line: Int
    /// The character (Unicode scalar) in that line, from 1.
    public var column: Int

    public var description: String {
        let text =
            switch reason {
            case .syntax(let detail): detail
            case .sizeExceeded(let limit): "longer than \(limit) bytes"
            case .depthExceeded(let limit): "nested deeper than \(limit) levels"
            case .messageCountExceeded(let limit): "more than \(limit) nested messages"
            case .unknownField(let name, let type): "\(type) has no field \(name)"
            case .duplicateField(let name): "\(name) appears twice"
            case .oneofConflict(let name): "\(name): another field of the same oneof is also set"
            case .wrongValue(let expected): "expected \(expected)"
            case .unknownType(let name): "\(name) is not a known type, or is not inside an Any"
            }
        return "line \(line), column \(column): \(text)"
    }
}
