internal import ProtobufReflection
internal import ProtobufWire

/// The plugin without its process: a request of `protoc` in, Swift files or ES modules out.
public enum CodeGenerator {
    /// In the header of every generated file; raised when the output changes in a way callers notice.
    public static let version = 1

    /// Generates the files asked for.
    ///
    /// - Returns: always a response: a fault of the request or its parameter is in its `error`, as
    ///   protoc's
    ///   plugin protocol wants it.
    public static func generate(_ request: Google_Protobuf_Compiler_CodeGeneratorRequest)
        -> Google_Protobuf_Compiler_CodeGeneratorResponse
    {
        var response = Google_Protobuf_Compiler_CodeGeneratorResponse()
        // FEATURE_PROTO3_OPTIONAL
        response.supportedFeatures = 1
        do throws(CodegenError) {
            let options = try GeneratorOptions(parameter: request.parameter ?? "")
            var schema = try SchemaIndex(files: request.protoFile, options: options)
            if let web = options.web {
                let asked = try request.fileToGenerate.map { name throws(CodegenError) in
                    try Self.file(name, of: request)
                }
                response.file = try WebPackage(named: web, of: asked, schema).files()
                return response
            }
            let wanted = Set(request.fileToGenerate).subtracting(options.described)
            try schema.readRules(of: request.protoFile.filter { wanted.contains($0.name ?? "") })
            let paths = OutputPaths(of: request.protoFile.map { $0.name ?? "" })
            for name in request.fileToGenerate {
                let file = try Self.file(name, of: request)
                if options.writesGroups, CallGroup.groups(of: file, schema).isEmpty { continue }
                response.file.append(
                    .with { output in
                        output.name = paths[name]
                        output.content = FileGenerator(file: file, schema: schema, options: options)
                            .generate()
                    })
            }
            if let page = options.reference {
                let asked = request.fileToGenerate.compactMap { name in request.protoFile.first { $0.name == name } }
                response.file.append(
                    .with { output in
                        output.name = page
                        output.content = ReferencePage(asked, schema).text()
                    })
            }
        } catch {
            response.file = []
            response.error = error.description
        }
        return response
    }

    /// A file of the request, in a syntax that can be generated from.
    private static func file(
        _ name: String, of request: Google_Protobuf_Compiler_CodeGeneratorRequest
    ) throws(CodegenError) -> Google_Protobuf_FileDescriptorProto {
        guard let file = request.protoFile.first(where: { $0.name == name }) else {
            throw CodegenError("\(name): not among the files of the request")
        }
        guard ["", "proto2", "proto3"].contains(file.syntax ?? "") else {
            throw CodegenError("\(name): syntax \(file.syntax ?? "") is not supported, only proto2 and proto3")
        }
        return file
    }
}

/// Why nothing was generated, in words for the person at the terminal.
struct CodegenError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
