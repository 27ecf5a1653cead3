/// The type of a field's value.
public enum FieldKind: Sendable, Hashable {
    case double, float, int32, int64, uint32, uint64, sint32, sint64
    case fixed32, fixed64, sfixed32, sfixed64
    case bool, string, bytes
    case enumeration, message, group

    init?(_ type: Google_Protobuf_FieldDescriptorProto.TypeEnum) {
        switch type {
        case .double: self = .double
        case .float: self = .float
        case .int64: self = .int64
        case .uint64: self = .uint64
        case .int32: self = .int32
        case .fixed64: self = .fixed64
        case .fixed32: self = .fixed32
        case .bool: self = .bool
        case .string: self = .string
        case .group: self = .group
        case .message: self = .message
        case .bytes: self = .bytes
        case .uint32: self = .uint32
        case .enum: self = .enumeration
        case .sfixed32: self = .sfixed32
        case .sfixed64: self = .sfixed64
        case .sint32: self = .sint32
        case .sint64: self = .sint64
        case .unrecognized: return nil
        }
    }

    /// Numbers, enums and booleans, which may be packed.
    public var isPackable: Bool {
        switch self {
        case .string, .bytes, .message, .group: false
        default: true
        }
    }

    /// The keyword in a `.proto` file; for messages and enums the type's name is used instead.
    public var keyword: String {
        switch self {
        case .enumeration: "enum"
        default: "\(self)"
        }
    }
}

/// One field of a message, or one extension of it.
public struct FieldDescriptor: Sendable {
    /// The name in the schema, such as `session_id`; an extension's full name.
    public let name: String
    /// The name in JSON, such as `sessionId`.
    public let jsonName: String
    /// The field number.
    public let number: UInt32
    /// The type of one value.
    public let kind: FieldKind
    /// True for `repeated` fields, maps included.
    public let isRepeated: Bool
    /// proto2 `required`.
    public let isRequired: Bool
    /// True when an absent field differs from a field with its default value.
    public let hasPresence: Bool
    /// True when elements are written as one packed run.
    public let isPacked: Bool
    /// Index of the oneof in the message, nil for none; proto3 `optional` counts as none.
    public let oneofIndex: Int?
    /// True for `map<…>` fields.
    public let isMap: Bool
    /// True for an extension: in JSON its name is in brackets.
    public let isExtension: Bool
    /// Full name of the message or enum type without a leading dot; empty for other kinds.
    public let typeName: String
    /// proto2's `[default = …]` as the schema writes it, nil for none.
    public let declaredDefault: String?
    /// The position of the message or enum type in the pool.
    let typeIndex: Int
    /// Custom options of the field (extensions of `google.protobuf.FieldOptions`) that are enums, booleans or varints,
    /// by their number.
    let numericOptions: [UInt32: UInt64]

    /// The number that an enum-valued custom option has here; nil when the field does not set it.
    ///
    /// - Parameter option: the extension's field number in `google.protobuf.FieldOptions`.
    public func enumOption(_ option: UInt32) -> Int32? { numericOptions[option].map(Int32.init(truncatingIfNeeded:)) }
}

/// A enum type.
public struct EnumDescriptor: Sendable {
    /// Full name without a leading dot.
    public let fullName: String
    /// Names and numbers in the order of the schema; aliases have the same number.
    public let values: [(name: String, number: Int32)]
    /// proto2: a number without a name is an unknown field.
    public let isClosed: Bool
    let numbers: [String: Int32]
    let names: [Int32: String]

    /// The first name of a number.
    public func name(of number: Int32) -> String? { names[number] }
    /// The number of a name.
    public func number(of name: String) -> Int32? { numbers[name] }
}
