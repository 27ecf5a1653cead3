internal import FoundationEssentials
internal import GRPCStandardAPI
internal import ProtobufReflection
internal import ProtobufWire
internal import RPCClient
internal import RPCModel
internal import TextFormats

/// The source of a server's descriptors: its reflection service, or a file.
struct DescriptorSource {
    let channel: RPCChannel
    let timeout: Duration?

    /// Reads a `FileDescriptorSet` as `protoc --include_imports --descriptor_set_out` writes it.
    static func pool(ofFile path: String) throws -> DescriptorPool {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ProbeFailure.usage("cannot read \(path)")
        }
        do {
            return try DescriptorPool(files: Google_Protobuf_FileDescriptorSet(decoding: Array(bytes)).file)
        } catch {
            throw ProbeFailure.usage("\(path) is not a complete FileDescriptorSet: \(error)")
        }
    }

    /// Names of the services that the server says it has.
    func serviceNames() async throws(RPCError) -> [String] {
        let answers = try await ask([.with { $0.messageRequest = .listServices("*") }])
        return answers.flatMap { answer -> [String] in
            if case .listServicesResponse(let list)? = answer.messageResponse {
                return list.service.map(\.name)
            }
            return []
        }.sorted()
    }

    /// The file that declares a symbol, with everything it imports.
    func pool(containing symbol: String) async throws -> DescriptorPool {
        var files: [String: Google_Protobuf_FileDescriptorProto] = [:]
        var wanted: [Grpc_Reflection_V1_ServerReflectionRequest] = [
            .with { $0.messageRequest = .fileContainingSymbol(symbol) }
        ]
        while !wanted.isEmpty {
            for answer in try await ask(wanted) {
                switch answer.messageResponse {
                case .fileDescriptorResponse(let found)?:
                    for bytes in found.fileDescriptorProto {
                        let file = try Google_Protobuf_FileDescriptorProto(decoding: bytes)
                        files[file.name ?? ""] = file
                    }
                case .errorResponse(let error)?:
                    throw ProbeFailure.call("the server does not describe \(symbol): \(error.errorMessage)")
                case .allExtensionNumbersResponse?, .listServicesResponse?, nil:
                    throw ProbeFailure.call(
                        "the server's reflection service returned an unexpected response")
                }
            }
            let missing = Set(files.values.flatMap(\.dependency)).subtracting(files.keys)
            wanted = missing.sorted().map { name in .with { $0.messageRequest = .fileByFilename(name) } }
        }
        return try DescriptorPool(files: Array(files.values))
    }

    /// Uses version v1, and v1alpha if the server has only that.
    private func ask(
        _ requests: [Grpc_Reflection_V1_ServerReflectionRequest]
    ) async throws(RPCError) -> [Grpc_Reflection_V1_ServerReflectionResponse] {
        do {
            return try await ask(requests, Grpc_Reflection_V1_ServerReflection_Methods.serverReflectionInfo)
        } catch {
            guard error.code == .unimplemented else { throw error }
            // Both versions have the same messages, in differently named packages.
            return try await ask(
                requests, Grpc_Reflection_V1alpha_ServerReflection_Methods.serverReflectionInfo)
        }
    }

    private func ask(
        _ requests: [Grpc_Reflection_V1_ServerReflectionRequest], _ method: MethodDescriptor
    ) async throws(RPCError) -> [Grpc_Reflection_V1_ServerReflectionResponse] {
        let options = CallOptions(timeout: timeout)
        let call:
            BidirectionalCall<
                Grpc_Reflection_V1_ServerReflectionRequest, Grpc_Reflection_V1_ServerReflectionResponse
            > =
                channel.bidirectional(method, options: options)
        for request in requests { try await call.write(request) }
        call.finishWriting()
        var answers: [Grpc_Reflection_V1_ServerReflectionResponse] = []
        for try await answer in call.responses { answers.append(answer) }
        return answers
    }
}
