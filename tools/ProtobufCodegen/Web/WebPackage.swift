internal import ProtobufReflection
internal import ProtobufWire

/// A package of ES modules with their declarations: a module for each service and for the types of each `.proto` file,
/// what is known of errors, and an index of everything. It stands on modules written by hand in its folder `client`.
///
/// | file | contents |
/// |---|---|
/// | `index` | exports everything, `client/index` included |
/// | `services` | a class with the clients of all services as members |
/// | `services/<group>` | the client of a service |
/// | `types/<path of the .proto file>` | its messages, enums and oneofs, as far as calls or errors have them |
/// | `errors` | reasons and details |
struct WebPackage {
    typealias File = Google_Protobuf_Compiler_CodeGeneratorResponse.File

    private let className: String
    private let services: [WebService]
    private let schema: WebSchema
    private let index: SchemaIndex
    private let words: CallComments
    private let details: [String]

    /// - Throws: ``CodegenError`` when two services or two types would have one name.
    init(
        named className: String, of files: [Google_Protobuf_FileDescriptorProto], _ index: SchemaIndex
    ) throws(CodegenError) {
        self.className = className
        self.index = index
        services = files.flatMap { WebService.services(of: $0, index) }
        words = CallComments(index)
        for (property, same) in Dictionary(grouping: services, by: \.property) where same.count > 1 {
            let names = same.map(\.fullName).sorted().joined(separator: " and ")
            throw CodegenError("\(property) would be the client of \(names): give them another group")
        }
        let package = CallComments.reasonOption.split(separator: ".").dropLast().joined(separator: ".")
        details = Set(words.reasons.flatMap(\.details)).map { ".\(package).\($0)" }.filter { index.messages[$0] != nil }
            .sorted()
        let exchanged = services.flatMap(\.calls).flatMap { [$0.method.inputType ?? "", $0.method.outputType ?? ""] }
        schema = try WebSchema(reachedFrom: exchanged + details, index)
    }

    func files() throws(CodegenError) -> [File] {
        var files: [File] = []
        func add(_ module: String, _ declarations: String, _ code: String?) {
            files.append(.with { ($0.name, $0.content) = (module + ".d.ts", declarations) })
            if let code { files.append(.with { ($0.name, $0.content) = (module + ".js", code) }) }
        }
        var running: [String] = []
        for (_, file) in index.files.sorted(by: { $0.key < $1.key }) {
            let module = WebSchema.module(ofFile: file.name ?? "")
            guard schema.modules[module] != nil else { continue }
            let types = WebTypesGenerator(module: module, file: file, schema: schema, comments: SourceComments(file))
            let code = types.code()
            if code != nil { running.append(module) }
            add(module, types.declarations(), code)
        }
        for service in services {
            let generator = WebServiceGenerator(service, schema, words)
            add(service.module, generator.declarations(), generator.code())
        }
        let errors = WebErrorsGenerator(words: words, details: details, schema: schema)
        add(WebErrorsGenerator.module, errors.declarations(), try errors.code())
        add("services", servicesDeclarations(), servicesCode())
        let shared = ["client/index", "services"] + services.map(\.module)
        let declared = shared + [WebErrorsGenerator.module] + schema.modules.keys.sorted()
        add("index", exports(declared), exports(shared + running))
        return files
    }

    private static let words = "The clients of all services, over one transport."

    private func servicesDeclarations() -> String {
        var printer = WebSource.printer(from: "all services")
        printer.line()
        printer.typeImport(["Transport", "TransportOptions"], from: "'./client/transport.js'")
        for service in services {
            printer.typeImport([service.className], from: WebSource.literal("./\(service.module).js"))
        }
        printer.line()
        printer.jsDocumentation(Self.words)
        printer.block("export declare class \(className)") { printer in
            printer.line("constructor(transport: Transport | TransportOptions);")
            for service in services {
                printer.jsDocumentation("The calls of `\(service.fullName)`.")
                printer.line("readonly \(WebSource.property(service.property)): \(service.className);")
            }
        }
        return printer.text
    }

    private func servicesCode() -> String {
        var printer = WebSource.printer(from: "all services")
        printer.line()
        printer.line("import { Transport } from './client/transport.js';")
        for service in services {
            printer.line("import { \(service.className) } from \(WebSource.literal("./\(service.module).js"));")
        }
        printer.line()
        printer.jsDocumentation(Self.words)
        printer.block("export class \(className)") { printer in
            printer.block("constructor(transport)") { printer in
                printer.line("const shared = Transport.of(transport);")
                for service in services { printer.line("this.\(service.property) = new \(service.className)(shared);") }
            }
        }
        return printer.text
    }

    private func exports(_ modules: [String]) -> String {
        var printer = WebSource.printer(from: "all modules")
        printer.line()
        for module in modules { printer.line("export * from \(WebSource.literal("./\(module).js"));") }
        return printer.text
    }
}
