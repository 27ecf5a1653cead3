internal import ProtobufReflection
internal import ProtobufWire

/// Reads options that `buf/validate/validate.proto` declares: extensions, hence among the unknown fields of what holds
/// them.
enum RuleOptions {
    /// Number of the extensions `buf.validate.field`, `.oneof` and `.message` alike.
    private static let rules: UInt32 = 1159
    /// Number of the extension `buf.validate.predefined`.
    private static let predefined: UInt32 = 1160

    static func field(_ field: Google_Protobuf_FieldDescriptorProto) throws(CodegenError) -> Buf_Validate_FieldRules? {
        try read(rules, of: field.options?.unknownFields)
    }

    static func oneof(_ oneof: Google_Protobuf_OneofDescriptorProto) throws(CodegenError) -> Buf_Validate_OneofRules? {
        try read(rules, of: oneof.options?.unknownFields)
    }

    static func message(
        _ message: Google_Protobuf_DescriptorProto
    ) throws(CodegenError) -> Buf_Validate_MessageRules? {
        try read(rules, of: message.options?.unknownFields)
    }

    static func predefined(
        _ field: Google_Protobuf_FieldDescriptorProto
    ) throws(CodegenError) -> Buf_Validate_PredefinedRules? {
        try read(predefined, of: field.options?.unknownFields)
    }

    /// The numbers of the extensions of a message of rules and, where it is a varint, what each is set to.
    static func extensions(of fields: UnknownFields) throws(CodegenError) -> [(number: UInt32, varint: UInt64?)] {
        var found: [(number: UInt32, varint: UInt64?)] = []
        try scan(fields) { (tag, reader) throws(WireError) in
            if tag & 7 == 0 {
                found.append((tag >> 3, try reader.readVarint()))
            } else {
                found.append((tag >> 3, nil))
                _ = try reader.skipUnknown(tag)
            }
        }
        return found
    }

    private static func read<Rules: Message>(
        _ number: UInt32, of fields: UnknownFields?
    ) throws(CodegenError) -> Rules? {
        guard let fields, !fields.isEmpty else { return nil }
        var rules: Rules?
        // What protoc wrote in several pieces is one message.
        try scan(fields) { (tag, reader) throws(WireError) in
            if tag == number << 3 | 2 {
                try reader.readMessage(&rules)
            } else {
                _ = try reader.skipUnknown(tag)
            }
        }
        return rules
    }

    private static func scan(
        _ fields: UnknownFields, _ body: (UInt32, inout WireReader) throws(WireError) -> Void
    ) throws(CodegenError) {
        do throws(WireError) {
            try fields.bytes.span.withUnsafeBytes { bytes throws(WireError) in
                var reader = WireReader(bytes)
                while let tag = try reader.nextTag() { try body(tag, &reader) }
            }
        } catch {
            throw CodegenError("an option is damaged (\(error.label))")
        }
    }
}
