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
    /// The same as an asynchronous handler, which might suspend and does not.
    static let unaryTask = MethodDescriptor(service: "bench.Echo", name: "UnaryTask")
    static let serverStream = MethodDescriptor(
        service: "bench.Echo", name: "ServerStream", isServerStreaming: true)
    /// Stays open; replies to each call of ``publish``.
    static let watch = MethodDescriptor(service: "bench.Echo", name: "Watch", isServerStreaming: true)
    static let publish = MethodDescriptor(service: "bench.Echo", name: "Publish")
    /// Answers once ``publish`` is called.
    static let hold = MethodDescriptor(service: "bench.Echo", name: "Hold")
    /// Stops the server; the payload is the grace in milliseconds, an hour at most, as decimal digits.
    static let stop = MethodDescriptor(service: "bench.Echo", name: "Stop")
    /// Replies to one call of ``serverStream``.
    static let streamLength = 100

    /// The server that offers this service, once it is made.
    let server = Mutex<RPCServer?>(nil)
    /// The grace that ``stop`` was called with; ends with it.
    let stops = AsyncStream.makeStream(of: Duration.self)
    /// Belongs to the server's interceptors.
    let journal = CallJournal()
    private let watchers = Watchers()

    var routes: [ServerRoute] {
        [
            .unary(Self.counters) { [self] (_: Echo, _) async throws(RPCError) -> Echo in
                let metrics = await server.withLock { $0 }?.metrics()
                let lines = (metrics?.numbers.map(\.description) ?? []) + journal.lines
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
            .unary(Self.hold) { [watchers] (request: Echo, context) async throws(RPCError) -> Echo in
                await watchers.next(context)
                return request
            },
            .unary(Self.stop, atOnce: { [stops] (request: Echo, _) throws(RPCError) -> Echo in
                let grace = Int(String(decoding: request.value, as: UTF8.self)) ?? 0
                stops.continuation.yield(.milliseconds(min(max(0, grace), 3_600_000)))
                stops.continuation.finish()
                return request
            }),
            .unary(Self.publish) { [watchers] (_: Echo, _) async throws(RPCError) -> Echo in
                watchers.publish()
                return Echo()
            },
        ]
    }
}
