public import ProtobufWire

/// The value of a field whose type is known only at run time.
public enum DynamicValue: Sendable, Hashable {
    /// `int32`, `sint32` and `sfixed32`.
    case int32(Int32)
    /// `int64`, `sint64` and `sfixed64`.
    case int64(Int64)
    /// `uint32` and `fixed32`.
    case uint32(UInt32)
    /// `uint64` and `fixed64`.
    case uint64(UInt64)
    case float(Float)
    case double(Double)
    case bool(Bool)
    case string(String)
    case bytes([UInt8])
    /// The number of an enum value.
    case enumeration(Int32)
    indirect case message(DynamicMessage)
    /// The elements of a repeated field.
    case list([DynamicValue])
    /// The entries of a map field.
    indirect case map(MapField<DynamicValue, DynamicValue>)

    /// True for the value a field without presence has when it is absent.
    var isDefault: Bool {
        switch self {
        case .int32(let value), .enumeration(let value): value == 0
        case .int64(let value): value == 0
        case .uint32(let value): value == 0
        case .uint64(let value): value == 0
        case .float(let value): value.bitPattern == 0
        case .double(let value): value.bitPattern == 0
        case .bool(let value): !value
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .message: false
        case .list(let values): values.isEmpty
        case .map(let entries): entries.isEmpty
        }
    }

    /// The zero of a field's type: a map entry's missing key or value.
    static func zero(_ field: FieldDescriptor, in message: MessageDescriptor) -> DynamicValue {
        switch field.kind {
        case .int32, .sint32, .sfixed32: .int32(0)
        case .int64, .sint64, .sfixed64: .int64(0)
        case .uint32, .fixed32: .uint32(0)
        case .uint64, .fixed64: .uint64(0)
        case .float: .float(0)
        case .double: .double(0)
        case .bool: .bool(false)
        case .string: .string("")
        case .bytes: .bytes([])
        case .enumeration: .enumeration(message.enumType(of: field).values.first?.number ?? 0)
        case .message, .group: .message(DynamicMessage(message.messageType(of: field)))
        }
    }
}

extension DynamicValue: MapKey {
    public func isSameKey(as other: DynamicValue) -> Bool {
        if case .string(let key) = self, case .string(let other) = other { return key.isSameKey(as: other) }
        return self == other
    }

    public func hashKey(into hasher: inout Hasher) {
        if case .string(let key) = self { key.hashKey(into: &hasher) } else { hash(into: &hasher) }
    }
}
