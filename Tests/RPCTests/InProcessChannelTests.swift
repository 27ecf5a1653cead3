import GRPCStandardAPI
import ProtobufWire
import RPCModel
import RPCServer
import Synchronization
import Testing

private typealias Method = TestService.Method

private final class Recorder: ServerInterceptor {
    let ends = Mutex<[String]>([])
    func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission {
        if context.metadata["refuse"] != nil { throw RPCError(.permissionDenied, "as asked") }
        return .admitted
    }
    func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {
        ends.withLock { $0.append("\(context.method.name) \(status?.code.description ?? "OK")") }
    }
}

@Suite("Calls inside the process", .timeLimit(.minutes(1))) struct InProcessChannelTests {
    private let service = TestService()
    private let recorder = Recorder()
    private let channel: InProcessChannel

    init() throws { channel = try InProcessChannel(services: [service], interceptors: [recorder]) }

    private func echo(_ text: String, options: CallOptions = CallOptions()) async throws -> String {
        let answer: Text = try await channel.unary(Method.echo, Text(text), options: options)
        return answer.value
    }

    @Test("a unary call returns what the handler returned, and interceptors see it") func unary() async throws
    {
        let answer = try await echo("in")
        #expect(answer == "in")
        while recorder.ends.withLock({ $0.isEmpty }) { await Task.yield() }
        #expect(recorder.ends.withLock { $0 } == ["Echo OK"])
        let error = await #expect(throws: RPCError.self) {
            try await echo("x", options: CallOptions(metadata: ["refuse": "1"]))
        }
        #expect(error?.code == .permissionDenied && error?.isFromPeer == true)
    }

    @Test("a status comes with details, trailers and the mark of the other side") func status() async throws {
        let error = await #expect(throws: RPCError.self) {
            let _: Text = try await channel.unary(Method.fail, Number(9), options: CallOptions())
        }
        #expect(error?.code == .failedPrecondition && error?.statusDetails == [1, 2, 255])
        #expect(error?.trailers["from-error"] == "e" && error?.trailers["trailing"] == "t")
        #expect(error?.isFromPeer == true)
    }

    @Test("an unknown method is UNIMPLEMENTED, an oversized message RESOURCE_EXHAUSTED") func limits()
        async throws
    {
        let unknown = await #expect(throws: RPCError.self) {
            let _: Text = try await channel.unary(
                MethodDescriptor(service: "none", name: "None"), Text(), options: CallOptions())
        }
        #expect(unknown?.code == .unimplemented)
        let tooLong = await #expect(throws: RPCError.self) {
            try await echo(String(repeating: "x", count: 5 << 20))
        }
        #expect(tooLong?.code == .resourceExhausted)
        let tooLongAnswer = await #expect(throws: RPCError.self) {
            try await echo(String(repeating: "x", count: 2000), options: CallOptions(maxResponseBytes: 1000))
        }
        #expect(tooLongAnswer?.code == .resourceExhausted)
    }

    @Test("streams of every kind carry every message in order") func streams() async throws {
        let numbers: ResponseStream<Number> = channel.serverStreaming(
            Method.count, Number(5000), options: CallOptions())
        var next: Int64 = 0
        for try await number in numbers {
            #expect(number.value == next)
            next += 1
        }
        #expect(next == 5000 && numbers.trailingMetadata["counted"] == "5000")
        let sum: ClientStreamingCall<Number, Number> = channel.clientStreaming(
            Method.sum, options: CallOptions())
        for value in 1...3000 { try await sum.write(Number(value)) }
        let total = try await sum.finish().value
        #expect(total == 3000 * 3001 / 2)
        let chat: BidirectionalCall<Text, Text> = channel.bidirectional(Method.chat, options: CallOptions())
        var answers = chat.responses.makeAsyncIterator()
        for index in 0..<20 {
            try await chat.write(Text("\(index)"))
            let answer = try await answers.next()?.value
            #expect(answer == "re: \(index)")
        }
        chat.finishWriting()
        let end = try await answers.next()
        #expect(end == nil)
    }

    @Test("a reader that stops holds the writer") func backpressure() async throws {
        let responses: ResponseStream<Bytes> = channel.serverStreaming(
            Method.flood, Text(), options: CallOptions())
        var iterator = responses.makeAsyncIterator()
        _ = try await iterator.next()
        for _ in 0..<200 { _ = try await echo("turn") }
        #expect(service.written.load(ordering: .relaxed) < 10)
        for _ in 0..<50 { _ = try await iterator.next() }
        #expect(service.written.load(ordering: .relaxed) >= 50)
        responses.cancel()
        await service.cancelled.wait()
    }

    @Test(
        "a deadline, and the caller's cancellation, end the call and cancel the handler",
        arguments: [true, false])
    func ends(byDeadline: Bool) async throws {
        let options = CallOptions(timeout: byDeadline ? .milliseconds(20) : nil)
        let call = Task { () -> Text in try await channel.unary(Method.hang, Text(), options: options) }
        await service.started.wait()
        if !byDeadline { call.cancel() }
        let error = await #expect(throws: RPCError.self) { try await call.value }
        #expect(error?.code == (byDeadline ? .deadlineExceeded : .cancelled))
        await service.cancelled.wait()
    }

    @Test("a detached stream is written to and ended from outside") func detached() async throws {
        let responses: ResponseStream<Text> = channel.serverStreaming(
            Method.detached, Text(), options: CallOptions())
        _ = try await responses.initialMetadata
        await service.started.wait()
        let writer = try #require(service.detachedWriter.withLock { $0 })
        _ = try writer.writeNow(Text("a"))
        writer.execute { writer.finish(RPCError(.aborted, "over")) }
        var received: [String] = []
        let error = await #expect(throws: RPCError.self) {
            for try await response in responses { received.append(response.value) }
        }
        #expect(received == ["a"] && error?.code == .aborted)
    }

    @Test("metadata goes both ways") func metadata() async throws {
        var metadata: Metadata = ["in": "1"]
        metadata.append("in-bin", binary: [0, 255])
        let call = channel.startCall(Method.metadata, options: CallOptions(metadata: metadata))
        _ = try call.write(Text())
        call.finishWriting()
        let echoed = try await call.waitForInitialMetadata().binary(named: "echo-bin")
        #expect(echoed == [0, 255])
        let _: Text = try await call.onlyMessage()
        #expect(call.receivedTrailingMetadata["echo"] == "1")
    }

    @Test("many calls at once each get their own answer") func concurrent() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<500 { group.addTask { try await echo("\(index)") == "\(index)" } }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
