internal import ProtobufReflection

/// Generates the services of a file as groups of scripts: under the name that a call has in a client, what a scripted
/// service answers to it, and what it was asked. A call has its own type for each kind of stream.
struct ScriptGroupGenerator {
    /// The scripted service.
    let script: String
    let file: Google_Protobuf_FileDescriptorProto
    let schema: SchemaIndex

    func write(to printer: inout CodePrinter) {
        let groups = CallGroup.groups(of: file, schema)
        let methods = groups.flatMap(\.service.method).filter(Self.isScripted)
        let types = methods.flatMap { [$0.inputType ?? "", $0.outputType ?? ""] }
        for module in Set(types.compactMap { schema.module(of: $0) }).sorted() { printer.line("public import \(module)") }
        for group in groups { write(group, to: &printer) }
    }

    /// A client's stream has no one request to be answered by.
    private static func isScripted(_ method: Google_Protobuf_MethodDescriptorProto) -> Bool {
        !(method.clientStreaming ?? false)
    }

    private func write(_ group: CallGroup, to printer: inout CodePrinter) {
        let service = group.service
        let fullName = group.fullName(in: file)
        let type = group.typeName(suffix: "Scripts")
        let methods = (schema.services[fullName] ?? service.name ?? "") + "_Methods"
        let short = group.shortNames()
        printer.line()
        printer.line("/// What the calls of `\(fullName)` are answered, and what they asked.")
        printer.block("public struct \(type): Sendable") { printer in
            printer.line("let service: \(script)")
            for method in service.method where Self.isScripted(method) {
                let swiftName = NamingRules.methodName(method.name ?? "")
                let kind = method.serverStreaming ?? false ? "ScriptedStream" : "ScriptedCall"
                let request = schema.swiftName(of: method.inputType ?? "")
                let response = schema.swiftName(of: method.outputType ?? "")
                printer.line()
                printer.line("/// `\(method.name ?? "")`.")
                printer.block(
                    "public var \(NamingRules.quoted(short[method.name ?? ""] ?? swiftName)): \(kind)<\(request), \(response)>"
                ) { printer in
                    printer.line("\(kind)(service, \(methods).\(swiftName))")
                }
            }
        }
        printer.line()
        printer.block("extension \(script)") { printer in
            printer.line("/// The calls of `\(fullName)`.")
            printer.line("public var \(group.property): \(type) { \(type)(service: self) }")
        }
    }
}
