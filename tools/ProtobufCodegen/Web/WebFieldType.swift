internal import ProtobufReflection

/// The type that a field's value has in JSON, in TypeScript (protobuf.dev, "ProtoJSON Format").
struct WebFieldType {
    /// As a property's type: `Int64`, `SessionStatus[]`, `{ [key: string]: Int64 }`.
    let text: String
    /// The scalars of `client/json.js` in it.
    let scalars: Set<String>
    /// The full name of the message or enum in it, if it has a declaration.
    let declared: String?

    init(of field: Google_Protobuf_FieldDescriptorProto, _ schema: WebSchema) {
        if let entry = schema.mapEntry(of: field), let value = entry.field.last {
            let single = Self.single(value, schema)
            self.init(text: "{ [key: string]: \(single.text) }", scalars: single.scalars, declared: single.declared)
            return
        }
        let single = Self.single(field, schema)
        guard field.label == .repeated else {
            self = single
            return
        }
        let text = single.text.contains(" ") ? "(\(single.text))[]" : single.text + "[]"
        self.init(text: text, scalars: single.scalars, declared: single.declared)
    }

    private init(text: String, scalars: Set<String>, declared: String?) {
        (self.text, self.scalars, self.declared) = (text, scalars, declared)
    }

    private static func single(_ field: Google_Protobuf_FieldDescriptorProto, _ schema: WebSchema) -> WebFieldType {
        switch field.type ?? .int32 {
        case .double, .float: scalar("Float")
        case .int64, .uint64, .sint64, .fixed64, .sfixed64: scalar("Int64")
        case .int32, .uint32, .sint32, .fixed32, .sfixed32: WebFieldType(text: "number", scalars: [], declared: nil)
        case .bool: WebFieldType(text: "boolean", scalars: [], declared: nil)
        case .string: WebFieldType(text: "string", scalars: [], declared: nil)
        case .bytes: scalar("Base64")
        case .enum, .message, .group, .unrecognized:
            if let known = ofWellKnown[field.typeName ?? ""] {
                known
            } else {
                WebFieldType(
                    text: schema.entries[field.typeName ?? ""]?.name ?? "unknown", scalars: [],
                    declared: field.typeName)
            }
        }
    }

    private static func scalar(_ name: String) -> WebFieldType {
        WebFieldType(text: name, scalars: [name], declared: nil)
    }

    private static func plain(_ text: String, _ scalars: Set<String> = []) -> WebFieldType {
        WebFieldType(text: text, scalars: scalars, declared: nil)
    }

    /// The types of google.protobuf that JSON has a form of its own for.
    static let ofWellKnown: [String: WebFieldType] = [
        ".google.protobuf.Timestamp": scalar("Timestamp"),
        ".google.protobuf.Duration": scalar("Duration"),
        ".google.protobuf.FieldMask": plain("string"),
        ".google.protobuf.Any": plain("{ '@type': string; [key: string]: unknown }"),
        ".google.protobuf.Struct": plain("{ [key: string]: unknown }"),
        ".google.protobuf.Value": plain("unknown"),
        ".google.protobuf.ListValue": plain("unknown[]"),
        ".google.protobuf.NullValue": plain("null"),
        ".google.protobuf.BoolValue": plain("boolean"),
        ".google.protobuf.StringValue": plain("string"),
        ".google.protobuf.BytesValue": scalar("Base64"),
        ".google.protobuf.Int32Value": plain("number"),
        ".google.protobuf.UInt32Value": plain("number"),
        ".google.protobuf.Int64Value": scalar("Int64"),
        ".google.protobuf.UInt64Value": scalar("Int64"),
        ".google.protobuf.FloatValue": scalar("Float"),
        ".google.protobuf.DoubleValue": scalar("Float"),
    ]

    /// A field's name in JSON.
    static func jsonName(_ field: Google_Protobuf_FieldDescriptorProto) -> String {
        if let name = field.jsonName, !name.isEmpty { return name }
        var name = ""
        var isUpper = false
        for character in field.name ?? "" {
            if character == "_" {
                isUpper = true
            } else {
                name += isUpper ? character.uppercased() : String(character)
                isUpper = false
            }
        }
        return name
    }
}
