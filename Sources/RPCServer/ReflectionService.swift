internal import GRPCStandardAPI
internal import ProtobufWire
internal import RPCModel
internal import Synchronization

/// Server reflection, versions `v1` and `v1alpha`, from the descriptors embedded in the generated code.
///
/// The versions differ only in the name of the package, so the messages of `v1` serve both.
/// - Spec: gRPC doc/server-reflection.md; grpc/proposal A15.
struct ReflectionService: RPCService {
    private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
    private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

    private let files: ReflectedFiles
    private let method: MethodDescriptor

    /// One service per version, each describing `services` and both reflection services.
    static func versions(describing services: [any RPCService]) -> [any RPCService] {
        let methods = [
            Grpc_Reflection_V1_ServerReflection_Methods.serverReflectionInfo,
            Grpc_Reflection_V1alpha_ServerReflection_Methods.serverReflectionInfo,
        ]
        let files = ReflectedFiles(describing: services, reflections: methods)
        return methods.map { ReflectionService(files: files, method: $0) }
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
        let (index, offered) = files.found
        switch request.messageRequest {
        case .fileByFilename(let name): response.messageResponse = descriptors(index.file(named: name))
        case .fileContainingSymbol(let symbol):
            response.messageResponse = descriptors(index.file(containing: symbol))
        case .fileContainingExtension(let wanted):
            response.messageResponse = descriptors(
                index.file(extending: wanted.containingType, number: wanted.extensionNumber))
        case .allExtensionNumbersOfType(let type):
            guard let numbers = index.extensionNumbers(of: type) else {
                response.messageResponse = failure(.notFound, "unknown message type")
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
        case nil: response.messageResponse = failure(.invalidArgument, "unknown kind of reflection request")
        }
        return response
    }

    private func descriptors(_ files: [[UInt8]]?) -> Response.OneOf_MessageResponse {
        guard let files else { return failure(.notFound, "unknown symbol or file") }
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

/// What a server's services declare. It is read at the first request: most servers never receive one, and reading every
/// descriptor took 3 % of a start and half a megabyte of memory from then on.
private final class ReflectedFiles: Sendable {
    /// The files, and the names of the services that the server offers: files may declare more.
    typealias Found = (index: DescriptorIndex, offered: [String])

    private let services: [any RPCService]
    private let reflections: [MethodDescriptor]
    private let state = Mutex<Found?>(nil)

    init(describing services: [any RPCService], reflections: [MethodDescriptor]) {
        self.services = services
        self.reflections = reflections
    }

    var found: Found {
        state.withLock { state in
            let found = state ?? read()
            state = found
            return found
        }
    }

    private func read() -> Found {
        let own = [
            Grpc_Reflection_V1_Reflection_File.descriptor, Grpc_Reflection_V1alpha_Reflection_File.descriptor,
            // No method refers to them, but every status may contain them.
            Google_Rpc_Status_File.descriptor, Google_Rpc_ErrorDetails_File.descriptor,
        ]
        let index = DescriptorIndex(services.flatMap(\.fileDescriptors) + own)
        // Services without a descriptor are left out: clients could not use the name.
        let names = Set(services.flatMap(\.routes).map(\.method.service) + reflections.map(\.service))
        return (index, index.serviceNames.filter(names.contains))
    }
}
