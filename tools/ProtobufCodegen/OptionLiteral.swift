internal import ProtobufReflection

/// Writes messages of options as Swift expressions: numbers, texts, enums and lists of them, which is all that an
/// option of ours holds.
struct OptionLiteral {
    let schema: SchemaIndex

    /// Appends `head`, the statements that fill `$0` with the message, and `tail`.
    func write(
        _ message: DynamicMessage, after head: String, before tail: String, to printer: inout CodePrinter
    ) {
        let entry = schema.messages["." + message.descriptor.fullName]
        printer.line(head + ".with {")
        printer.indented { printer in
            for (field, value) in message.fields {
                guard let index = entry?.descriptor.field.firstIndex(where: { $0.number == Int32(field.number) }),
                    let name = entry?.members.fields[index]
                else { continue }
                printer.line("$0.\(NamingRules.quoted(name)) = \(text(value, field))")
            }
        }
        printer.line("}" + tail)
    }

    private func text(_ value: DynamicValue, _ field: FieldDescriptor) -> String {
        switch value {
        case .int32(let number): "\(number)"
        case .int64(let number): "\(number)"
        case .uint32(let number): "\(number)"
        case .uint64(let number): "\(number)"
        case .float(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .string(let text): "\"\(NamingRules.literal(text))\""
        case .bytes(let bytes): "\(bytes)"
        case .enumeration(let number):
            ".\(NamingRules.quoted(schema.caseName(of: number, in: "." + field.typeName)))"
        case .list(let elements): "[" + elements.map { text($0, field) }.joined(separator: ", ") + "]"
        case .message, .map: preconditionFailure("\(field.name): an option of ours holds no message in it")
        }
    }
}
