public import ProtobufWire

extension DynamicMessage {
    /// Decodes one whole message.
    ///
    /// - Throws: ``WireError``, as generated messages do. Missing required fields are not an error here; see
    ///   ``missingRequiredField``.
    public init(
        _ descriptor: MessageDescriptor, decoding bytes: borrowing Span<UInt8>,
        limits: DecodingLimits = .default
    ) throws(WireError) {
        self.init(descriptor)
        guard bytes.count <= limits.maximumByteCount else {
            throw .sizeExceeded(limit: limits.maximumByteCount)
        }
        try unsafe bytes.withUnsafeBytes { raw throws(WireError) in
            var reader = unsafe WireReader(raw, limits: limits)
            try merge(from: &reader)
        }
    }

    /// Decodes one whole message; see the initializer that takes a span.
    public init(
        _ descriptor: MessageDescriptor, decoding bytes: [UInt8], limits: DecodingLimits = .default
    ) throws(WireError) {
        try self.init(descriptor, decoding: bytes.span, limits: limits)
    }

    /// Merges fields until the reader's current message ends.
    public mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            guard let field = descriptor.field(number: tag >> 3),
                try merge(field, format: tag & 7, from: &reader)
            else {
                guard try reader.keepUnknown(tag, in: &unknownFields) else { return }
                continue
            }
        }
    }

    /// Reads one occurrence of a known field.
    ///
    /// - Returns: false, with nothing read, when the wire type is not one of the field's.
    private mutating func merge(
        _ field: FieldDescriptor, format: UInt32, from reader: inout WireReader
    ) throws(WireError) -> Bool {
        if format == field.kind.format.rawValue {
            try mergeOne(field, from: &reader)
            return true
        }
        guard field.isRepeated, field.kind.isPackable, format == WireFormat.lengthDelimited.rawValue else {
            return false
        }
        var elements: [DynamicValue] = []
        var unknown: [Int32] = []
        try reader.readRun { reader throws(WireError) in
            let value = try reader.readDynamic(field.kind)
            if case .enumeration(let number) = value, isUnknown(number, of: field) {
                unknown.append(number)
            } else {
                elements.append(value)
            }
        }
        append(elements, to: field)
        for number in unknown {
            unknownFields.append(field: field.number, varint: UInt64(bitPattern: Int64(number)))
        }
        return true
    }

    private mutating func mergeOne(_ field: FieldDescriptor, from reader: inout WireReader) throws(WireError)
    {
        if field.isMap { return try mergeEntry(of: field, from: &reader) }
        switch field.kind {
        case .message, .group:
            var message =
                field.isRepeated
                ? DynamicMessage(descriptor.messageType(of: field)) : takeMessage(of: field)
            if field.kind == .group {
                try reader.readGroup(field.number) { reader throws(WireError) in
                    try message.merge(from: &reader)
                }
            } else {
                try reader.readNested { reader throws(WireError) in try message.merge(from: &reader) }
            }
            store(.message(message), in: field)
        case .enumeration:
            let raw = try reader.readVarint()
            let number = Int32(truncatingIfNeeded: raw)
            if isUnknown(number, of: field) {
                unknownFields.append(field: field.number, varint: raw)
            } else {
                store(.enumeration(number), in: field)
            }
        default:
            store(try reader.readDynamic(field.kind), in: field)
        }
    }

    private mutating func store(_ value: DynamicValue, in field: FieldDescriptor) {
        if field.isRepeated {
            append([value], to: field)
        } else {
            self[field] = value
        }
    }

    /// True for a number that a closed enum has no name for.
    private func isUnknown(_ number: Int32, of field: FieldDescriptor) -> Bool {
        let type = descriptor.enumType(of: field)
        return type.isClosed && type.name(of: number) == nil
    }

    private mutating func mergeEntry(of field: FieldDescriptor, from reader: inout WireReader)
        throws(WireError)
    {
        let entryType = descriptor.messageType(of: field)
        let (keyField, valueField) = descriptor.entryFields(of: field)
        var entry = DynamicMessage(entryType)
        try reader.readNested { reader throws(WireError) in try entry.merge(from: &reader) }
        if valueField.kind == .enumeration, entryType.enumType(of: valueField).isClosed, entry.values[2] == nil,
            entry.hasUnknown(valueField.number, .varint)
        {
            // A closed enum's unknown number: the whole entry is unknown.
            var buffer = ByteBuffer()
            entry.encode(into: &buffer)
            unknownFields.append(field: field.number, delimited: [UInt8](buffer))
            return
        }
        let key = entry.values[1] ?? .zero(keyField, in: entryType)
        setEntry(key, entry.values[2] ?? .zero(valueField, in: entryType), of: field)
    }

    /// True when a value with a number and wire type was kept as unknown.
    private func hasUnknown(_ number: UInt32, _ format: WireFormat) -> Bool {
        unsafe unknownFields.bytes.withUnsafeBytes { raw in
            var reader = unsafe WireReader(raw)
            while let tag = try? reader.nextTag() {
                if tag == number << 3 | format.rawValue { return true }
                guard (try? reader.skipUnknown(tag)) == true else { break }
            }
            return false
        }
    }

    /// Appends the message's wire bytes: fields by ascending number, then unknown ones.
    public func encode(into buffer: inout ByteBuffer) {
        for (field, value) in fields {
            switch value {
            case .list(let elements) where field.isPacked:
                buffer.writeTag(field.number, .lengthDelimited)
                buffer.writeDelimited { buffer in
                    for element in elements { buffer.writeDynamic(element, field.kind) }
                }
            case .list(let elements):
                for element in elements { buffer.writeDynamic(element, field) }
            case .map(let entries):
                let (keyField, valueField) = descriptor.entryFields(of: field)
                for entry in entries {
                    buffer.writeTag(field.number, .lengthDelimited)
                    buffer.writeDelimited { buffer in
                        buffer.writeDynamic(entry.key, keyField)
                        buffer.writeDynamic(entry.value, valueField)
                    }
                }
            default:
                buffer.writeDynamic(value, field)
            }
        }
        buffer.writeUnknown(unknownFields)
    }

    /// The message's wire bytes.
    public func encodedBytes() -> [UInt8] {
        var buffer = ByteBuffer()
        encode(into: &buffer)
        return [UInt8](buffer)
    }
}

extension FieldKind {
    /// The wire type of an unpacked value.
    var format: WireFormat {
        switch self {
        case .double, .fixed64, .sfixed64: .fixed64
        case .float, .fixed32, .sfixed32: .fixed32
        case .string, .bytes, .message: .lengthDelimited
        case .group: .groupStart
        case .int32, .int64, .uint32, .uint64, .sint32, .sint64, .bool, .enumeration: .varint
        }
    }
}

extension WireReader {
    /// Reads a value of any kind but messages and groups, which the caller reads.
    mutating func readDynamic(_ kind: FieldKind) throws(WireError) -> DynamicValue {
        switch kind {
        case .double: .double(try readValue(as: WireDouble.self))
        case .float: .float(try readValue(as: WireFloat.self))
        case .int32: .int32(try readValue(as: WireInt32.self))
        case .int64: .int64(try readValue(as: WireInt64.self))
        case .uint32: .uint32(try readValue(as: WireUInt32.self))
        case .uint64: .uint64(try readValue(as: WireUInt64.self))
        case .sint32: .int32(try readValue(as: WireSInt32.self))
        case .sint64: .int64(try readValue(as: WireSInt64.self))
        case .fixed32: .uint32(try readValue(as: WireFixed32.self))
        case .fixed64: .uint64(try readValue(as: WireFixed64.self))
        case .sfixed32: .int32(try readValue(as: WireSFixed32.self))
        case .sfixed64: .int64(try readValue(as: WireSFixed64.self))
        case .bool: .bool(try readValue(as: WireBool.self))
        case .string: .string(try readValue(as: WireString.self))
        case .bytes, .message, .group: .bytes(try readValue(as: WireBytes.self))
        case .enumeration: .enumeration(try readValue(as: WireInt32.self))
        }
    }
}

extension ByteBuffer {
    /// Writes a value with its tag.
    mutating func writeDynamic(_ value: DynamicValue, _ field: FieldDescriptor) {
        writeTag(field.number, field.kind.format)
        writeDynamic(value, field.kind)
        if field.kind == .group { writeTag(field.number, .groupEnd) }
    }

    /// Writes a value without its tag.
    mutating func writeDynamic(_ value: DynamicValue, _ kind: FieldKind) {
        switch (kind, value) {
        case (.double, .double(let value)): WireDouble.write(value, to: &self)
        case (.float, .float(let value)): WireFloat.write(value, to: &self)
        case (.int32, .int32(let value)): WireInt32.write(value, to: &self)
        case (.int64, .int64(let value)): WireInt64.write(value, to: &self)
        case (.uint32, .uint32(let value)): WireUInt32.write(value, to: &self)
        case (.uint64, .uint64(let value)): WireUInt64.write(value, to: &self)
        case (.sint32, .int32(let value)): WireSInt32.write(value, to: &self)
        case (.sint64, .int64(let value)): WireSInt64.write(value, to: &self)
        case (.fixed32, .uint32(let value)): WireFixed32.write(value, to: &self)
        case (.fixed64, .uint64(let value)): WireFixed64.write(value, to: &self)
        case (.sfixed32, .int32(let value)): WireSFixed32.write(value, to: &self)
        case (.sfixed64, .int64(let value)): WireSFixed64.write(value, to: &self)
        case (.bool, .bool(let value)): WireBool.write(value, to: &self)
        case (.string, .string(let value)): WireString.write(value, to: &self)
        case (.bytes, .bytes(let value)): WireBytes.write(value, to: &self)
        case (.enumeration, .enumeration(let value)): WireInt32.write(value, to: &self)
        case (.message, .message(let value)): writeDelimited { value.encode(into: &$0) }
        case (.group, .message(let value)): value.encode(into: &self)
        default: preconditionFailure("a \(kind) field holds a value of another type")
        }
    }
}
