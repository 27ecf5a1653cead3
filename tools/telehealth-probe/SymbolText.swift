internal import ProtobufReflection

/// The .proto syntax of a symbol.
enum SymbolText {
    /// - Parameter symbol: a full name; methods, fields and oneofs within their service or message, enum values
    ///   within their enum or as its siblings, as descriptors name them.
    /// - Returns: nil when the pool has no such name.
    static func text(of symbol: String, in pool: DescriptorPool) -> String? {
        if let service = pool.service(named: symbol) { return text(of: service, in: pool) }
        if let message = pool.message(named: symbol) { return text(of: message) }
        if let enumeration = pool.enumeration(named: symbol) { return text(of: enumeration, in: pool) }
        guard let dot = symbol.lastIndex(of: ".") else { return nil }
        let (parent, name) = (String(symbol[..<dot]), String(symbol[symbol.index(after: dot)...]))
        if let method = pool.service(named: parent)?.method(named: name) {
            let parts = [text(of: method, in: parent, pool), text(of: method.input), text(of: method.output)]
            return parts.joined(separator: "\n\n")
        }
        if let message = pool.message(named: parent) {
            if let field = message.fields.first(where: { $0.name == name }) { return line(of: field, in: message) }
            if let oneof = message.oneofs.firstIndex(of: name) { return text(ofOneof: oneof, in: message) }
        }
        return value(name, of: parent, in: pool)
    }

    private static func value(_ name: String, of parent: String, in pool: DescriptorPool) -> String? {
        let beside = pool.enumerations.filter { enumeration in
            enumeration.fullName == parent
                || enumeration.fullName.split(separator: ".").dropLast().joined(separator: ".") == parent
        }
        for enumeration in beside {
            guard let value = enumeration.values.first(where: { $0.name == name }) else { continue }
            return line(of: value, in: enumeration, pool) + "  // enum \(enumeration.fullName)"
        }
        return nil
    }

    private static func line(of method: ServiceDescriptor.Method) -> String {
        let input = (method.isClientStreaming ? "stream " : "") + method.input.fullName
        let output = (method.isServerStreaming ? "stream " : "") + method.output.fullName
        return "rpc \(method.name)(\(input)) returns (\(output))"
    }

    /// With the options set on it.
    private static func text(
        of method: ServiceDescriptor.Method, in service: String, _ pool: DescriptorPool, indent: String = ""
    ) -> String {
        let options = OptionText.assignments(
            pool.options(ofMethod: method.name, in: service), indent: indent + "  ")
        if options.isEmpty { return indent + line(of: method) + ";" }
        return indent + line(of: method) + " {\n"
            + options.map { "\(indent)  option \($0);\n" }.joined() + indent + "}"
    }

    private static func line(
        of value: (name: String, number: Int32), in enumeration: EnumDescriptor, _ pool: DescriptorPool
    ) -> String {
        let options = OptionText.assignments(pool.options(ofValue: value.name, in: enumeration.fullName))
        let list = options.isEmpty ? "" : " [\(options.joined(separator: ", "))]"
        return "\(value.name) = \(value.number)\(list);"
    }

    private static func line(of field: FieldDescriptor, in message: MessageDescriptor) -> String {
        "\(label(of: field, in: message)) \(field.name) = \(field.number);"
    }

    private static func text(ofOneof index: Int, in message: MessageDescriptor) -> String {
        let fields = message.fields.filter { $0.oneofIndex == index }.sorted { $0.number < $1.number }
        let lines = fields.map { "  \(line(of: $0, in: message))\n" }
        return "oneof \(message.oneofs[index]) {\n\(lines.joined())}"
    }

    private static func text(of service: ServiceDescriptor, in pool: DescriptorPool) -> String {
        let methods = service.methods.map { text(of: $0, in: service.fullName, pool, indent: "  ") + "\n" }
        return "service \(service.fullName) {\n\(methods.joined())}"
    }

    private static func text(of message: MessageDescriptor) -> String {
        let fields = message.fields.sorted { $0.number < $1.number }.map { field in
            let oneof = field.oneofIndex.map { "  // oneof \(message.oneofs[$0])" } ?? ""
            return "  \(line(of: field, in: message))\(oneof)\n"
        }
        return "message \(message.fullName) {\n\(fields.joined())}"
    }

    /// The label and type before a field's name.
    private static func label(of field: FieldDescriptor, in message: MessageDescriptor) -> String {
        func type(_ field: FieldDescriptor) -> String { field.typeName.isEmpty ? field.kind.keyword : field.typeName }
        if field.isMap {
            let (key, value) = message.entryFields(of: field)
            return "map<\(type(key)), \(type(value))>"
        }
        if field.isRepeated { return "repeated " + type(field) }
        if field.isRequired { return "required " + type(field) }
        let isMessage = field.kind == .message || field.kind == .group
        return (field.hasPresence && field.oneofIndex == nil && !isMessage ? "optional " : "") + type(field)
    }

    private static func text(of enumeration: EnumDescriptor, in pool: DescriptorPool) -> String {
        let values = enumeration.values.map { "  \(line(of: $0, in: enumeration, pool))\n" }
        return "enum \(enumeration.fullName) {\n\(values.joined())}"
    }
}
