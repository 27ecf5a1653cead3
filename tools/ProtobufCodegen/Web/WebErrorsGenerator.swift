internal import ProtobufReflection

/// Generates what a client must know of the errors of its services: the reasons, and where in the binary details that
/// accompany them each field is. JSON has no need of numbers, but details come as protobuf in base64.
struct WebErrorsGenerator {
    static let module = "errors"

    let words: CallComments
    /// Full names of the details, and of all messages in them.
    let details: [String]
    let schema: WebSchema

    func declarations() -> String {
        var printer = WebSource.printer(from: "the reasons of all calls")
        printer.line()
        printer.jsDocumentation("The stable word of an error, `google.rpc.ErrorInfo.reason`. New ones may be added.")
        printer.line("export type Reason =")
        printer.indented { printer in
            for reason in words.reasons {
                printer.jsDocumentation(reason.comment)
                printer.line("| \(WebSource.literal(reason.word))")
            }
            printer.line("| (string & {});")
        }
        return printer.text
    }

    /// - Throws: ``CodegenError`` for a detail with a field that the client's decoder of details does not read.
    func code() throws(CodegenError) -> String {
        var printer = WebSource.printer(from: "the details of all errors")
        let reached = order()
        for name in reached {
            guard let entry = schema.entries[name], case .enumeration(let type) = entry.kind else { continue }
            printer.line()
            printer.block("const \(entry.name) =", tail: ";") { printer in
                var named: Set<Int32> = []
                for value in type.value where named.insert(value.number ?? 0).inserted {
                    let number = value.number ?? 0
                    let key = number < 0 ? "'\(number)'" : String(number)
                    printer.line("\(key): \(WebSource.literal(value.name ?? "")),")
                }
            }
        }
        for name in reached {
            guard let entry = schema.entries[name], case .message(let message) = entry.kind else { continue }
            let rows = try message.field.map { field throws(CodegenError) in try row(field, of: name) }
            printer.line()
            printer.block("const \(entry.name) =", tail: ";") { printer in for row in rows { printer.line(row) } }
        }
        printer.line()
        printer.jsDocumentation(
            "The services' own details by type: for each field number the name, the type, and whether it repeats.")
        printer.block("export const details =", tail: ";") { printer in
            for name in details.sorted() {
                guard let entry = schema.entries[name] else { continue }
                printer.line("\(WebSource.literal(String(name.dropFirst()))): \(entry.name),")
            }
        }
        return printer.text
    }

    /// The types of the details, each after the types in it.
    private func order() -> [String] {
        var ordered: [String] = []
        var seen: Set<String> = []
        func visit(_ name: String) {
            guard seen.insert(name).inserted, let entry = schema.entries[name] else { return }
            if case .message(let message) = entry.kind {
                for field in message.field { visit(field.typeName ?? "") }
            }
            ordered.append(name)
        }
        for name in details.sorted() { visit(name) }
        return ordered
    }

    private func row(_ field: Google_Protobuf_FieldDescriptorProto, of message: String) throws(CodegenError) -> String {
        let name = WebFieldType.jsonName(field)
        let type: String? =
            switch field.type ?? .int32 {
            case .string: "'string'"
            case .bytes: "'bytes'"
            case .bool: "'bool'"
            case .int32, .uint32: "'number'"
            case .int64, .uint64: "'int64'"
            case .enum: schema.entries[field.typeName ?? ""]?.name
            // By a function: a message may contain itself.
            case .message: schema.entries[field.typeName ?? ""].map { "() => \($0.name)" }
            default: nil
            }
        guard let type, schema.mapEntry(of: field) == nil else {
            throw CodegenError("\(message.dropFirst()).\(field.name ?? ""): the details of errors have no such fields")
        }
        let isRepeated = field.label == .repeated ? ", true" : ""
        return "\(field.number ?? 0): [\(WebSource.literal(name)), \(type)\(isRepeated)],"
    }
}
