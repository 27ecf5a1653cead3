public import ProtobufWire

/// A message whose type is known only at run time: for tools that call any server, and for JSON.
public struct DynamicMessage: Sendable, Hashable {
    /// The message's type.
    public let descriptor: MessageDescriptor
    /// Values by field number. Fields without presence are included only when they differ from their default; empty
    /// lists and maps never are.
    private(set) var values: [UInt32: DynamicValue] = [:]
    /// Fields the type does not know, in arrival order.
    public var unknownFields = UnknownFields()

    /// A message with every field absent.
    public init(_ descriptor: MessageDescriptor) { self.descriptor = descriptor }

    /// The set fields and extensions with their values, by ascending number.
    public var fields: [(field: FieldDescriptor, value: DynamicValue)] {
        values.keys.sorted().compactMap { number in
            guard let field = descriptor.field(number: number), let value = values[number] else { return nil }
            return (field, value)
        }
    }

    /// The value of a field, nil when absent. Setting one member of a oneof clears the others; setting nil clears.
    /// The value must have the field's type; any other is a programming error that traps when the message is encoded.
    public subscript(field: FieldDescriptor) -> DynamicValue? {
        get { values[field.number] }
        set {
            if newValue != nil, let oneof = field.oneofIndex {
                for other in descriptor.fields where other.oneofIndex == oneof { values[other.number] = nil }
            }
            if let newValue, field.hasPresence || !newValue.isDefault {
                values[field.number] = newValue
            } else {
                values[field.number] = nil
            }
        }
    }

    /// The value of the field with this name in the schema or in JSON; nil when unknown or absent.
    public subscript(name: String) -> DynamicValue? {
        descriptor.field(named: name).flatMap { values[$0.number] }
    }

    /// Appends elements to a repeated field.
    mutating func append(_ elements: [DynamicValue], to field: FieldDescriptor) {
        guard !elements.isEmpty else { return }
        // Removed while it is changed, so that the array has one owner and grows in place.
        guard case .list(var list)? = values.removeValue(forKey: field.number) else {
            values[field.number] = .list(elements)
            return
        }
        list += elements
        values[field.number] = .list(list)
    }

    /// Adds or replaces an entry of a map field.
    mutating func setEntry(_ key: DynamicValue, _ value: DynamicValue, of field: FieldDescriptor) {
        var map = MapField<DynamicValue, DynamicValue>()
        if case .map(let present)? = values.removeValue(forKey: field.number) { map = present }
        map[key] = value
        values[field.number] = .map(map)
    }

    /// Removes and returns the message of a singular field, or creates one, for merging.
    mutating func takeMessage(of field: FieldDescriptor) -> DynamicMessage {
        if case .message(let present)? = values.removeValue(forKey: field.number) { return present }
        return DynamicMessage(descriptor.messageType(of: field))
    }

    /// The first missing required field, here or in a nested message, as a dotted path; nil if none is missing.
    public var missingRequiredField: String? {
        for field in descriptor.fields where field.isRequired && values[field.number] == nil {
            return field.name
        }
        for (field, value) in fields {
            let nested: [DynamicValue] =
                switch value {
                case .message: [value]
                case .list(let elements): elements
                case .map(let entries): entries.values
                default: []
                }
            for case .message(let message) in nested {
                if let missing = message.missingRequiredField { return field.name + "." + missing }
            }
        }
        return nil
    }
}
