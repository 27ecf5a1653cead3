internal import ProtobufReflection

/// Generates the module of a service: a class with a method for each call that a browser can make.
struct WebServiceGenerator {
    let service: WebService
    let schema: WebSchema
    let words: CallComments
    let comments: SourceComments

    init(_ service: WebService, _ schema: WebSchema, _ words: CallComments) {
        (self.service, self.schema, self.words) = (service, schema, words)
        comments = SourceComments(service.file)
    }

    private static let constructor = "@param transport What the clients of a page share, or the options to make one."

    func declarations() -> String {
        var printer = WebSource.printer(from: service.file.name ?? "", comments)
        writeImports(to: &printer)
        printer.line()
        printer.jsDocumentation(comments[[6, service.index]], otherwise: "The calls of `\(service.fullName)`.")
        printer.block("export declare class \(service.className)") { printer in
            printer.jsDocumentation(Self.constructor)
            printer.line("constructor(transport: Transport | TransportOptions);")
            for call in service.calls {
                printer.line()
                printer.jsDocumentation(words.comment(of: call.method, comment(of: call)))
                let request = "request\(call.asks ? "" : "?"): \(type(call.method.inputType))"
                let response = type(call.method.outputType)
                let result = call.isStream ? "MessageStream<\(response)>" : "Promise<\(response)>"
                printer.line("\(WebSource.property(call.name))(\(request), options?: CallOptions): \(result);")
            }
        }
        return printer.text
    }

    func code() -> String {
        var printer = WebSource.printer(from: service.file.name ?? "")
        printer.line()
        printer.line("import { Transport } from \(WebSource.path(from: service.module, to: "client/transport"));")
        printer.line()
        printer.jsDocumentation("The calls of `\(service.fullName)`.")
        printer.block("export class \(service.className)") { printer in
            printer.line("#transport;")
            printer.line()
            printer.jsDocumentation(Self.constructor)
            printer.block("constructor(transport)") { printer in
                printer.line("this.#transport = Transport.of(transport);")
            }
            for call in service.calls {
                printer.line()
                printer.jsDocumentation(comment(of: call).map(ReferencePage.firstSentence))
                let request = call.asks ? "request" : "request = {}"
                printer.block("\(WebSource.property(call.name))(\(request), options)") { printer in
                    let kind = call.isStream ? "stream" : call.hasRequestID ? "change" : "call"
                    let path = WebSource.literal("\(service.fullName)/\(call.method.name ?? "")")
                    // Unlike `change`, a stream does not itself see to the request id.
                    let sent = call.isStream && call.hasRequestID ? "this.#transport.identified(request)" : "request"
                    printer.line("return this.#transport.\(kind)(\(path), \(sent), options);")
                }
            }
        }
        return printer.text
    }

    private func comment(of call: WebService.Call) -> String? {
        comments[[6, service.index, 2, call.index]]
    }

    private func writeImports(to printer: inout CodePrinter) {
        var types: Set<String> = ["Transport", "TransportOptions"]
        if !service.calls.isEmpty { types.insert("CallOptions") }
        if service.calls.contains(where: \.isStream) { types.insert("MessageStream") }
        var others: [String: Set<String>] = [:]
        var scalars: Set<String> = []
        for name in service.calls.flatMap({ [$0.method.inputType, $0.method.outputType] }) {
            guard let entry = schema.entries[name ?? ""] else {
                scalars.formUnion(WebFieldType.ofWellKnown[name ?? ""]?.scalars ?? [])
                continue
            }
            others[entry.module, default: []].insert(entry.name)
        }
        printer.line()
        printer.typeImport(scalars, from: WebSource.path(from: service.module, to: "client/json"))
        printer.typeImport(types, from: WebSource.path(from: service.module, to: "client/transport"))
        for (other, names) in others.sorted(by: { $0.key < $1.key }) {
            printer.typeImport(names, from: WebSource.path(from: service.module, to: other))
        }
    }

    /// A call may exchange a message that JSON has a form of its own for.
    private func type(_ name: String?) -> String {
        schema.entries[name ?? ""]?.name ?? WebFieldType.ofWellKnown[name ?? ""]?.text ?? "unknown"
    }
}
