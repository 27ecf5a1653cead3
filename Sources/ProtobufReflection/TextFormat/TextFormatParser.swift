internal import ProtobufWire

/// Fills a message from text format, driven by its descriptor.
///
/// - Spec: protobuf.dev, "Text Format Language Specification". As in other implementations, a second value of a
///   singular field, or a second member of a oneof, is refused; a repeated map key takes the last value.
struct TextFormatParser {
    let options: TextFormatDecodingOptions
    var scanner: TextScanner
    private var depthLeft: Int
    private var messagesLeft: Int

    /// What one message has been given so far.
    private struct Given {
        var fields: Set<UInt32> = []
        var oneofs: Set<Int> = []
    }

    init(_ bytes: [UInt8], options: TextFormatDecodingOptions) {
        self.options = options
        scanner = TextScanner(bytes)
        depthLeft = options.maximumDepth
        messagesLeft = options.maximumMessageCount
    }

    /// Reads the whole text.
    mutating func parseDocument(into message: inout DynamicMessage) throws(TextFormatError) {
        var given = Given()
        while scanner.next != nil { try parseField(into: &message, &given) }
    }

    /// Reads `{…}` or `<…>`.
    mutating func parseNested(_ descriptor: MessageDescriptor) throws(TextFormatError) -> DynamicMessage {
        let end = try enter()
        var message = DynamicMessage(descriptor)
        var given = Given()
        while !scanner.take(end) { try parseField(into: &message, &given) }
        depthLeft += 1
        return message
    }

    /// Consumes the bracket that begins a message.
    ///
    /// - Returns: the bracket that ends it; the caller increments `depthLeft` again after it.
    private mutating func enter() throws(TextFormatError) -> UInt8 {
        let start = scanner.offset
        let end: UInt8
        if scanner.take(UInt8(ascii: "{")) {
            end = UInt8(ascii: "}")
        } else if scanner.take(UInt8(ascii: "<")) {
            end = UInt8(ascii: ">")
        } else {
            throw scanner.syntax("expected '{' or '<'")
        }
        guard depthLeft > 0 else {
            throw scanner.error(.depthExceeded(limit: options.maximumDepth), at: start)
        }
        guard messagesLeft > 0 else {
            throw scanner.error(.messageCountExceeded(limit: options.maximumMessageCount), at: start)
        }
        depthLeft -= 1
        messagesLeft -= 1
        return end
    }

    /// Reads one field with its value and the following separator.
    private mutating func parseField(
        into message: inout DynamicMessage, _ given: inout Given
    ) throws(TextFormatError) {
        let start = scanner.offset
        let descriptor = message.descriptor
        let isBracketed = scanner.next == UInt8(ascii: "[")
        let name = isBracketed ? try scanner.bracketedName() : try scanner.identifier()
        if isBracketed, name.utf8.contains(UInt8(ascii: "/")) {
            try parseAny(name, into: &message, &given, at: start)
        } else if let field = isBracketed
            ? descriptor.field(named: "[\(name)]") : descriptor.field(textName: name)
        {
            try note(field, in: &given, at: start)
            try parseValue(of: field, into: &message)
        } else if options.ignoresUnknownFields || !isBracketed && descriptor.record.reservedNames.contains(name) {
            try skipValue()
        } else {
            throw scanner.error(
                .unknownField(isBracketed ? "[\(name)]" : name, of: descriptor.fullName), at: start)
        }
        _ = scanner.take(UInt8(ascii: ",")) || scanner.take(UInt8(ascii: ";"))
    }

    /// Refuses what a message may have only once.
    private func note(_ field: FieldDescriptor, in given: inout Given, at start: Int) throws(TextFormatError) {
        guard !field.isRepeated else { return }
        guard given.fields.insert(field.number).inserted else {
            throw scanner.error(.duplicateField(field.name), at: start)
        }
        if let oneof = field.oneofIndex, !given.oneofs.insert(oneof).inserted {
            throw scanner.error(.oneofConflict(field.name), at: start)
        }
    }

    private mutating func parseValue(
        of field: FieldDescriptor, into message: inout DynamicMessage
    ) throws(TextFormatError) {
        let descriptor = message.descriptor
        let hasColon = scanner.take(UInt8(ascii: ":"))
        let isMessage = field.kind == .message || field.kind == .group
        guard hasColon || isMessage else { throw scanner.syntax("expected ':' after the name") }
        guard field.isRepeated, scanner.take(UInt8(ascii: "[")) else {
            return store(try parseOne(field, descriptor), in: field, of: &message)
        }
        guard !scanner.take(UInt8(ascii: "]")) else { return }
        repeat {
            store(try parseOne(field, descriptor), in: field, of: &message)
        } while scanner.take(UInt8(ascii: ","))
        guard scanner.take(UInt8(ascii: "]")) else { throw scanner.syntax("expected ',' or ']'") }
    }

    private func store(_ value: DynamicValue, in field: FieldDescriptor, of message: inout DynamicMessage) {
        if field.isMap, case .message(let entry) = value {
            let (keyField, valueField) = message.descriptor.entryFields(of: field)
            message.setEntry(
                entry[keyField] ?? .zero(keyField, in: entry.descriptor),
                entry[valueField] ?? .zero(valueField, in: entry.descriptor), of: field)
        } else if field.isRepeated {
            message.append([value], to: field)
        } else {
            message[field] = value
        }
    }

    private mutating func parseOne(
        _ field: FieldDescriptor, _ message: MessageDescriptor
    ) throws(TextFormatError) -> DynamicValue {
        switch field.kind {
        case .message, .group: .message(try parseNested(message.messageType(of: field)))
        case .enumeration: .enumeration(try parseEnum(message.enumType(of: field)))
        default: try parseScalar(field.kind)
        }
    }

    /// Reads the value of `[domain/type]`: the content of an `Any`, which is then written as bytes.
    private mutating func parseAny(
        _ url: String, into message: inout DynamicMessage, _ given: inout Given, at start: Int
    ) throws(TextFormatError) {
        let descriptor = message.descriptor
        guard case .any? = descriptor.record.wellKnown, let type = descriptor.anyType(url),
            let urlField = descriptor.field(number: 1), let valueField = descriptor.field(number: 2)
        else { throw scanner.error(.unknownType(url), at: start) }
        try note(urlField, in: &given, at: start)
        try note(valueField, in: &given, at: start)
        _ = scanner.take(UInt8(ascii: ":"))
        let content = try parseNested(type)
        message[urlField] = .string(url)
        message[valueField] = .bytes(content.encodedBytes())
    }

    /// Skips the value of a field that is not kept.
    private mutating func skipValue() throws(TextFormatError) {
        let hasColon = scanner.take(UInt8(ascii: ":"))
        switch scanner.next {
        case UInt8(ascii: "{"), UInt8(ascii: "<"): try skipNested()
        case UInt8(ascii: "["): try skipList(scalarsToo: hasColon)
        default:
            guard hasColon else { throw scanner.syntax("expected ':' after the name") }
            try skipScalar()
        }
    }

    private mutating func skipList(scalarsToo: Bool) throws(TextFormatError) {
        _ = scanner.take(UInt8(ascii: "["))
        guard !scanner.take(UInt8(ascii: "]")) else { return }
        repeat {
            if !scalarsToo || scanner.next == UInt8(ascii: "{") || scanner.next == UInt8(ascii: "<") {
                try skipNested()
            } else {
                try skipScalar()
            }
        } while scanner.take(UInt8(ascii: ","))
        guard scanner.take(UInt8(ascii: "]")) else { throw scanner.syntax("expected ',' or ']'") }
    }

    private mutating func skipNested() throws(TextFormatError) {
        let end = try enter()
        while !scanner.take(end) {
            _ = scanner.next == UInt8(ascii: "[") ? try scanner.bracketedName() : try scanner.identifier()
            try skipValue()
            _ = scanner.take(UInt8(ascii: ",")) || scanner.take(UInt8(ascii: ";"))
        }
        depthLeft += 1
    }

    private mutating func skipScalar() throws(TextFormatError) {
        if scanner.next == UInt8(ascii: "\"") || scanner.next == UInt8(ascii: "'") {
            _ = try scanner.string()
        } else {
            _ = scanner.take(UInt8(ascii: "-"))
            if scanner.isAtNumber { _ = try scanner.number() } else { _ = try scanner.identifier() }
        }
    }
}

extension DynamicMessage {
    /// Parses a message from protobuf's text format.
    ///
    /// Missing required fields are not an error here; see ``missingRequiredField``.
    ///
    /// - Throws: ``TextFormatError`` with line and column.
    public init(
        _ descriptor: MessageDescriptor, text: String, options: TextFormatDecodingOptions = .init()
    ) throws(TextFormatError) {
        self.init(descriptor)
        guard text.utf8.count <= options.maximumByteCount else {
            throw TextFormatError(reason: .sizeExceeded(limit: options.maximumByteCount), line: 1, column: 1)
        }
        var parser = TextFormatParser([UInt8](text.utf8), options: options)
        try parser.parseDocument(into: &self)
    }
}
