import GRPCStandardAPI
import ProtobufReflection
import RPCModel
import RPCProtocols

/// The calls of `grpc.health.v1.Health`: unary ones and a stream, with a string in and an enum out.
enum HealthMethods {
    static let check = Grpc_Health_V1_Health_Methods.check
    static let watch = Grpc_Health_V1_Health_Methods.watch
    static let list = Grpc_Health_V1_Health_Methods.list

    static func transcoder(_ method: MethodDescriptor = check) throws -> JSONTranscoder {
        let pool = try DescriptorPool([Grpc_Health_V1_Health_File.descriptor])
        guard let transcoder = JSONTranscoder(method, in: pool) else {
            throw RPCError(.internal, "no such method: \(method)")
        }
        return transcoder
    }

    /// Wire bytes of a request: field 1, a string.
    static func request(_ service: String) -> [UInt8] {
        [10, UInt8(service.utf8.count)] + Array(service.utf8)
    }

    /// Wire bytes of `SERVING`: field 1, a varint.
    static let serving: [UInt8] = [8, 1]
    static let servingJSON = #"{"status":"SERVING"}"#
}
