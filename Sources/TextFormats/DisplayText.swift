/// Text that is safe for a terminal or a log.
///
/// Literals are the program's own and are written as they are; every interpolated value is escaped, because it may
/// come from a peer: `"\(error.message)"` cannot move the cursor, ring the bell or start a line that looks like ours.
/// A function that takes a `DisplayText` therefore cannot receive a peer's text by mistake.
///
///     say("event \(number)  \(name)")          // the name on one line, whatever is in it
///     say("snapshot\n\(lines: indentedJSON)")  // the JSON's line breaks stay, nothing else does
public struct DisplayText: Sendable, Hashable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// Ready to be written.
    public private(set) var description: String

    public init(stringLiteral value: String) { description = value }

    public init(stringInterpolation: StringInterpolation) { description = stringInterpolation.text }

    public static func + (left: DisplayText, right: DisplayText) -> DisplayText { "\(left)\(right)" }

    public static func += (left: inout DisplayText, right: DisplayText) { left.description += right.description }

    /// Padded with spaces to this many characters; longer text stays as it is.
    public func padded(to width: Int) -> DisplayText {
        var text = self
        text.description += String(repeating: " ", count: max(0, width - description.count))
        return text
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        public mutating func appendLiteral(_ literal: String) { text += literal }

        /// Already safe.
        public mutating func appendInterpolation(_ value: DisplayText) { text += value.description }

        /// On one line.
        public mutating func appendInterpolation<Value>(_ value: Value) {
            text += String(describing: value).escapedForDisplay()
        }

        /// On as many lines as it has.
        public mutating func appendInterpolation(lines value: String) {
            text += value.escapedForDisplay(keepingLineBreaks: true)
        }
    }
}

extension Sequence<DisplayText> {
    public func joined(separator: DisplayText = "") -> DisplayText {
        var text: DisplayText = ""
        var isFirst = true
        for part in self {
            if !isFirst { text += separator }
            text += part
            isFirst = false
        }
        return text
    }
}
