internal import ProtobufWire

/// Writes a message as text format, driven by its descriptor: fields by ascending number, map entries by key,
/// so that equal messages have equal texts.
struct TextFormatPrinter {
    private let options: TextFormatEncodingOptions
    private(set) var text = ""
    private var depth = 0

    init(options: TextFormatEncodingOptions) { self.options = options }

    mutating func write(_ message: DynamicMessage) {
        if let (url, content) = expandedAny(message) {
            nested("[\(url)]") { $0.write(content) }
        } else {
            for (field, value) in message.fields { write(value, field, message.descriptor) }
        }
        if options.printsUnknownFields { writeUnknown(message.unknownFields.bytes) }
    }

    /// Writes a name, braces and what `body` puts between them.
    mutating func nested(_ name: String, _ body: (inout TextFormatPrinter) -> Void) {
        begin(name)
        text += " {"
        depth += 1
        if options.isIndented { text += "\n" }
        body(&self)
        depth -= 1
        if options.isIndented { indent() } else { text += " " }
        text += "}"
        end()
    }

    /// Writes a name and a value.
    mutating func scalar(_ name: String, _ value: String) {
        begin(name)
        text += ": "
        text += value
        end()
    }

    private mutating func begin(_ name: String) {
        if options.isIndented { indent() } else if !text.isEmpty { text += " " }
        text += name
    }

    private mutating func end() { if options.isIndented { text += "\n" } }

    private mutating func indent() { for _ in 0..<depth { text += "  " } }

    private mutating func write(_ value: DynamicValue, _ field: FieldDescriptor, _ message: MessageDescriptor) {
        switch value {
        case .list(let elements): for element in elements { writeOne(element, field, message) }
        case .map(let entries):
            let (keyField, valueField) = message.entryFields(of: field)
            let entryType = message.messageType(of: field)
            for entry in entries.sorted(by: { Self.precedes($0.key, $1.key) }) {
                nested(field.name) { printer in
                    printer.writeOne(entry.key, keyField, entryType)
                    printer.writeOne(entry.value, valueField, entryType)
                }
            }
        default: writeOne(value, field, message)
        }
    }

    private mutating func writeOne(_ value: DynamicValue, _ field: FieldDescriptor, _ message: MessageDescriptor) {
        let name = field.textName
        switch value {
        case .int32(let value): scalar(name, String(value))
        case .uint32(let value): scalar(name, String(value))
        case .int64(let value): scalar(name, String(value))
        case .uint64(let value): scalar(name, String(value))
        case .float(let value): scalar(name, Self.float(value))
        case .double(let value): scalar(name, Self.float(value))
        case .bool(let value): scalar(name, value ? "true" : "false")
        case .string(let value): scalar(name, TextLiteral.quoted(value))
        case .bytes(let value): scalar(name, TextLiteral.quoted(value))
        case .enumeration(let number):
            scalar(name, message.enumType(of: field).name(of: number) ?? String(number))
        case .message(let value): nested(name) { $0.write(value) }
        case .list, .map: preconditionFailure("a list inside a list cannot come from a descriptor")
        }
    }

    /// Shortest digits that read back the same.
    private static func float(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
        if value.isNaN { return value.sign == .minus ? "-nan" : "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        return JSONNumber.text(value)
    }

    /// The order of map keys: numbers by value, false before true, strings by their UTF-8.
    private static func precedes(_ left: DynamicValue, _ right: DynamicValue) -> Bool {
        switch (left, right) {
        case (.int32(let left), .int32(let right)): left < right
        case (.int64(let left), .int64(let right)): left < right
        case (.uint32(let left), .uint32(let right)): left < right
        case (.uint64(let left), .uint64(let right)): left < right
        case (.bool(let left), .bool(let right)): !left && right
        case (.string(let left), .string(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        default: false  // protobuf has no other key types, and a map has one
        }
    }

    /// The content of an `Any`, when its type is known, its bytes match and enough levels are left. The latter bounds
    /// the recursion: bytes within bytes nest as deep as a peer likes.
    private func expandedAny(_ message: DynamicMessage) -> (url: String, content: DynamicMessage)? {
        guard case .any? = message.descriptor.record.wellKnown, case .string(let url)? = message["type_url"],
            url.utf8.allSatisfy(TextScanner.isURLByte), let type = message.descriptor.anyType(url)
        else { return nil }
        var bytes: [UInt8] = []
        if case .bytes(let present)? = message["value"] { bytes = present }
        let limits = DecodingLimits(maximumDepth: DecodingLimits.default.maximumDepth - depth - 1)
        guard limits.maximumDepth >= 0, let content = try? DynamicMessage(type, decoding: bytes, limits: limits)
        else { return nil }
        return (url, content)
    }
}

extension DynamicMessage {
    /// The message in protobuf's text format: equal messages have equal texts.
    ///
    /// Unknown fields are left out unless asked for.
    public func textFormat(options: TextFormatEncodingOptions = .init()) -> String {
        var printer = TextFormatPrinter(options: options)
        printer.write(self)
        return printer.text
    }
}
