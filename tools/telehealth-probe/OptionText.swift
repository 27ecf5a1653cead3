internal import ProtobufReflection
internal import ProtobufWire

/// Options as a .proto file sets them.
enum OptionText {
    /// `(telehealth.v1.reason) = {…}` for each extension that is set and `idempotency_level = …` for each option of
    /// protobuf's own, in the order of their numbers.
    ///
    /// - Parameter indent: nil = on one line; else what stands before the line that the option begins in.
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
        // Neither can be the value of an option without being odd.
        case .bytes(let bytes): return "\(bytes.count) bytes"
        case .map(let entries): return "\(entries.keys.count) entries"
        }
    }
}
