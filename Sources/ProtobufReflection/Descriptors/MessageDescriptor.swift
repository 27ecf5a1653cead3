/// A message type in a pool.
public struct MessageDescriptor: Sendable {
    /// Where the types of fields are found.
    public let pool: DescriptorPool
    let record: MessageRecord

    /// Full name without a leading dot.
    public var fullName: String { record.fullName }
    /// The fields in the order of the schema, extensions not included.
    public var fields: [FieldDescriptor] { record.fields }
    /// The names of the oneofs, those made up for proto3 `optional` not included.
    public var oneofs: [String] { record.oneofs }

    /// The field or known extension with a number.
    public func field(number: UInt32) -> FieldDescriptor? {
        if let index = record.byNumber[number] { return record.fields[index] }
        return pool.extensions[record.fullName]?[number]
    }

    /// The field with a name: as in the schema, as in JSON, or an extension's full name in brackets.
    public func field(named name: String) -> FieldDescriptor? {
        if let index = record.byName[name] { return record.fields[index] }
        guard name.hasPrefix("["), name.hasSuffix("]") else { return nil }
        return pool.extensionField(named: String(name.dropFirst().dropLast()), of: record.fullName)
    }

    /// The message type of a message, group or map field.
    public func messageType(of field: FieldDescriptor) -> MessageDescriptor {
        MessageDescriptor(pool: pool, record: pool.messages[field.typeIndex])
    }

    /// The enum type of an enum field.
    public func enumType(of field: FieldDescriptor) -> EnumDescriptor { pool.enums[field.typeIndex] }

    /// Key and value of a map field; of another field a programming error that stops the program.
    public func entryFields(of field: FieldDescriptor) -> (key: FieldDescriptor, value: FieldDescriptor) {
        // A pool refuses map entries that have not exactly these two.
        let entry = pool.messages[field.typeIndex]
        return (entry.fields[0], entry.fields[1])
    }
}

extension MessageDescriptor: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        left.record === right.record || left.fullName == right.fullName
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(fullName) }
}

/// What a pool knows about one message type.
final class MessageRecord: Sendable {
    let fullName: String
    let fields: [FieldDescriptor]
    let oneofs: [String]
    let byNumber: [UInt32: Int]
    let byName: [String: Int]
    /// Group fields by their type's name without its scope, as text format names them.
    let byGroupName: [String: Int]
    /// Names that the schema declares `reserved`: text format skips them.
    let reservedNames: Set<String>
    let wellKnown: WellKnownType?

    init(fullName: String, fields: [FieldDescriptor], oneofs: [String], reservedNames: [String]) {
        self.fullName = fullName
        self.fields = fields
        self.oneofs = oneofs
        self.reservedNames = Set(reservedNames)
        var numbers: [UInt32: Int] = [:]
        var names: [String: Int] = [:]
        for (index, field) in fields.enumerated() { names[field.jsonName] = index }
        for (index, field) in fields.enumerated() {
            numbers[field.number] = index
            names[field.name] = index
        }
        byNumber = numbers
        byName = names
        var groups: [String: Int] = [:]
        for (index, field) in fields.enumerated() where field.kind == .group { groups[field.textName] = index }
        byGroupName = groups
        wellKnown = WellKnownType(fullName: fullName)
    }
}

/// Messages that have a form of their own in JSON.
enum WellKnownType: Sendable {
    case any, duration, fieldMask, listValue, structure, timestamp, value, wrapper

    init?(fullName: String) {
        guard fullName.hasPrefix("google.protobuf.") else { return nil }
        switch fullName.dropFirst(16) {
        case "Any": self = .any
        case "Duration": self = .duration
        case "FieldMask": self = .fieldMask
        case "ListValue": self = .listValue
        case "Struct": self = .structure
        case "Timestamp": self = .timestamp
        case "Value": self = .value
        case "DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value",
            "BoolValue",
            "StringValue", "BytesValue":
            self = .wrapper
        default: return nil
        }
    }
}

/// A service in a pool.
public struct ServiceDescriptor: Sendable {
    /// One method of it.
    public struct Method: Sendable {
        /// The name in the schema.
        public let name: String
        /// The request type.
        public let input: MessageDescriptor
        /// The response type.
        public let output: MessageDescriptor
        public let isClientStreaming: Bool
        public let isServerStreaming: Bool
    }

    /// Full name without a leading dot.
    public let fullName: String
    /// The methods in the order of the schema.
    public let methods: [Method]

    /// The method with a name.
    public func method(named name: String) -> Method? { methods.first { $0.name == name } }
}
