internal import ArgumentParser
internal import ProtobufReflection

/// How messages are written on the command line and printed.
enum MessageFormat: String, CaseIterable, ExpressibleByArgument {
    /// Protobuf's canonical JSON.
    case json
    /// Protobuf's text format.
    case text

    /// How an answer is printed.
    struct Style {
        var isIndented = false
        /// JSON only: fields at their default too.
        var includesDefaults = false
        /// Text format only: fields the schema does not know, by number.
        var includesUnknown = false
    }

    /// What stands between two messages in text format, which has no bracket around a whole message: the byte that
    /// grpcurl takes too.
    private static let recordSeparator: Character = "\u{1E}"

    /// The messages of an input, at least one.
    func split(_ input: String) -> [String] {
        switch self {
        case .json: JSONObjects.split(input)
        case .text: input.split(separator: Self.recordSeparator, omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// - Throws: `JSONError` or `TextFormatError`.
    func read(_ text: String, as type: MessageDescriptor) throws -> DynamicMessage {
        switch self {
        case .json: try DynamicMessage(type, json: text)
        case .text: try DynamicMessage(type, text: text)
        }
    }

    /// - Throws: `JSONError`; text format has a form for every message.
    func text(of message: DynamicMessage, _ style: Style = Style()) throws -> String {
        switch self {
        case .json:
            try message.jsonText(
                options: .init(includesDefaults: style.includesDefaults, isIndented: style.isIndented))
        case .text:
            message.textFormat(
                options: .init(isIndented: style.isIndented, printsUnknownFields: style.includesUnknown))
        }
    }
}
