internal import ProtobufWire

extension JSONDecoder {
    /// Fills a message that has its own JSON form.
    func decodeWellKnown(
        _ json: JSONValue, _ type: WellKnownType, into message: inout DynamicMessage
    ) throws(JSONError) {
        switch type {
        case .timestamp:
            guard case .string(let text) = json, let time = CivilTime.parseTimestamp(text) else {
                throw JSONError(.wrongValue(expected: "an RFC 3339 time"))
            }
            message.set(1, .int64(time.seconds))
            message.set(2, .int32(time.nanos))
        case .duration:
            guard case .string(let text) = json, let duration = CivilTime.parseDuration(text) else {
                throw JSONError(.wrongValue(expected: "a duration such as \"1.5s\""))
            }
            message.set(1, .int64(duration.seconds))
            message.set(2, .int32(duration.nanos))
        case .fieldMask: try decodeFieldMask(json, into: &message)
        case .wrapper:
            guard let field = message.descriptor.field(number: 1) else { throw JSONError(.unknownType) }
            message[field] = try Self.scalar(json, field.kind)
        case .structure: try decodeStruct(json, into: &message)
        case .listValue: try decodeListValue(json, into: &message)
        case .value: try decodeValue(json, into: &message)
        case .any: try decodeAny(json, into: &message)
        }
    }

    private func decodeFieldMask(_ json: JSONValue, into message: inout DynamicMessage) throws(JSONError) {
        guard case .string(let text) = json, let field = message.descriptor.field(number: 1) else {
            throw JSONError(.wrongValue(expected: "field paths in one string"))
        }
        var paths: [DynamicValue] = []
        for path in text.split(separator: ",") {
            guard let plain = JSONName.schemaPath(path) else {
                throw JSONError(.wrongValue(expected: "field paths in lowerCamelCase"))
            }
            paths.append(.string(plain))
        }
        message.append(paths, to: field)
    }

    private func decodeStruct(_ json: JSONValue, into message: inout DynamicMessage) throws(JSONError) {
        guard case .object(let members) = json, let field = message.descriptor.field(number: 1) else {
            throw JSONError(.wrongValue(expected: "an object"))
        }
        let entryType = message.descriptor.messageType(of: field)
        let valueType = entryType.messageType(of: message.descriptor.entryFields(of: field).value)
        for member in members {
            var value = DynamicMessage(valueType)
            try decodeValue(member.value, into: &value)
            message.setEntry(.string(member.key), .message(value), of: field)
        }
    }

    private func decodeListValue(_ json: JSONValue, into message: inout DynamicMessage) throws(JSONError) {
        guard case .array(let elements) = json, let field = message.descriptor.field(number: 1) else {
            throw JSONError(.wrongValue(expected: "an array"))
        }
        var values: [DynamicValue] = []
        for element in elements {
            var value = DynamicMessage(message.descriptor.messageType(of: field))
            try decodeValue(element, into: &value)
            values.append(.message(value))
        }
        message.append(values, to: field)
    }

    private func decodeValue(_ json: JSONValue, into message: inout DynamicMessage) throws(JSONError) {
        switch json {
        case .null: message.set(1, .enumeration(0))
        case .number: message.set(2, try Self.scalar(json, .double))
        case .string(let text): message.set(3, .string(text))
        case .bool(let flag): message.set(4, .bool(flag))
        case .object, .array:
            let number: UInt32 = if case .object = json { 5 } else { 6 }
            guard let field = message.descriptor.field(number: number) else { throw JSONError(.unknownType) }
            var nested = DynamicMessage(message.descriptor.messageType(of: field))
            try decode(json, into: &nested)
            message[field] = .message(nested)
        }
    }

    private func decodeAny(_ json: JSONValue, into message: inout DynamicMessage) throws(JSONError) {
        guard case .object(let members) = json else { throw JSONError(.wrongValue(expected: "an object")) }
        if members.isEmpty { return }
        guard let type = members.first(where: { $0.key == "@type" }), case .string(let url) = type.value,
            let descriptor = message.descriptor.anyType(url)
        else { throw JSONError(.unknownType) }
        var content = DynamicMessage(descriptor)
        let others = members.filter { $0.key != "@type" }
        if let wellKnown = descriptor.record.wellKnown {
            guard let value = others.first(where: { $0.key == "value" }) else {
                throw JSONError(.wrongValue(expected: "\"value\" next to \"@type\""))
            }
            if !options.ignoresUnknownFields, let stray = others.first(where: { $0.key != "value" }) {
                throw JSONError(.unknownField, path: stray.key)
            }
            try decodeWellKnown(value.value, wellKnown, into: &content)
        } else {
            try decode(others[...], into: &content)
        }
        message.set(1, .string(url))
        message.set(2, .bytes(content.encodedBytes()))
    }
}

extension DynamicMessage {
    /// Sets a field of a well-known type by its number.
    fileprivate mutating func set(_ number: UInt32, _ value: DynamicValue) {
        guard let field = descriptor.field(number: number) else { return }
        self[field] = value
    }
}
