internal import ProtobufReflection
internal import ProtobufWire

/// Options in .proto syntax.
enum OptionText {
    /// `(telehealth.v1.reason) = {…}` for each extension that is set and `idempotency_level = …` for each option of
    /// protobuf itself, ordered by number.
    ///
    /// - Parameter indent: nil for one line; otherwise the indentation of the line on which the option begins.
    static func assignments(_ options: DynamicMessage?, indent: String? = nil) -> [String] {
        (options?.fields ?? []).map { field, value in
            (field.isExtension ? "(\(field.name))" : field.name) + " = "
                + text(value, field, in: options?.descriptor, indent: indent)
        }
    }

    private static func text(
        _ value: DynamicValue, _ field: FieldDescriptor, in message: MessageDescriptor?, indent: String?
    ) -> String {
        switch value {
        case .message(let message):
            let parts = message.fields.map { field, value in
                "\(field.name): " + text(value, field, in: message.descriptor, indent: indent.map { $0 + "  " })
            }
            guard let indent else { return "{" + parts.joined(separator: ", ") + "}" }
            return "{\n" + parts.map { "\(indent)  \($0)\n" }.joined() + indent + "}"
        case .list(let elements):
            return "[" + elements.map { text($0, field, in: message, indent: nil) }.joined(separator: ", ") + "]"
        case .enumeration(let number): return message?.enumType(of: field).name(of: number) ?? "\(number)"
        case .string(let text): return "\"\(text)\""
        case .bool(let flag): return "\(flag)"
        case .int32(let number): return "\(number)"
        case .int64(let number): return "\(number)"
        case .uint32(let number): return "\(number)"
        case .uint64(let number): return "\(number)"
        case .float(let number): return "\(number)"
        case .double(let number): return "\(number)"
        // Neither is plausible as an option's value.
        case .bytes(let bytes): return "\(bytes.count) bytes"
        case .map(let entries): return "\(entries.keys.count) entries"
        }
    }
}
