/// Hides sensitive fields of messages, using a field option that declares the sensitivity of each field.
///
/// The option and its values come from the messages' own descriptors, so this works for any schema with such an
/// option. Everything else is hidden: a field without the option, a value without a name in the pool, unknown fields.
public struct Redaction: Sendable {
    /// Replaces a hidden text.
    public static let mask = "[hidden]"

    private let option: UInt32
    private let shown: Set<Int32>

    /// - Parameters:
    ///   - option: full name of the extension of `google.protobuf.FieldOptions`, whose type is an enum.
    ///   - showing: names of the enum's values whose fields are shown.
    /// - Returns: nil when the pool has no such option.
    public init?(_ pool: DescriptorPool, option: String, showing: Set<String>) {
        guard let options = pool.message(named: "google.protobuf.FieldOptions"),
            let field = options.field(named: "[\(option)]"), field.kind == .enumeration
        else { return nil }
        let classes = pool.enumeration(named: field.typeName)?.values ?? []
        self.option = field.number
        shown = Set(classes.filter { showing.contains($0.name) }.map(\.number))
    }

    /// The message with hidden texts masked and other hidden values left out.
    public func redact(_ message: DynamicMessage) -> DynamicMessage {
        var result = DynamicMessage(message.descriptor)
        for (field, value) in message.fields {
            if let level = field.enumOption(option) {
                result[field] = shown.contains(level) ? value : masked(value)
            } else if field.kind == .message || field.kind == .group {
                // A message without its own class has those of its fields.
                result[field] = inside(value)
            } else {
                result[field] = masked(value)
            }
        }
        return result
    }

    private func inside(_ value: DynamicValue) -> DynamicValue? {
        switch value {
        case .message(let message): .message(redact(message))
        case .list(let elements): .list(elements.compactMap(inside))
        default: nil
        }
    }

    private func masked(_ value: DynamicValue) -> DynamicValue? {
        switch value {
        case .string: .string(Self.mask)
        case .list(let elements): .list(elements.compactMap(masked))
        case .int32, .int64, .uint32, .uint64, .float, .double, .bool, .bytes, .enumeration, .message, .map: nil
        }
    }
}
