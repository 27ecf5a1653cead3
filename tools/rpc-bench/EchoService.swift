import ProtobufWire
import RPCModel

/// `bench.Echo`. `EchoRequest {bytes payload = 1}` has the wire form of `google.protobuf.BytesValue`, which
/// spares the benchmark messages of its own.
struct EchoService: RPCService {
    typealias Echo = Google_Protobuf_BytesValue

    static let unary = MethodDescriptor(service: "bench.Echo", name: "Unary")
    /// The same as a handler that might suspend, and therefore runs as a task.
    static let unaryTask = MethodDescriptor(service: "bench.Echo", name: "UnaryTask")
    static let serverStream = MethodDescriptor(
        service: "bench.Echo", name: "ServerStream", isServerStreaming: true)
    /// Replies to one call of ``serverStream``.
    static let streamLength = 100

    var routes: [ServerRoute] {
        [
            .unary(Self.unary, atOnce: { (request: Echo, _) throws(RPCError) -> Echo in request }),
            .unary(Self.unaryTask) { (request: Echo, _) async throws(RPCError) -> Echo in request },
            .serverStreaming(Self.serverStream) {
                (request: Echo, responses: ResponseWriter<Echo>, _) async throws(RPCError) in
                for _ in 0..<Self.streamLength { try await responses.write(request) }
            },
        ]
    }
}
