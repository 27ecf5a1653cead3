internal import ProtobufReflection

/// Generates what a service is in Swift: method descriptors, the handler protocol, the server's routes, the
/// client.
struct ServiceGenerator {
    private let descriptor: Google_Protobuf_ServiceDescriptorProto
    private let fullName: String
    private let swiftName: String
    private let fileType: String
    private let path: [Int32]
    private let schema: SchemaIndex
    private let comments: SourceComments

    init(
        _ descriptor: Google_Protobuf_ServiceDescriptorProto, file: Google_Protobuf_FileDescriptorProto,
        path: [Int32], schema: SchemaIndex, comments: SourceComments
    ) {
        self.descriptor = descriptor
        let package = file.package ?? ""
        fullName = (package.isEmpty ? "" : package + ".") + (descriptor.name ?? "")
        swiftName = schema.services[fullName] ?? (descriptor.name ?? "")
        fileType = NamingRules.fileTypeName(of: file)
        self.path = path
        self.schema = schema
        self.comments = comments
    }

    /// The four kinds of call.
    private enum Kind { case unary, serverStreaming, clientStreaming, bidirectional }

    private struct Method {
        let kind: Kind
        let name: String
        let swiftName: String
        let request: String
        let response: String
        let comment: String?
        var declaredName: String { NamingRules.quoted(swiftName) }
    }

    /// The types that a service of this Swift name becomes.
    static func typeNames(of name: String) -> [String] {
        [name + "_Methods", name + "Handler", name + "Service", name + "Client"]
    }

    private var methods: [Method] {
        var names = NameScope { ReservedNames.serviceMembers.contains($0) || schema.isTopLevelType($0) }
        let words = CallComments(schema)
        return descriptor.method.enumerated().map { index, method in
            let kind: Kind =
                switch (method.clientStreaming ?? false, method.serverStreaming ?? false) {
                case (false, false): .unary
                case (false, true): .serverStreaming
                case (true, false): .clientStreaming
                case (true, true): .bidirectional
                }
            return Method(
                kind: kind, name: method.name ?? "",
                swiftName: names.claim(NamingRules.methodName(method.name ?? ""), suffix: "_"),
                request: schema.swiftName(of: method.inputType ?? ""),
                response: schema.swiftName(of: method.outputType ?? ""),
                comment: words.comment(of: method, comments[path + [2, Int32(index)]]))
        }
    }

    func write(to printer: inout CodePrinter) {
        let methods = methods
        printer.line()
        writeMethods(methods, to: &printer)
        printer.line()
        writeHandler(methods, to: &printer)
        printer.line()
        writeService(methods, to: &printer)
        printer.line()
        writeClient(methods, to: &printer)
    }

    private func writeMethods(_ methods: [Method], to printer: inout CodePrinter) {
        printer.line("/// The methods of `\(fullName)`.")
        printer.block("public enum \(swiftName)_Methods") { printer in
            for method in methods {
                let flags: String =
                    switch method.kind {
                    case .unary: ""
                    case .serverStreaming: ", isServerStreaming: true"
                    case .clientStreaming: ", isClientStreaming: true"
                    case .bidirectional: ", isClientStreaming: true, isServerStreaming: true"
                    }
                printer.line("public static let \(method.declaredName) = MethodDescriptor(")
                printer.line("    service: \"\(fullName)\", name: \"\(method.name)\"\(flags))")
            }
            printer.line("/// All of them, in the order of the schema.")
            printer.line("public static let all: [MethodDescriptor] = [")
            for method in methods { printer.line("    \(method.declaredName),") }
            printer.line("]")
            for option in schema.customOptions.ofMethods { write(option, methods, to: &printer) }
        }
    }

    private func write(_ option: CustomOptions.Option, _ methods: [Method], to printer: inout CodePrinter) {
        let told = zip(descriptor.method, methods).compactMap { method, names in
            schema.customOptions.value(option, of: method).map { (name: names.declaredName, message: $0) }
        }
        guard !told.isEmpty else { return }
        let type = "[(method: MethodDescriptor, option: \(schema.swiftName(of: option.typeName)))]"
        printer.line("/// What `\(option.fullName)` says of each method that has it, in the order of the schema.")
        printer.block("public static let \(option.property): \(type) =", tail: "()") { printer in
            printer.line("var options: \(type) = []")
            for (name, message) in told {
                OptionLiteral(schema: schema).write(
                    message, after: "options.append((\(name), ", before: "))", to: &printer)
            }
            printer.line("return options")
        }
    }

    private func writeHandler(_ methods: [Method], to printer: inout CodePrinter) {
        printer.documentation(comments[path], otherwise: "Answers the calls of `\(fullName)`.")
        printer.block("public protocol \(swiftName)Handler: Sendable") { printer in
            for method in methods {
                printer.documentation(method.comment)
                switch method.kind {
                case .unary:
                    printer.line(
                        "func \(method.declaredName)(_ request: \(method.request), context: ServerCallContext)"
                    )
                    printer.line("    async throws(RPCError) -> \(method.response)")
                case .serverStreaming:
                    printer.line("func \(method.declaredName)(")
                    printer.line(
                        "    _ request: \(method.request), responses: ResponseWriter<\(method.response)>,")
                    printer.line("    context: ServerCallContext) async throws(RPCError)")
                case .clientStreaming:
                    printer.line("func \(method.declaredName)(")
                    printer.line(
                        "    _ requests: RequestStream<\(method.request)>, context: ServerCallContext)")
                    printer.line("    async throws(RPCError) -> \(method.response)")
                case .bidirectional:
                    printer.line("func \(method.declaredName)(")
                    printer.line("    _ requests: RequestStream<\(method.request)>,")
                    printer.line(
                        "    responses: ResponseWriter<\(method.response)>, context: ServerCallContext")
                    printer.line(") async throws(RPCError)")
                }
            }
        }
    }

    private func writeService(_ methods: [Method], to printer: inout CodePrinter) {
        printer.line("/// Offers a handler as `\(fullName)`.")
        printer.block("public struct \(swiftName)Service: RPCService") { printer in
            printer.line("private let handler: any \(swiftName)Handler")
            printer.line()
            printer.line("public init(_ handler: any \(swiftName)Handler) { self.handler = handler }")
            printer.line()
            printer.line("public var fileDescriptors: [FileDescriptorBytes] { [\(fileType).descriptor] }")
            printer.line()
            printer.block("public var routes: [ServerRoute]") { printer in
                printer.line("[")
                for method in methods {
                    let descriptor = "\(swiftName)_Methods.\(method.declaredName)"
                    let parameters: String
                    let call: String
                    switch method.kind {
                    case .unary:
                        parameters = "(request: \(method.request), context)"
                        call = "(request, context: context)"
                    case .serverStreaming:
                        parameters =
                            "(request: \(method.request), responses: ResponseWriter<\(method.response)>, context)"
                        call = "(request, responses: responses, context: context)"
                    case .clientStreaming:
                        parameters = "(requests: RequestStream<\(method.request)>, context)"
                        call = "(requests, context: context)"
                    case .bidirectional:
                        parameters =
                            "(requests: RequestStream<\(method.request)>, "
                            + "responses: ResponseWriter<\(method.response)>, context)"
                        call = "(requests, responses: responses, context: context)"
                    }
                    printer.line("    .\(method.kind)(\(descriptor)) {")
                    printer.line("        \(parameters) async throws(RPCError) in")
                    printer.line("        try await handler.\(method.declaredName)\(call)")
                    printer.line("    },")
                }
                printer.line("]")
            }
        }
    }

    private func writeClient(_ methods: [Method], to printer: inout CodePrinter) {
        printer.line("/// Calls `\(fullName)` over a channel.")
        printer.block("public struct \(swiftName)Client: Sendable") { printer in
            printer.line("private let channel: any CallChannel")
            printer.line()
            printer.line("public init(_ channel: any CallChannel) { self.channel = channel }")
            for method in methods {
                let descriptor = "\(swiftName)_Methods.\(method.declaredName)"
                printer.line()
                printer.documentation(method.comment)
                switch method.kind {
                case .unary:
                    printer.line("public func \(method.declaredName)(")
                    printer.line("    _ request: \(method.request), options: CallOptions = .init()")
                    printer.block(") async throws(RPCError) -> \(method.response)") { printer in
                        printer.line("try await channel.unary(\(descriptor), request, options: options)")
                    }
                case .serverStreaming:
                    printer.line("public func \(method.declaredName)(")
                    printer.line("    _ request: \(method.request), options: CallOptions = .init()")
                    printer.block(") -> ResponseStream<\(method.response)>") { printer in
                        printer.line("channel.serverStreaming(\(descriptor), request, options: options)")
                    }
                case .clientStreaming, .bidirectional:
                    let type = method.kind == .clientStreaming ? "ClientStreamingCall" : "BidirectionalCall"
                    printer.line("public func \(method.declaredName)(options: CallOptions = .init())")
                    printer.block("    -> \(type)<\(method.request), \(method.response)>") { printer in
                        printer.line("channel.\(method.kind)(\(descriptor), options: options)")
                    }
                }
            }
        }
    }
}
