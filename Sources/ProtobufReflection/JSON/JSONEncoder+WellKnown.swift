internal import ProtobufWire
internal import TextFormats

extension JSONEncoder {
    /// Writes a message that has its own JSON form.
    ///
    /// - Returns: false when it has none after all, and nothing was written.
    mutating func writeWellKnown(_ message: DynamicMessage, _ type: WellKnownType) throws(JSONError) -> Bool {
        switch type {
        case .timestamp:
            let (seconds, nanos) = message.secondsAndNanos
            guard let time = CivilTime.timestampText(seconds: seconds, nanos: nanos) else {
                throw JSONError(.notRepresentable("a time outside the years 1 to 9999"))
            }
            raw("\"\(time)\"")
        case .duration:
            let (seconds, nanos) = message.secondsAndNanos
            guard let duration = CivilTime.durationText(seconds: seconds, nanos: nanos) else {
                throw JSONError(.notRepresentable("a duration out of range or of mixed sign"))
            }
            raw("\"\(duration)\"")
        case .fieldMask: try writeFieldMask(message)
        case .wrapper: try writeWrapper(message)
        case .structure: try writeStruct(message)
        case .listValue: try writeListValue(message)
        case .value: try writeValue(message)
        case .any: try writeAny(message)
        }
        return true
    }

    private mutating func writeFieldMask(_ message: DynamicMessage) throws(JSONError) {
        var paths: [String] = []
        if case .list(let elements)? = message["paths"] {
            for case .string(let path) in elements {
                guard let json = JSONName.maskPath(path) else {
                    throw JSONError(.notRepresentable("a field mask path that JSON cannot give back"))
                }
                paths.append(json)
            }
        }
        string(paths.joined(separator: ","))
    }

    private mutating func writeWrapper(_ message: DynamicMessage) throws(JSONError) {
        guard let field = message.descriptor.field(number: 1) else {
            throw JSONError(.notRepresentable("a wrapper without a value field"))
        }
        switch message[field] ?? .zero(field, in: message.descriptor) {
        case .int32(let value): raw(String(value))
        case .uint32(let value): raw(String(value))
        case .int64(let value): raw("\"\(value)\"")
        case .uint64(let value): raw("\"\(value)\"")
        case .float(let value): raw(JSONNumber.text(value))
        case .double(let value): raw(JSONNumber.text(value))
        case .bool(let value): raw(value ? "true" : "false")
        case .string(let value): string(value)
        case .bytes(let value): raw("\"\(Base64.standard.text(value))\"")
        case .enumeration, .message, .list, .map: throw JSONError(.notRepresentable("not a wrapper"))
        }
    }

    private mutating func writeStruct(_ message: DynamicMessage) throws(JSONError) {
        try object { encoder throws(JSONError) in
            guard case .map(let entries)? = message["fields"] else { return true }
            var isFirst = true
            for entry in entries {
                guard case .string(let name) = entry.key, case .message(let value) = entry.value else {
                    continue
                }
                encoder.key(name, isFirst: isFirst)
                isFirst = false
                try encoder.write(value)
            }
            return isFirst
        }
    }

    private mutating func writeListValue(_ message: DynamicMessage) throws(JSONError) {
        var elements: [DynamicValue] = []
        if case .list(let present)? = message["values"] { elements = present }
        try array(elements) { encoder, element throws(JSONError) in
            if case .message(let value) = element { try encoder.write(value) }
        }
    }

    private mutating func writeValue(_ message: DynamicMessage) throws(JSONError) {
        guard let (_, value) = message.fields.first else {
            throw JSONError(.notRepresentable("a Value without a kind"))
        }
        switch value {
        case .enumeration: raw("null")
        case .double(let number):
            guard number.isFinite else {
                throw JSONError(.notRepresentable("a Value that is not a finite number"))
            }
            raw(JSONNumber.text(number))
        case .string(let text): string(text)
        case .bool(let flag): raw(flag ? "true" : "false")
        case .message(let nested): try write(nested)
        default: throw JSONError(.notRepresentable("a Value of an unknown kind"))
        }
    }

    private mutating func writeAny(_ message: DynamicMessage) throws(JSONError) {
        guard case .string(let url)? = message["type_url"] else {
            guard message["value"] == nil else { throw JSONError(.unknownType) }
            return raw("{}")
        }
        var bytes: [UInt8] = []
        if case .bytes(let present)? = message["value"] { bytes = present }
        guard let descriptor = message.descriptor.anyType(url) else { throw JSONError(.unknownType) }
        // Bytes within bytes nest as deep as a peer likes: the limit of decoding also applies to writing.
        let limits = DecodingLimits(maximumDepth: DecodingLimits.default.maximumDepth - messageDepth)
        let content: DynamicMessage
        do throws(WireError) {
            guard limits.maximumDepth > 0 else { throw .depthExceeded(limit: limits.maximumDepth) }
            content = try DynamicMessage(descriptor, decoding: bytes, limits: limits)
        } catch {
            throw JSONError(.notRepresentable("an Any whose bytes do not match its type"))
        }
        messageDepth += 1
        defer { messageDepth -= 1 }
        try object { encoder throws(JSONError) in
            encoder.key("@type", isFirst: true)
            encoder.string(url)
            guard let type = descriptor.record.wellKnown else {
                return try encoder.writeMembers(of: content, isFirst: false)
            }
            encoder.key("value", isFirst: false)
            _ = try encoder.writeWellKnown(content, type)
            return false
        }
    }
}

extension DynamicMessage {
    /// `seconds` and `nanos` of a timestamp or duration.
    var secondsAndNanos: (Int64, Int32) {
        var seconds: Int64 = 0
        var nanos: Int32 = 0
        if case .int64(let value)? = self["seconds"] { seconds = value }
        if case .int32(let value)? = self["nanos"] { nanos = value }
        return (seconds, nanos)
    }
}

extension MessageDescriptor {
    /// The type in an `Any`'s URL: after the last slash.
    func anyType(_ url: String) -> MessageDescriptor? {
        guard let slash = url.lastIndex(of: "/") else { return nil }
        return pool.message(named: String(url[url.index(after: slash)...]))
    }
}
