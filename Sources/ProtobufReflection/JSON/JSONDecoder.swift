internal import ProtobufWire
internal import TextFormats

/// Fills a message from JSON, driven by its descriptor.
struct JSONDecoder {
    let options: JSONDecodingOptions

    func decode(_ json: JSONValue, into message: inout DynamicMessage) throws(JSONError) {
        if let type = message.descriptor.record.wellKnown {
            return try decodeWellKnown(json, type, into: &message)
        }
        guard case .object(let members) = json else { throw JSONError(.wrongValue(expected: "an object")) }
        try decode(members[...], into: &message)
    }

    /// Fills fields from the members of an object.
    func decode(
        _ members: ArraySlice<JSONMember>, into message: inout DynamicMessage
    ) throws(JSONError) {
        var seen: Set<UInt32> = []
        var oneofs: Set<Int> = []
        for member in members {
            let (key, value) = (member.key, member.value)
            guard let field = message.descriptor.field(named: key) else {
                if options.ignoresUnknownFields { continue }
                throw JSONError(.unknownField, path: key)
            }
            guard seen.insert(field.number).inserted else { throw JSONError(.duplicateKey, path: key) }
            if value.isNull, !takesNull(field, message.descriptor) { continue }
            if let oneof = field.oneofIndex, !oneofs.insert(oneof).inserted {
                throw JSONError(.oneofConflict, path: key)
            }
            do throws(JSONError) {
                try decode(value, field, into: &message)
            } catch {
                throw error.within(key)
            }
        }
    }

    /// True for the two types that have null as a value.
    private func takesNull(_ field: FieldDescriptor, _ message: MessageDescriptor) -> Bool {
        guard !field.isRepeated else { return false }
        return field.typeName == "google.protobuf.Value" || field.typeName == "google.protobuf.NullValue"
    }

    private func decode(
        _ json: JSONValue, _ field: FieldDescriptor, into message: inout DynamicMessage
    ) throws(JSONError) {
        let descriptor = message.descriptor
        if field.isMap {
            guard case .object(let members) = json else {
                throw JSONError(.wrongValue(expected: "an object"))
            }
            let (keyField, valueField) = descriptor.entryFields(of: field)
            let entryType = descriptor.messageType(of: field)
            for member in members {
                let name = member.key
                do throws(JSONError) {
                    let key = try Self.mapKey(name, keyField)
                    guard let value = try decodeOne(member.value, valueField, entryType) else { continue }
                    message.setEntry(key, value, of: field)
                } catch {
                    throw error.within(name)
                }
            }
        } else if field.isRepeated {
            guard case .array(let elements) = json else { throw JSONError(.wrongValue(expected: "an array")) }
            var values: [DynamicValue] = []
            for (index, element) in elements.enumerated() {
                do throws(JSONError) {
                    if let value = try decodeOne(element, field, descriptor) { values.append(value) }
                } catch {
                    throw error.within(String(index))
                }
            }
            message.append(values, to: field)
        } else if let value = try decodeOne(json, field, descriptor) {
            message[field] = value
        }
    }

    /// - Returns: nil for an unknown enum name that must be ignored.
    private func decodeOne(
        _ json: JSONValue, _ field: FieldDescriptor, _ message: MessageDescriptor
    ) throws(JSONError) -> DynamicValue? {
        switch field.kind {
        case .message, .group:
            var nested = DynamicMessage(message.messageType(of: field))
            try decode(json, into: &nested)
            return .message(nested)
        case .enumeration: return try decodeEnum(json, message.enumType(of: field))
        default: return try Self.scalar(json, field.kind)
        }
    }

    private func decodeEnum(_ json: JSONValue, _ type: EnumDescriptor) throws(JSONError) -> DynamicValue? {
        switch json {
        case .null where type.fullName == "google.protobuf.NullValue":
            return .enumeration(0)
        case .string(let name):
            if let number = type.number(of: name) { return .enumeration(number) }
            if options.ignoresUnknownFields { return nil }
        case .number(let text):
            if let number = JSONNumber.integer(text, as: Int32.self) {
                if !type.isClosed || type.name(of: number) != nil { return .enumeration(number) }
                if options.ignoresUnknownFields { return nil }
            }
        default: break
        }
        throw JSONError(.wrongValue(expected: "a name of \(type.fullName)"))
    }

    static func scalar(_ json: JSONValue, _ kind: FieldKind) throws(JSONError) -> DynamicValue {
        switch kind {
        case .int32, .sint32, .sfixed32: return .int32(try integer(json, "a 32-bit whole number"))
        case .int64, .sint64, .sfixed64: return .int64(try integer(json, "a 64-bit whole number"))
        case .uint32, .fixed32: return .uint32(try integer(json, "a 32-bit whole number, not negative"))
        case .uint64, .fixed64: return .uint64(try integer(json, "a 64-bit whole number, not negative"))
        case .double: return .double(try float(json))
        case .float:
            let wide: Double = try float(json)
            let value: Float = try float(json)
            guard value.isFinite || !wide.isFinite else {
                throw JSONError(.wrongValue(expected: "a number within the range of float"))
            }
            return .float(value)
        case .bool:
            if case .bool(let value) = json { return .bool(value) }
            throw JSONError(.wrongValue(expected: "true or false"))
        case .string:
            if case .string(let value) = json { return .string(value) }
            throw JSONError(.wrongValue(expected: "a string"))
        case .bytes:
            if case .string(let text) = json, let bytes = Base64.eitherAlphabet.decode(Array(text.utf8)) {
                return .bytes(bytes)
            }
            throw JSONError(.wrongValue(expected: "base64"))
        case .enumeration, .message, .group:
            throw JSONError(.wrongValue(expected: "a scalar value"))
        }
    }

    private static func integer<I: FixedWidthInteger>(_ json: JSONValue, _ what: String) throws(JSONError)
        -> I
    {
        switch json {
        case .number(let text), .string(let text):
            if let value = JSONNumber.integer(text, as: I.self) { return value }
        default: break
        }
        throw JSONError(.wrongValue(expected: what))
    }

    private static func float<F: BinaryFloatingPoint & LosslessStringConvertible>(
        _ json: JSONValue
    ) throws(JSONError) -> F {
        switch json {
        case .number(let text):
            if let value = F(text), value.isFinite || F.self == Float.self { return value }
        case .string("NaN"): return .nan
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        case .string(let text):
            if JSONNumber.isNumber(text), let value = F(text), value.isFinite || F.self == Float.self {
                return value
            }
        default: break
        }
        throw JSONError(.wrongValue(expected: "a number"))
    }

    private static func mapKey(_ name: String, _ field: FieldDescriptor) throws(JSONError) -> DynamicValue {
        switch field.kind {
        case .string: return .string(name)
        case .bool:
            guard name == "true" || name == "false" else {
                throw JSONError(.wrongValue(expected: "\"true\" or \"false\" as key"))
            }
            return .bool(name == "true")
        default: return try scalar(.string(name), field.kind)
        }
    }
}

extension DynamicMessage {
    /// Parses a message from protobuf JSON: accepts JSON and schema names, numbers as numbers or strings.
    ///
    /// - Throws: ``JSONError`` with the path of the invalid field.
    public init(
        _ descriptor: MessageDescriptor, json text: String, options: JSONDecodingOptions = .init()
    ) throws(JSONError) {
        self.init(descriptor)
        let json = try JSONParser.parse(text, maximumDepth: options.maximumDepth)
        try JSONDecoder(options: options).decode(json, into: &self)
    }
}
