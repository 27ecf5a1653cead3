internal import ProtobufWire
internal import TextFormats

/// Writes a message as canonical JSON, driven by its descriptor.
struct JSONEncoder {
    private let options: JSONEncodingOptions
    private(set) var text = ""
    private var depth = 0
    /// Nesting depth of the current message, including those within an `Any`'s bytes.
    var messageDepth = 0

    init(options: JSONEncodingOptions) { self.options = options }

    mutating func write(_ message: DynamicMessage) throws(JSONError) {
        messageDepth += 1
        defer { messageDepth -= 1 }
        if let type = message.descriptor.record.wellKnown, try writeWellKnown(message, type) { return }
        try object { encoder throws(JSONError) in try encoder.writeMembers(of: message, isFirst: true) }
    }

    /// Writes braces and what `body` puts between them.
    mutating func object(_ body: (inout JSONEncoder) throws(JSONError) -> Bool) throws(JSONError) {
        text += "{"
        depth += 1
        let isEmpty = try body(&self)
        depth -= 1
        if !isEmpty { breakLine() }
        text += "}"
    }

    /// - Returns: true when nothing was written, now or before.
    mutating func writeMembers(of message: DynamicMessage, isFirst: Bool) throws(JSONError) -> Bool {
        var isFirst = isFirst
        for (field, value) in membersInOrder(of: message) {
            key(name(of: field), isFirst: isFirst)
            isFirst = false
            do throws(JSONError) {
                try write(value, field, message.descriptor)
            } catch {
                throw error.within(field.name)
            }
        }
        return isFirst
    }

    private func membersInOrder(of message: DynamicMessage) -> [(field: FieldDescriptor, value: DynamicValue)]
    {
        guard options.includesDefaults else { return message.fields }
        let defaults = message.descriptor.fields.filter { !$0.hasPresence && message[$0] == nil }.map {
            field in
            (field, field.isRepeated ? .list([]) : DynamicValue.zero(field, in: message.descriptor))
        }
        return (message.fields + defaults).sorted { $0.0.number < $1.0.number }
    }

    private func name(of field: FieldDescriptor) -> String {
        if field.isExtension { return "[\(field.name)]" }
        return options.usesSchemaNames ? field.name : field.jsonName
    }

    mutating func key(_ name: String, isFirst: Bool) {
        if !isFirst { text += "," }
        breakLine()
        string(name)
        text += options.isIndented ? ": " : ":"
    }

    private mutating func breakLine() {
        guard options.isIndented else { return }
        text += "\n"
        for _ in 0..<depth { text += "  " }
    }

    private mutating func write(
        _ value: DynamicValue, _ field: FieldDescriptor, _ message: MessageDescriptor
    ) throws(JSONError) {
        switch value {
        case .map(let entries):
            let (_, valueField) = message.entryFields(of: field)
            let entryType = message.messageType(of: field)
            try object { encoder throws(JSONError) in
                var isFirst = true
                for entry in entries {
                    encoder.key(Self.mapKey(entry.key), isFirst: isFirst)
                    isFirst = false
                    try encoder.write(entry.value, valueField, entryType)
                }
                return isFirst
            }
        case .list(let elements) where field.isMap && elements.isEmpty:
            text += "{}"
        case .list(let elements):
            try array(elements) { encoder, element throws(JSONError) in
                try encoder.writeScalar(element, field, message)
            }
        default:
            try writeScalar(value, field, message)
        }
    }

    mutating func array<Element>(
        _ elements: [Element], _ body: (inout JSONEncoder, Element) throws(JSONError) -> Void
    ) throws(JSONError) {
        text += "["
        depth += 1
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            breakLine()
            try body(&self, element)
        }
        depth -= 1
        if !elements.isEmpty { breakLine() }
        text += "]"
    }

    private mutating func writeScalar(
        _ value: DynamicValue, _ field: FieldDescriptor, _ message: MessageDescriptor
    ) throws(JSONError) {
        switch value {
        case .int32(let value): text += String(value)
        case .uint32(let value): text += String(value)
        case .int64(let value): text += "\"\(value)\""
        case .uint64(let value): text += "\"\(value)\""
        case .float(let value): text += JSONNumber.text(value)
        case .double(let value): text += JSONNumber.text(value)
        case .bool(let value): text += value ? "true" : "false"
        case .string(let value): string(value)
        case .bytes(let value): text += "\"\(Base64.standard.text(value))\""
        case .enumeration(let number):
            let type = message.enumType(of: field)
            if type.fullName == "google.protobuf.NullValue" {
                text += "null"
            } else if let name = type.name(of: number) {
                string(name)
            } else {
                text += String(number)
            }
        case .message(let value): try write(value)
        case .list, .map: preconditionFailure("a list inside a list cannot come from a descriptor")
        }
    }

    private static func mapKey(_ key: DynamicValue) -> String {
        switch key {
        case .string(let value): value
        case .bool(let value): value ? "true" : "false"
        case .int32(let value): String(value)
        case .int64(let value): String(value)
        case .uint32(let value): String(value)
        case .uint64(let value): String(value)
        default: ""  // protobuf has no other key types
        }
    }

    /// Appends raw JSON.
    mutating func raw(_ json: String) { text += json }

    /// Appends a string in quotes.
    mutating func string(_ value: String) {
        var bytes: [UInt8] = []
        value.appendAsJSONString(to: &bytes)
        text += String(decoding: bytes, as: UTF8.self)
    }
}

extension DynamicMessage {
    /// The message as canonical protobuf JSON.
    ///
    /// - Throws: ``JSONError`` when a value has no JSON form (a timestamp out of range, an `Any` of unknown type).
    public func jsonText(options: JSONEncodingOptions = .init()) throws(JSONError) -> String {
        var encoder = JSONEncoder(options: options)
        try encoder.write(self)
        return encoder.text
    }
}
