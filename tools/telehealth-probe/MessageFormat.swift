internal import ArgumentParser
internal import ProtobufReflection

/// The format of messages on the command line and in output.
enum MessageFormat: String, CaseIterable, ExpressibleByArgument {
    /// Protobuf's canonical JSON.
    case json
    /// Protobuf's text format.
    case text

    /// How a response is printed.
    struct Style {
        var isIndented = false
        /// JSON only: also fields with default values.
        var includesDefaults = false
        /// Text format only: unknown fields, by number.
        var includesUnknown = false
    }

    /// Separates messages in text format, which has no brackets around a whole message; grpcurl uses the same byte.
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
