internal import ProtobufReflection

/// What one field of a message becomes: its Swift names and the shape of its code.
struct FieldPlan {
    enum Shape: Equatable {
        /// A value whose default is not written (proto3 without `optional`).
        case implicit
        /// An Optional value.
        case explicit
        case message
        case group
        case repeated(packed: Bool)
        case repeatedMessage
        case repeatedGroup
        /// A map with the ``WireType`` names of its key and value.
        case map(key: String, value: String)
    }

    let number: UInt32
    let name: String
    /// The name of the property that holds the value's box, if it has one.
    let box: String
    let shape: Shape
    /// The type of the property: `valueType`, Optional, an array or a map of it.
    let propertyType: String
    /// The type of one value: `String`, `Telehealth_V1_Session`.
    let valueType: String
    /// The ``WireType`` of one value; empty for singular and repeated messages.
    let wireType: String
    /// The wire type number of an unpacked value.
    let format: UInt32
    let kind: Google_Protobuf_FieldDescriptorProto.TypeEnum
    let isBoxed: Bool
    /// True when the value, a map's too, is an enum that takes only the numbers it names.
    let isClosedEnum: Bool
    /// Index of the oneof the field belongs to, nil for none (proto3 `optional` counts as none).
    let oneof: Int?
    /// Position among the message's fields, for the source comments.
    let index: Int

    /// How the value is written where it is declared.
    var quotedName: String { NamingRules.quoted(name) }
    /// How the message's methods reach the value.
    var reachedName: String { NamingRules.reached(name) }
    /// The stored property, as it is reached: another one when the public one unwraps a box.
    var storedName: String { isBoxed ? box : reachedName }

    init(
        _ field: Google_Protobuf_FieldDescriptorProto, index: Int, name: String, box: String, isProto3: Bool,
        schema: SchemaIndex
    ) {
        self.index = index
        self.name = name
        self.box = box
        number = UInt32(bitPattern: field.number ?? 0)
        kind = field.type ?? .int32
        oneof = field.proto3Optional == true ? nil : field.oneofIndex.map(Int.init)
        let typeName = field.typeName ?? ""
        valueType = Self.swiftType(kind, typeName, schema)
        wireType = Self.wireType(kind, typeName, schema)
        format = Self.wireFormat(kind)
        let value = schema.mapEntry(of: field)?.field.last ?? field
        isClosedEnum = value.type == .enum && schema.enums[value.typeName ?? ""]?.isClosed == true
        let isRepeated = field.label == .repeated
        isBoxed = !isRepeated && oneof == nil && kind == .message && schema.boxed.contains(typeName)
        if let entry = schema.mapEntry(of: field) {
            let types = entry.field.map { Self.wireType($0.type ?? .int32, $0.typeName ?? "", schema) }
            shape = .map(key: types.first ?? "", value: types.last ?? "")
            let values = entry.field.map { Self.swiftType($0.type ?? .int32, $0.typeName ?? "", schema) }
            propertyType = "MapField<\(values.joined(separator: ", "))>"
            return
        }
        switch (kind, isRepeated) {
        case (.message, true): shape = .repeatedMessage
        case (.message, false): shape = .message
        case (.group, true): shape = .repeatedGroup
        case (.group, false): shape = .group
        case (_, true): shape = .repeated(packed: Self.isPackable(kind) && field.options?.packed ?? isProto3)
        case (_, false): shape = isProto3 && field.proto3Optional != true ? .implicit : .explicit
        }
        switch shape {
        case .implicit: propertyType = valueType
        case .explicit, .message, .group: propertyType = valueType + "?"
        case .repeated, .repeatedMessage, .repeatedGroup, .map: propertyType = "[\(valueType)]"
        }
    }

    /// True for numbers: what may be packed, and must be read packed and unpacked.
    var isPackable: Bool { Self.isPackable(kind) }

    private static func isPackable(_ kind: Google_Protobuf_FieldDescriptorProto.TypeEnum) -> Bool {
        switch kind {
        case .string, .bytes, .message, .group: false
        default: true
        }
    }

    static func swiftType(
        _ kind: Google_Protobuf_FieldDescriptorProto.TypeEnum, _ typeName: String, _ schema: SchemaIndex
    ) -> String {
        switch kind {
        case .double: "Double"
        case .float: "Float"
        case .int64, .sfixed64, .sint64: "Int64"
        case .uint64, .fixed64: "UInt64"
        case .int32, .sfixed32, .sint32: "Int32"
        case .uint32, .fixed32: "UInt32"
        case .bool: "Bool"
        case .string: "String"
        case .bytes: "[UInt8]"
        case .message, .group, .enum, .unrecognized: schema.swiftName(of: typeName)
        }
    }

    static func wireType(
        _ kind: Google_Protobuf_FieldDescriptorProto.TypeEnum, _ typeName: String, _ schema: SchemaIndex
    ) -> String {
        switch kind {
        case .double: "WireDouble"
        case .float: "WireFloat"
        case .int64: "WireInt64"
        case .uint64: "WireUInt64"
        case .int32: "WireInt32"
        case .fixed64: "WireFixed64"
        case .fixed32: "WireFixed32"
        case .bool: "WireBool"
        case .string: "WireString"
        case .bytes: "WireBytes"
        case .uint32: "WireUInt32"
        case .sfixed32: "WireSFixed32"
        case .sfixed64: "WireSFixed64"
        case .sint32: "WireSInt32"
        case .sint64: "WireSInt64"
        case .enum: "WireEnum<\(schema.swiftName(of: typeName))>"
        case .message, .group, .unrecognized: "WireMessage<\(schema.swiftName(of: typeName))>"
        }
    }

    private static func wireFormat(_ kind: Google_Protobuf_FieldDescriptorProto.TypeEnum) -> UInt32 {
        switch kind {
        case .double, .fixed64, .sfixed64: 1
        case .float, .fixed32, .sfixed32: 5
        case .string, .bytes, .message: 2
        case .group: 3
        default: 0
        }
    }

    /// The initial value in the declaration; empty for Optionals.
    var initialValue: String {
        switch shape {
        case .explicit, .message, .group: ""
        case .repeated, .repeatedMessage, .repeatedGroup: " = []"
        case .map: " = MapField()"
        case .implicit:
            switch kind {
            case .string: " = \"\""
            case .bytes: " = []"
            case .bool: " = false"
            case .enum: " = .init(rawValue: 0)"
            default: " = 0"
            }
        }
    }
}
