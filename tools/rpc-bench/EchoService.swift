import ProtobufWire
import RPCModel
import RPCServer
import Synchronization

/// `bench.Echo`. `EchoRequest {bytes payload = 1}` has the wire form of `google.protobuf.BytesValue`, which
/// spares the benchmark messages of its own.
final class EchoService: RPCService {
    typealias Echo = Google_Protobuf_BytesValue

    /// What the server counted, as text: ``CallMetrics/numbers``, one a line. For those who attack it.
    static let counters = MethodDescriptor(service: "bench.Echo", name: "Counters")
    static let unary = MethodDescriptor(service: "bench.Echo", name: "Unary")
    /// The same as a handler that might suspend, and therefore runs as a task.
    static let unaryTask = MethodDescriptor(service: "bench.Echo", name: "UnaryTask")
    static let serverStream = MethodDescriptor(
        service: "bench.Echo", name: "ServerStream", isServerStreaming: true)
    /// Stays open; replies to each call of ``publish``.
    static let watch = MethodDescriptor(service: "bench.Echo", name: "Watch", isServerStreaming: true)
    static let publish = MethodDescriptor(service: "bench.Echo", name: "Publish")
    /// Replies to one call of ``serverStream``.
    static let streamLength = 100

    /// The server that offers this service, once it is made.
    let server = Mutex<RPCServer?>(nil)
    private let watchers = Watchers()

    var routes: [ServerRoute] {
        [
            .unary(Self.counters) { [self] (_: Echo, _) async throws(RPCError) -> Echo in
                let metrics = await server.withLock { $0 }?.metrics()
                let lines = metrics?.numbers.map(\.description) ?? []
                return .with { $0.value = Array(lines.joined(separator: "\n").utf8) }
            },
            .unary(Self.unary, atOnce: { (request: Echo, _) throws(RPCError) -> Echo in request }),
            .unary(Self.unaryTask) { (request: Echo, _) async throws(RPCError) -> Echo in request },
            .serverStreaming(Self.serverStream) {
                (request: Echo, responses: ResponseWriter<Echo>, _) async throws(RPCError) in
                for _ in 0..<Self.streamLength { try await responses.write(request) }
            },
            .serverStreaming(Self.watch) {
                [watchers] (_: Echo, responses: ResponseWriter<Echo>, context) async throws(RPCError) in
                watchers.add(responses, context)
            },
            .unary(Self.publish) { [watchers] (_: Echo, _) async throws(RPCError) -> Echo in
                watchers.publish()
                return Echo()
            },
        ]
    }
}
