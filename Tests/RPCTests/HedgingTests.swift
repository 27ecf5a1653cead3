import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing

/// Each copy of a call gets the next line of a script.
private final class ScriptedCopies: RPCService {
    enum Line: Sendable {
        case answer
        case fail(RPCError)
        /// Suspends until it is cancelled.
        case hang
    }

    static let call = MethodDescriptor(service: "test.Hedged", name: "Call")
    static let sum = MethodDescriptor(service: "test.Hedged", name: "Sum", isClientStreaming: true)

    let cancelled = Event()
    /// What `grpc-previous-rpc-attempts` would have said: the order of the copies.
    let copies = Atomic(0)
    private let script: [Line]

    init(_ script: [Line]) { self.script = script }

    var routes: [ServerRoute] {
        [
            .unary(Self.call) { [self] (request: Text, context) async throws(RPCError) -> Text in
                try await play(context)
                return request
            },
            .clientStreaming(Self.sum) {
                [self] (requests: RequestStream<Number>, context) async throws(RPCError) -> Number in
                var sum: Int64 = 0
                for try await request in requests { sum += request.value }
                try await play(context)
                return Number(Int(sum))
            },
        ]
    }

    private func play(_ context: ServerCallContext) async throws(RPCError) {
        context.onCancel { self.cancelled.happen() }
        let index = copies.add(1, ordering: .relaxed).oldValue
        // A busy machine lets the delay of one more copy pass before the answer is there.
        switch index < script.count ? script[index] : .hang {
        case .answer: return
        case .fail(let error): throw error
        case .hang: await waitForCancellation()
        }
    }

    var copyCount: Int { copies.load(ordering: .relaxed) }
}

private let unavailable = RPCError(.unavailable, "not now")

@Suite("Hedged calls", .timeLimit(.minutes(1))) struct HedgedCallTests {
    private func run(
        _ script: [ScriptedCopies.Line], delay: Duration, maxAttempts: Int = 3,
        throttle: RetryThrottle = RetryThrottle(),
        _ body: (ScriptedCopies, RPCChannel) async throws -> Void
    ) async throws {
        let service = ScriptedCopies(script)
        let policy = try #require(
            HedgingPolicy(maxAttempts: maxAttempts, delay: delay, nonFatalCodes: [.unavailable]))
        try await Loopback.run(
            services: [service],
            channel: {
                $0.hedging = [ScriptedCopies.call.path: policy, ScriptedCopies.sum.path: policy]
                $0.retryThrottle = throttle
            }
        ) { loopback in
            try await body(service, loopback.channel)
        }
    }

    private func call(_ channel: RPCChannel) async throws -> String {
        let answer: Text = try await channel.unary(ScriptedCopies.call, Text("h"), options: CallOptions())
        return answer.value
    }

    @Test("the copy that answers wins, and the one that hangs is cancelled") func slowFirst() async throws {
        try await run([.hang, .answer], delay: .milliseconds(5)) { service, channel in
            let answer = try await call(channel)
            #expect(answer == "h")
            await service.cancelled.wait()
            #expect(service.copyCount >= 2)
        }
    }

    @Test("without a delay all copies leave at once") func atOnce() async throws {
        try await run([.hang, .hang, .answer], delay: .zero) { service, channel in
            let answer = try await call(channel)
            #expect(answer == "h")
            #expect(service.copyCount == 3)
        }
    }

    @Test("a failure that is not fatal brings the next copy at once") func nonFatal() async throws {
        try await run([.fail(unavailable), .answer], delay: .seconds(3600)) { service, channel in
            let answer = try await call(channel)
            #expect(answer == "h")
        }
    }

    @Test("a fatal failure is the call's, though another copy is under way") func fatal() async throws {
        try await run([.hang, .fail(RPCError(.notFound, "no"))], delay: .milliseconds(5), maxAttempts: 2) {
            service, channel in
            let error = await #expect(throws: RPCError.self) { try await call(channel) }
            #expect(error?.code == .notFound)
            await service.cancelled.wait()
        }
    }

    @Test("when every copy fails the last failure is the call's") func allFail() async throws {
        let script = Array(repeating: ScriptedCopies.Line.fail(unavailable), count: 4)
        try await run(script, delay: .milliseconds(1)) { service, channel in
            let error = await #expect(throws: RPCError.self) { try await call(channel) }
            #expect(error?.code == .unavailable)
            #expect(service.copyCount == 3)
        }
    }

    @Test("a server that pushes back gets no further copy") func pushback() async throws {
        let refusal = RPCError(.unavailable, "go away", retryPushback: .doNotRetry)
        try await run([.fail(refusal), .answer], delay: .seconds(3600)) { service, channel in
            let error = await #expect(throws: RPCError.self) { try await call(channel) }
            #expect(error?.retryPushback == .doNotRetry)
            #expect(service.copyCount == 1)
        }
    }

    @Test("a server that asks for time gets the next copy after it") func delayedPushback() async throws {
        let later = RPCError(.unavailable, "in a moment", retryPushback: .retry(after: .milliseconds(3)))
        try await run([.fail(later), .answer], delay: .seconds(3600)) { service, channel in
            let answer = try await call(channel)
            #expect(answer == "h")
        }
    }

    @Test("a throttled channel sends one copy") func throttled() async throws {
        try await run(
            [.fail(unavailable), .answer], delay: .seconds(3600), throttle: RetryThrottle(maxTokens: 2)
        ) { service, channel in
            await #expect(throws: RPCError.self) { try await call(channel) }
            #expect(service.copyCount == 1)
        }
    }

    @Test("each copy of a streaming call gets every request") func streamed() async throws {
        try await run([.hang, .fail(unavailable), .answer], delay: .milliseconds(5)) { service, channel in
            let call: ClientStreamingCall<Number, Number> = channel.clientStreaming(
                ScriptedCopies.sum, options: CallOptions())
            for value in 1...10 { try await call.write(Number(value)) }
            let sum = try await call.finish().value
            #expect(sum == 55)
        }
    }

    @Test("the caller's cancellation reaches every copy") func cancelled() async throws {
        try await run([.hang, .hang], delay: .zero, maxAttempts: 2) { service, channel in
            let caller = Task { try await call(channel) }
            while service.copyCount < 2 { await Task.yield() }
            caller.cancel()
            await service.cancelled.wait()
            let error = await #expect(throws: RPCError.self) { try await caller.value }
            #expect(error?.code == .cancelled)
        }
    }
}
