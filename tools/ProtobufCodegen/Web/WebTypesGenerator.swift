internal import ProtobufReflection

/// Generates the module of a `.proto` file's types: interfaces and unions as declarations, and the functions that read
/// oneofs, which are all of it that runs.
struct WebTypesGenerator {
    let module: String
    let file: Google_Protobuf_FileDescriptorProto
    let schema: WebSchema
    let comments: SourceComments

    private var types: [(fullName: String, entry: WebSchema.Entry)] {
        (schema.modules[module] ?? []).compactMap { name in schema.entries[name].map { (name, $0) } }
    }

    private var oneofs: [(message: String, oneof: WebSchema.Oneof)] {
        types.flatMap { type in (schema.oneofs[type.fullName] ?? []).map { (type.entry.name, $0) } }
    }

    func declarations() -> String {
        var printer = WebSource.printer(from: file.name ?? "", comments)
        writeImports(to: &printer)
        for (fullName, entry) in types {
            printer.line()
            switch entry.kind {
            case .message(let message): write(message, entry, to: &printer)
            case .enumeration(let type): write(type, entry, to: &printer)
            }
            for oneof in schema.oneofs[fullName] ?? [] { write(oneof, of: entry.name, to: &printer) }
        }
        // A module even without an import or a type.
        if types.isEmpty { printer.line("export {};") }
        return printer.text
    }

    /// nil when nothing of the module runs.
    func code() -> String? {
        guard !oneofs.isEmpty else { return nil }
        var printer = WebSource.printer(from: file.name ?? "")
        printer.line()
        printer.line("import { oneof } from \(WebSource.path(from: module, to: "client/json"));")
        for (message, oneof) in oneofs {
            let names = oneof.members.map { WebSource.literal(WebFieldType.jsonName($0)) }
            printer.line()
            printer.jsDocumentation(Self.words(oneof, message))
            let head = "export const \(oneof.function) = oneof("
            if head.count + names.joined(separator: ", ").count < 110 {
                printer.line(head + names.joined(separator: ", ") + ");")
            } else {
                printer.line(head)
                printer.indented { printer in for name in names { printer.line(name + ",") } }
                printer.line(");")
            }
        }
        return printer.text
    }

    private static func words(_ oneof: WebSchema.Oneof, _ message: String) -> String {
        "Which member of the oneof `\(oneof.name)` a `\(message)` has; `case` is undefined for none that is known here."
    }

    private func writeImports(to printer: inout CodePrinter) {
        let fields = types.flatMap { type -> [WebFieldType] in
            guard case .message(let message) = type.entry.kind else { return [] }
            return message.field.map { WebFieldType(of: $0, schema) }
        }
        let scalars = fields.reduce(into: Set<String>()) { $0.formUnion($1.scalars) }
        var others: [String: Set<String>] = [:]
        for entry in fields.compactMap({ $0.declared.flatMap { schema.entries[$0] } }) where entry.module != module {
            others[entry.module, default: []].insert(entry.name)
        }
        guard !scalars.isEmpty || !others.isEmpty else { return }
        printer.line()
        printer.typeImport(scalars, from: WebSource.path(from: module, to: "client/json"))
        for (other, names) in others.sorted(by: { $0.key < $1.key }) {
            printer.typeImport(names, from: WebSource.path(from: module, to: other))
        }
    }

    private func write(
        _ message: Google_Protobuf_DescriptorProto, _ entry: WebSchema.Entry, to printer: inout CodePrinter
    ) {
        printer.jsDocumentation(comments[entry.path], otherwise: "`\(entry.name)`")
        guard !message.field.isEmpty else {
            printer.line("export interface \(entry.name) {}")
            return
        }
        printer.block("export interface \(entry.name)") { printer in
            for (index, field) in message.field.enumerated() {
                printer.jsDocumentation(comment(of: field, in: message, at: entry.path + [2, Int32(index)]))
                let type = WebFieldType(of: field, schema)
                printer.line("\(WebSource.property(WebFieldType.jsonName(field)))?: \(type.text);")
            }
        }
    }

    private func comment(
        of field: Google_Protobuf_FieldDescriptorProto, in message: Google_Protobuf_DescriptorProto, at path: [Int32]
    ) -> String? {
        let written = comments[path]
        guard let place = field.oneofIndex, field.proto3Optional != true else { return written }
        return (written.map { $0 + "\n" } ?? "") + "In the oneof `\(message.oneofDecl[Int(place)].name ?? "")`."
    }

    private func write(
        _ type: Google_Protobuf_EnumDescriptorProto, _ entry: WebSchema.Entry, to printer: inout CodePrinter
    ) {
        printer.jsDocumentation(comments[entry.path], otherwise: "`\(entry.name)`")
        printer.line("export type \(entry.name) =")
        printer.indented { printer in
            for (index, value) in type.value.enumerated() {
                printer.jsDocumentation(comments[entry.path + [2, Int32(index)]])
                printer.line("| \(WebSource.literal(value.name ?? ""))")
            }
            printer.line("| (string & {});")
        }
    }

    private func write(_ oneof: WebSchema.Oneof, of message: String, to printer: inout CodePrinter) {
        printer.line()
        printer.jsDocumentation(comments[oneof.path], otherwise: "The oneof `\(oneof.name)` of a `\(message)`.")
        printer.line("export type \(oneof.type) =")
        printer.indented { printer in
            for member in oneof.members {
                let name = WebSource.literal(WebFieldType.jsonName(member))
                printer.line("| { case: \(name); value: \(WebFieldType(of: member, schema).text) }")
            }
            printer.line("| { case: undefined; value: undefined };")
        }
        printer.line()
        printer.jsDocumentation(Self.words(oneof, message))
        printer.line("export declare function \(oneof.function)(message: \(message)): \(oneof.type);")
    }
}
