import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization

typealias Text = Google_Protobuf_StringValue
typealias Bytes = Google_Protobuf_BytesValue
typealias Number = Google_Protobuf_Int64Value

extension Google_Protobuf_StringValue {
    init(_ value: String) {
        self.init()
        self.value = value
    }
}

extension Google_Protobuf_Int64Value {
    init(_ value: Int) {
        self.init()
        self.value = Int64(value)
    }
}

/// Something that happens once, and may be waited for.
final class Event: Sendable {
    private struct State {
        var hasHappened = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var hasHappened: Bool { state.withLock { $0.hasHappened } }

    func happen() {
        let waiters = state.withLock { state in
            state.hasHappened = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.hasHappened { state.waiters.append(continuation) }
                return state.hasHappened
            }
            if isOver { continuation.resume() }
        }
    }
}

/// Waits until its task is cancelled, for ever if it is not.
func waitForCancellation() async {
    let event = Event()
    await withTaskCancellationHandler {
        await event.wait()
    } onCancel: {
        event.happen()
    }
}

/// The calls the tests make, each the smallest that shows one behavior.
final class TestService: RPCService {
    enum Method {
        static let echo = unary("Echo")
        /// Fails with the code in the request, with details, and metadata on both ends.
        static let fail = unary("Fail")
        /// Fails with so many bytes of details or, when negative, of trailers.
        static let wordy = unary("Wordy")
        static let metadata = unary("Metadata")
        /// Suspends until it is cancelled.
        static let hang = unary("Hang")
        /// Suspends until `release` happens.
        static let hold = unary("Hold")
        static let flaky = unary("Flaky")
        static let size = unary("Size")
        static let written = unary("Written")
        static let count = MethodDescriptor(service: "test.Service", name: "Count", isServerStreaming: true)
        /// Writes 64 KiB messages until the stream ends.
        static let flood = MethodDescriptor(service: "test.Service", name: "Flood", isServerStreaming: true)
        static let detached = MethodDescriptor(
            service: "test.Service", name: "Detached", isServerStreaming: true)
        static let sum = MethodDescriptor(service: "test.Service", name: "Sum", isClientStreaming: true)
        static let chat = MethodDescriptor(
            service: "test.Service", name: "Chat", isClientStreaming: true, isServerStreaming: true)

        private static func unary(_ name: String) -> MethodDescriptor {
            MethodDescriptor(service: "test.Service", name: name)
        }
    }

    static let floodMessageBytes = 64 * 1024

    let started = Event()
    let cancelled = Event()
    let release = Event()
    let startedCount = Atomic(0)
    let runningMax = Atomic(0)
    let written = Atomic(0)
    let flakyFailuresLeft = Atomic(0)
    let detachedWriter = Mutex<ResponseWriter<Text>?>(nil)
    let detachedContext = Mutex<ServerCallContext?>(nil)
    private let running = Atomic(0)

    var routes: [ServerRoute] { unaryRoutes + streamRoutes }

    private var unaryRoutes: [ServerRoute] {
        [
            .unary(Method.echo) { (request: Text, _) async throws(RPCError) -> Text in request },
            .unary(Method.wordy) { (request: Number, _) async throws(RPCError) -> Text in
                guard request.value < 0 else {
                    throw RPCError(
                        .invalidArgument, "much is wrong",
                        statusDetails: [UInt8](repeating: 7, count: Int(request.value)))
                }
                let word = String(repeating: "w", count: 1000)
                var trailers: Metadata = [:]
                for _ in 0..<(-request.value / 1000) { trailers.append("word", word) }
                throw RPCError(.invalidArgument, "much is wrong", trailers: trailers)
            },
            .unary(Method.fail) { (request: Number, context) async throws(RPCError) -> Text in
                context.initialMetadata = ["initial": "i"]
                context.trailingMetadata = ["trailing": "t"]
                let code = RPCError.Code(rawValue: UInt8(request.value)) ?? .unknown
                throw RPCError(
                    code, "so it is: ü %", statusDetails: [1, 2, 255], trailers: ["from-error": "e"])
            },
            .unary(Method.metadata) { (_: Text, context) async throws(RPCError) -> Text in
                context.initialMetadata.append(
                    "echo-bin", binary: context.metadata.binary(named: "in-bin") ?? [])
                context.trailingMetadata.append("echo", context.metadata["in"] ?? "none")
                return Text(context.metadata.values(named: "in").joined(separator: "|"))
            },
            .unary(Method.hang) { [self] (request: Text, context) async throws(RPCError) -> Text in
                context.onCancel { self.cancelled.happen() }
                started.happen()
                await waitForCancellation()
                return request
            },
            .unary(Method.hold) { [self] (request: Text, _) async throws(RPCError) -> Text in
                startedCount.add(1, ordering: .relaxed)
                runningMax.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
                started.happen()
                await release.wait()
                running.subtract(1, ordering: .relaxed)
                return request
            },
            .unary(Method.flaky) { [self] (request: Text, _) async throws(RPCError) -> Text in
                guard flakyFailuresLeft.subtract(1, ordering: .relaxed).oldValue <= 0 else {
                    throw RPCError(.unavailable, "not yet")
                }
                return request
            },
            .unary(Method.size) { (request: Bytes, _) async throws(RPCError) -> Number in
                Number(request.value.count)
            },
            .unary(Method.written) { [self] (_: Text, _) async throws(RPCError) -> Number in
                Number(written.load(ordering: .relaxed))
            },
        ]
    }

    private var streamRoutes: [ServerRoute] {
        [
            .serverStreaming(Method.count) {
                (request: Number, responses: ResponseWriter<Number>, context) async throws(RPCError) in
                context.trailingMetadata = ["counted": "\(request.value)"]
                for index in 0..<Int(request.value) { try await responses.write(Number(index)) }
            },
            .serverStreaming(Method.flood) {
                [self] (_: Text, responses: ResponseWriter<Bytes>, context) async throws(RPCError) in
                context.onCancel { self.cancelled.happen() }
                var message = Bytes()
                message.value = Array(repeating: 1, count: Self.floodMessageBytes)
                while true {
                    try await responses.write(message)
                    written.add(1, ordering: .relaxed)
                }
            },
            .serverStreaming(Method.detached) {
                [self] (_: Text, responses: ResponseWriter<Text>, context) async throws(RPCError) in
                context.onCancel { self.cancelled.happen() }
                responses.detach()
                responses.sendInitialMetadata()
                detachedWriter.withLock { $0 = responses }
                detachedContext.withLock { $0 = context }
                started.happen()
            },
            .clientStreaming(Method.sum) {
                (requests: RequestStream<Number>, _) async throws(RPCError) -> Number in
                var sum: Int64 = 0
                for try await request in requests { sum += request.value }
                return Number(Int(sum))
            },
            .bidirectional(Method.chat) {
                [self] (requests: RequestStream<Text>, responses: ResponseWriter<Text>, context)
                    async throws(RPCError) in
                context.onCancel { self.cancelled.happen() }
                started.happen()
                for try await request in requests { try await responses.write(Text("re: " + request.value)) }
            },
        ]
    }
}

/// A server on a free port and a channel to it, for one test.
struct Loopback {
    let server: RPCServer
    let channel: RPCChannel
    let service: TestService
    let target: String

    /// - Parameter body: gets both; they are shut down behind it.
    static func run(
        services: [any RPCService] = [], interceptors: [any ServerInterceptor] = [],
        server configure: (inout ServerConfiguration) -> Void = { _ in },
        channel configureChannel: (inout ChannelConfiguration) -> Void = { _ in },
        _ body: (Loopback) async throws -> Void
    ) async throws {
        let service = TestService()
        var configuration = ServerConfiguration(listeners: [.tcp(host: "127.0.0.1", port: 0)])
        configure(&configuration)
        let server = try RPCServer(
            configuration: configuration, services: [service] + services, interceptors: interceptors)
        let target = "\(try await server.start()[0])"
        var channelConfiguration = ChannelConfiguration()
        channelConfiguration.backoff = ConnectionBackoff(
            initial: .milliseconds(5), maximum: .milliseconds(50))
        configureChannel(&channelConfiguration)
        let channel = try RPCChannel(target: target, configuration: channelConfiguration)
        do {
            try await body(Loopback(server: server, channel: channel, service: service, target: target))
        } catch {
            // What holds a handler would hold the server's end on a clock that stands still.
            service.release.happen()
            await channel.shutdown()
            await server.shutdown(grace: .zero)
            throw error
        }
        await channel.shutdown()
        await server.shutdown(grace: .zero)
    }

    func unary<Request: Message, Response: Message>(
        _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions(),
        as: Response.Type = Response.self
    ) async throws -> Response {
        try await channel.unary(method, request, options: options)
    }

    func echo(_ text: String = "x", options: CallOptions = CallOptions()) async throws -> String {
        let response: Text = try await channel.unary(TestService.Method.echo, Text(text), options: options)
        return response.value
    }
}
