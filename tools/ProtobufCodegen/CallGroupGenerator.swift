internal import ProtobufReflection

/// Generates the services of a file as groups of calls of a client type, which offers `call` for reads and `change`
/// for requests with a request id. Streams are written by hand: the schema does not say how they are resumed.
struct CallGroupGenerator {
    let client: String
    let file: Google_Protobuf_FileDescriptorProto
    let schema: SchemaIndex
    let comments: SourceComments

    func write(to printer: inout CodePrinter) {
        let groups = CallGroup.groups(of: file, schema)
        let methods = groups.flatMap(\.service.method)
        let unary = methods.filter(Self.isUnary)
        var used: Set<String> = unary.isEmpty ? [] : ["RPCModel"]
        for type in unary.flatMap({ [$0.inputType ?? "", $0.outputType ?? ""] }) {
            if let module = schema.module(of: type) { used.insert(module) }
        }
        let named = Set(methods.compactMap { schema.module(of: $0.inputType ?? "") }).subtracting(used)
        for module in used.union(named).sorted() {
            printer.line("\(used.contains(module) ? "public" : "internal") import \(module)")
        }
        for group in groups { write(group, to: &printer) }
    }

    private static func isUnary(_ method: Google_Protobuf_MethodDescriptorProto) -> Bool {
        !(method.serverStreaming ?? false) && !(method.clientStreaming ?? false)
    }

    private func write(_ group: CallGroup, to printer: inout CodePrinter) {
        let service = group.service
        let fullName = group.fullName(in: file)
        let type = group.typeName(suffix: "Calls")
        let methods = (schema.services[fullName] ?? service.name ?? "") + "_Methods"
        let short = group.shortNames()
        let words = CallComments(schema)
        var changes: [String] = []
        printer.line()
        printer.documentation(comments[[6, group.index]], otherwise: "The calls of `\(fullName)`.")
        printer.block("public struct \(type): Sendable") { printer in
            printer.line("let client: \(client)")
            for (place, method) in service.method.enumerated() {
                let request = schema.swiftName(of: method.inputType ?? "")
                let fields = schema.messages[method.inputType ?? ""]?.descriptor.field ?? []
                let hasID = fields.contains { $0.name == "request_id" }
                if hasID, !changes.contains(request) { changes.append(request) }
                guard Self.isUnary(method) else { continue }
                printer.line()
                printer.documentation(
                    words.comment(of: method, comments[[6, group.index, 2, Int32(place)]]))
                let swiftName = NamingRules.methodName(method.name ?? "")
                printer.line("public func \(NamingRules.quoted(short[method.name ?? ""] ?? swiftName))(")
                printer.line("    _ request: \(request)\(fields.isEmpty ? " = .init()" : "")")
                printer.block(
                    ") async throws(RPCError) -> \(schema.swiftName(of: method.outputType ?? ""))"
                ) { printer in
                    printer.line("try await client.\(hasID ? "change" : "call")(\(methods).\(swiftName), request)")
                }
            }
        }
        printer.line()
        printer.block("extension \(client)") { printer in
            printer.line("/// The calls of `\(fullName)`.")
            printer.line("public var \(group.property): \(type) { \(type)(client: self) }")
        }
        for request in changes { printer.line("extension \(request): ChangeRequest {}") }
    }
}
