import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing

/// A handler that returns at once, with its answer held back until the test releases it.
private final class HoldingService: RPCService {
    static let ask = MethodDescriptor(service: "test.Holding", name: "Ask")
    static let askTwice = MethodDescriptor(service: "test.Holding", name: "AskTwice")
    static let fail = MethodDescriptor(service: "test.Holding", name: "Fail")
    static let askReleased = MethodDescriptor(service: "test.Holding", name: "AskReleased")

    let returned = Event()
    let cancelled = Event()
    private let holds = Mutex<[AnswerHold]>([])

    var routes: [ServerRoute] {
        [
            .unary(Self.ask) { [self] (request: Text, context) async throws(RPCError) -> Text in
                hold(context, 1)
                return Text("answer to \(request.value)")
            },
            .unary(Self.askTwice) { [self] (_: Text, context) async throws(RPCError) -> Text in
                hold(context, 2)
                return Text("both")
            },
            .unary(Self.fail) { [self] (_: Text, context) async throws(RPCError) -> Text in
                hold(context, 1)
                throw RPCError(.notFound, "there is none")
            },
            .unary(Self.askReleased) { (_: Text, context) async throws(RPCError) -> Text in
                context.holdAnswer().release()
                return Text("released before")
            },
        ]
    }

    private func hold(_ context: ServerCallContext, _ count: Int) {
        context.onCancel { [cancelled] in cancelled.happen() }
        holds.withLock { $0 += (0..<count).map { _ in context.holdAnswer() } }
        returned.happen()
    }

    func release(_ error: RPCError? = nil) throws { try #require(holds.withLock { $0.popLast() }).release(error) }
}

@Suite("Answers that are held back", .timeLimit(.minutes(1))) struct HeldAnswerTests {
    private let service = HoldingService()

    private func run(_ body: (any CallChannel, Loopback) async throws -> Void) async throws {
        try await Loopback.run(services: [service]) { try await body($0.channel, $0) }
    }

    private func ask(_ method: MethodDescriptor, over channel: any CallChannel) async throws -> String {
        let answer: Text = try await channel.unary(method, Text("me"), options: CallOptions())
        return answer.value
    }

    private func status(of method: MethodDescriptor, over channel: any CallChannel) async -> RPCError? {
        do {
            _ = try await ask(method, over: channel)
            return nil
        } catch {
            return error as? RPCError
        }
    }

    @Test("an answer leaves when its hold is released, and other calls of the connection are answered before")
    func released() async throws {
        try await run { channel, loopback in
            let isAnswered = Mutex(false)
            async let answer: String = { () async throws -> String in
                let text = try await ask(HoldingService.ask, over: channel)
                isAnswered.withLock { $0 = true }
                return text
            }()
            await service.returned.wait()
            // An answer that was not held would have left before these.
            for _ in 0..<20 { #expect(try await loopback.echo("other") == "other") }
            #expect(!isAnswered.withLock { $0 })
            try service.release()
            #expect(try await answer == "answer to me")
        }
    }

    @Test("the error of a hold replaces the answer") func failed() async throws {
        try await run { channel, _ in
            async let status = status(of: HoldingService.ask, over: channel)
            await service.returned.wait()
            try service.release(RPCError(.unavailable, "the log is full"))
            let error = await status
            #expect(error?.code == .unavailable)
            #expect(error?.message == "the log is full")
        }
    }

    @Test("an answer with two holds leaves behind both, with the first error") func twice() async throws {
        try await run { channel, loopback in
            async let status = status(of: HoldingService.askTwice, over: channel)
            await service.returned.wait()
            try service.release(RPCError(.unavailable, "first"))
            #expect(try await loopback.echo("other") == "other")
            try service.release(RPCError(.internal, "second"))
            #expect(await status?.message == "first")
        }
    }

    @Test("the handler's own error is held back, too") func thrown() async throws {
        try await run { channel, _ in
            async let status = status(of: HoldingService.fail, over: channel)
            await service.returned.wait()
            try service.release()
            #expect(await status?.code == .notFound)
        }
    }

    @Test("a hold that was released before the handler returned keeps nothing back") func releasedBefore() async throws {
        try await run { channel, _ in
            let answer = try await ask(HoldingService.askReleased, over: channel)
            #expect(answer == "released before")
        }
    }

    @Test("a call that is cancelled while its answer is held ends, and the late release does nothing")
    func cancelled() async throws {
        try await run { channel, loopback in
            let call = Task { await status(of: HoldingService.ask, over: channel) }
            await service.returned.wait()
            call.cancel()
            #expect(await call.value?.code == .cancelled)
            await service.cancelled.wait()
            try service.release()
            #expect(try await loopback.echo("after") == "after")
        }
    }

    @Test("a held answer of a call inside the process behaves alike") func insideTheProcess() async throws {
        let channel = try InProcessChannel(services: [service])
        async let answer = ask(HoldingService.ask, over: channel)
        await service.returned.wait()
        try service.release()
        #expect(try await answer == "answer to me")
        #expect(try await ask(HoldingService.askReleased, over: channel) == "released before")
    }

    @Test("a server that stops waits for held answers within its grace") func stopped() async throws {
        try await run { channel, loopback in
            async let answer = ask(HoldingService.ask, over: channel)
            await service.returned.wait()
            async let stopped: Void = loopback.server.shutdown(grace: .seconds(30))
            // Refused once the server is stopping.
            while (try? await loopback.echo("x")) != nil { await Task.yield() }
            try service.release()
            #expect(try await answer == "answer to me")
            await stopped
        }
    }
}
