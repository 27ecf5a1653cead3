internal import GRPCStandardAPI
internal import ProtobufWire
internal import RPCModel

/// Server reflection, versions `v1` and `v1alpha`, from the descriptors embedded in the generated code.
///
/// The two versions differ in nothing but the package's name, so both are answered with the messages of `v1`.
/// - Spec: gRPC doc/server-reflection.md; grpc/proposal A15.
struct ReflectionService: RPCService {
    private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
    private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

    private let index: DescriptorIndex
    /// Names of the services the server offers: files may declare more.
    private let offered: [String]
    private let method: MethodDescriptor

    /// One service per version, each describing `services` and both reflections themselves.
    static func versions(describing services: [any RPCService]) -> [any RPCService] {
        let own = [
            Grpc_Reflection_V1_Reflection_File.descriptor, Grpc_Reflection_V1alpha_Reflection_File.descriptor,
            // No method names them, and every status may carry them.
            Google_Rpc_Status_File.descriptor, Google_Rpc_ErrorDetails_File.descriptor,
        ]
        let index = DescriptorIndex(services.flatMap(\.fileDescriptors) + own)
        let methods = [
            Grpc_Reflection_V1_ServerReflection_Methods.serverReflectionInfo,
            Grpc_Reflection_V1alpha_ServerReflection_Methods.serverReflectionInfo,
        ]
        // What has routes but no descriptor is left out: a client could do nothing with the name.
        let names = Set(services.flatMap(\.routes).map(\.method.service) + methods.map(\.service))
        let offered = index.serviceNames.filter(names.contains)
        return methods.map { ReflectionService(index: index, offered: offered, method: $0) }
    }

    var routes: [ServerRoute] {
        [
            .bidirectional(method) {
                (requests: RequestStream<Request>, responses: ResponseWriter<Response>, _)
                    async throws(RPCError) in
                var iterator = requests.makeAsyncIterator()
                while let request = try await iterator.next() {
                    try await responses.write(answer(request))
                }
            }
        ]
    }

    private func answer(_ request: Request) -> Response {
        var response = Response()
        response.validHost = request.host
        response.originalRequest = request
        switch request.messageRequest {
        case .fileByFilename(let name): response.messageResponse = files(index.file(named: name))
        case .fileContainingSymbol(let symbol):
            response.messageResponse = files(index.file(containing: symbol))
        case .fileContainingExtension(let wanted):
            response.messageResponse = files(
                index.file(extending: wanted.containingType, number: wanted.extensionNumber))
        case .allExtensionNumbersOfType(let type):
            guard let numbers = index.extensionNumbers(of: type) else {
                response.messageResponse = failure(.notFound, "no such message")
                break
            }
            var list = Grpc_Reflection_V1_ExtensionNumberResponse()
            list.baseTypeName = type
            list.extensionNumber = numbers
            response.messageResponse = .allExtensionNumbersResponse(list)
        case .listServices:
            var list = Grpc_Reflection_V1_ListServiceResponse()
            list.service = offered.map { name in .with { $0.name = name } }
            response.messageResponse = .listServicesResponse(list)
        case nil: response.messageResponse = failure(.invalidArgument, "the request asks for nothing known")
        }
        return response
    }

    private func files(_ files: [[UInt8]]?) -> Response.OneOf_MessageResponse {
        guard let files else { return failure(.notFound, "no file declares that") }
        return .fileDescriptorResponse(.with { $0.fileDescriptorProto = files })
    }

    private func failure(_ code: RPCError.Code, _ message: String) -> Response.OneOf_MessageResponse {
        .errorResponse(
            .with { error in
                error.errorCode = Int32(code.rawValue)
                error.errorMessage = message
            })
    }
}
