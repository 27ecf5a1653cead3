import HTTP2Engine
import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing
import Transport

private typealias Method = TestService.Method

private struct Refusing: ServerInterceptor {
    func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission {
        guard context.metadata["authorization"] == "Bearer t" else {
            throw RPCError(.unauthenticated, "no token")
        }
        return .admitted
    }
}

@Suite("Limits and policies", .timeLimit(.minutes(1))) struct LimitsTests {
    @Test(
        "a request over the limit is refused, one as long as it is taken", arguments: [(0, true), (1, false)])
    func requestLimit(excess: Int, isTaken: Bool) async throws {
        // The request's own field costs a tag and a two-byte length.
        try await Loopback.run(server: { $0.maxRequestBytes = 1003 }) { loopback in
            let request = Bytes.with { $0.value = Array(repeating: 1, count: 1000 + excess) }
            if isTaken {
                let size: Number = try await loopback.unary(Method.size, request)
                #expect(size.value == 1000)
            } else {
                let error = await #expect(throws: RPCError.self) {
                    let _: Number = try await loopback.unary(Method.size, request)
                }
                #expect(error?.code == .resourceExhausted)
            }
            let answer1 = try await loopback.echo()
            #expect(answer1 == "x")
        }
    }

    @Test("a response over the client's limit is refused") func responseLimit() async throws {
        try await Loopback.run { loopback in
            let error = await #expect(throws: RPCError.self) {
                try await loopback.echo(
                    String(repeating: "x", count: 1001), options: CallOptions(maxResponseBytes: 1000))
            }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.isFromPeer == false)
        }
    }

    @Test("metadata over the server's header limit is refused and the connection lives on") func headerLimit()
        async throws
    {
        try await Loopback.run { loopback in
            let metadata: Metadata = ["big": String(repeating: "x", count: 20_000)]
            let error = await #expect(throws: RPCError.self) {
                try await loopback.echo(options: CallOptions(metadata: metadata))
            }
            #expect(error?.code == .resourceExhausted)
            let answer2 = try await loopback.echo()
            #expect(answer2 == "x")
        }
    }

    @Test("calls wait while more request bytes are queued than a connection may hold") func queuedBytes()
        async throws
    {
        try await Loopback.run(channel: { $0.transport.http2.queuedBytesMax = 1 << 20 }) { loopback in
            var request = Bytes()
            request.value = Array(repeating: 7, count: 200_000)
            let large = request
            let sizes = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let size: Number = try await loopback.unary(TestService.Method.size, large)
                        return size.value
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(sizes == Array(repeating: 200_000, count: 50))
        }
    }

    @Test("compressed requests and responses arrive as they were") func gzip() async throws {
        try await Loopback.run(server: { $0.responseCompression = .gzip }) { loopback in
            let text = String(repeating: "compress me ", count: 1000)
            let answer3 = try await loopback.echo(text, options: CallOptions(compression: .gzip))
            #expect(answer3 == text)
            let answer4 = try await loopback.echo("", options: CallOptions(compression: .gzip))
            #expect(answer4 == "")
            let answer5 = try await loopback.echo(text)
            #expect(answer5 == text)
        }
    }

    @Test("a request that unpacks to more than the limit is refused") func bomb() async throws {
        try await Loopback.run(server: { $0.maxRequestBytes = 10_000 }) { loopback in
            let error = await #expect(throws: RPCError.self) {
                try await loopback.echo(
                    String(repeating: "x", count: 1 << 20), options: CallOptions(compression: .gzip))
            }
            #expect(error?.code == .resourceExhausted)
        }
    }

    @Test("an interceptor refuses before the handler runs") func interceptor() async throws {
        try await Loopback.run(interceptors: [Refusing()]) { loopback in
            let error = await #expect(throws: RPCError.self) { try await loopback.echo() }
            #expect(error?.code == .unauthenticated)
            let answer6 = try await loopback.echo(
                options: CallOptions(metadata: ["authorization": "Bearer t"]))
            #expect(answer6 == "x")
        }
    }

    @Test("no more handlers run than allowed; a call reset in the queue is never started") func handlerBound()
        async throws
    {
        try await Loopback.run(server: { $0.maxRunningHandlersPerLoop = 2 }) { loopback in
            let calls = (0..<6).map { _ in
                Task { () -> Text in try await loopback.unary(Method.hold, Text()) }
            }
            while await loopback.server.metrics().waitingCalls < 4 { await Task.yield() }
            let impatient = Task { () -> Text in try await loopback.unary(Method.hold, Text()) }
            while await loopback.server.metrics().waitingCalls < 5 { await Task.yield() }
            impatient.cancel()
            while await loopback.server.metrics().openCalls > 6 { await Task.yield() }
            loopback.service.release.happen()
            for call in calls { _ = try await call.value }
            #expect(loopback.service.runningMax.load(ordering: .relaxed) == 2)
            #expect(loopback.service.startedCount.load(ordering: .relaxed) == 6)
        }
    }

    @Test("resetting calls frees no handler's place: running handlers are bounded apart from open streams")
    func handlersOfResetCalls() async throws {
        try await Loopback.run(server: { $0.maxRunningHandlersPerLoop = 2 }) { loopback in
            for _ in 0..<100 {
                let call = Task { () -> Text in try await loopback.unary(Method.hold, Text()) }
                while await loopback.server.metrics().openCalls == 0 { await Task.yield() }
                call.cancel()
                while await loopback.server.metrics().openCalls > 0 { await Task.yield() }
            }
            #expect(await loopback.server.metrics().runningHandlers == 2)
            #expect(loopback.service.startedCount.load(ordering: .relaxed) == 2)
            loopback.service.release.happen()
            while await loopback.server.metrics().runningHandlers > 0 { await Task.yield() }
            let answer = try await loopback.echo()
            #expect(answer == "x")
        }
    }

    @Test("each limit on a call has a counter of its own") func refusals() async throws {
        try await Loopback.run(server: {
            $0.maxRequestBytes = 1000
            $0.maxRunningHandlersPerLoop = 1
            $0.maxWaitingCallsPerLoop = 0
        }) { loopback in
            let zeros = String(repeating: "x", count: 5000)
            for options in [
                CallOptions(), CallOptions(compression: .gzip),
                CallOptions(metadata: ["big": String(repeating: "x", count: 20_000)]),
            ] {
                let error = await #expect(throws: RPCError.self) {
                    try await loopback.echo(zeros, options: options)
                }
                #expect(error?.code == .resourceExhausted)
            }
            let held = Task { () -> Text in try await loopback.unary(Method.hold, Text()) }
            await loopback.service.started.wait()
            let error = await #expect(throws: RPCError.self) { try await loopback.echo() }
            #expect(error?.code == .resourceExhausted)
            loopback.service.release.happen()
            _ = try await held.value
            let metrics = await loopback.server.metrics()
            #expect(
                metrics.refusedCalls == [
                    "request_too_large": 1, "unpacked_request_too_large": 1, "header_block_too_large": 1,
                    "too_many_waiting_calls": 1,
                ])
            let lines = metrics.numbers.map(\.description)
            #expect(lines.contains(#"grpc_server_calls_refused_total{limit="request_too_large"} 1"#))
            #expect(lines.contains("http2_connections_accepted_total 1"))
            #expect(lines.contains(#"grpc_server_handled_total{method="test.Service/Hold",code="OK"} 1"#))
        }
    }

    @Test(
        "a handler chooses the compression of its call, whatever the server's setting", arguments: [true, false])
    func packingByCall(serverPacks: Bool) async throws {
        try await Loopback.run(
            services: [PackingService()], server: { $0.responseCompression = serverPacks ? .gzip : .none }
        ) { loopback in
            for (wish, isPacked) in [("gzip", true), ("none", false), ("", serverPacks)] {
                let call = loopback.channel.startCall(PackingService.call, options: CallOptions())
                _ = try call.write(Text(wish))
                call.finishWriting()
                let answer: Text = try await call.onlyMessage()
                #expect(answer.value == PackingService.text)
                #expect(call.lastMessageWasCompressed == isPacked, "\(wish)")
            }
            // Too late: the headers have left without naming gzip, so the message comes as it is.
            let late = loopback.channel.startCall(PackingService.late, options: CallOptions())
            _ = try late.write(Text())
            late.finishWriting()
            _ = try await late.waitForInitialMetadata()
            let answer: Text = try await late.onlyMessage()
            #expect(answer.value == PackingService.text)
            #expect(late.lastMessageWasCompressed == serverPacks)
        }
    }

    @Test("calls above the server's stream limit wait on the client and all succeed") func streamLimit()
        async throws
    {
        try await Loopback.run(server: { $0.transport.http2.concurrentStreamsMax = 1 }) { loopback in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<20 { group.addTask { _ = try await loopback.echo("\(index)") } }
                try await group.waitForAll()
            }
        }
    }

    @Test("connections are counted by why they ended") func connectionEnds() async throws {
        try await Loopback.run { loopback in
            _ = try await loopback.echo()
            #expect(await loopback.server.metrics().connectionEnds.isEmpty)
            await loopback.channel.shutdown()
            var ends = await loopback.server.metrics().connectionEnds
            while ends.isEmpty {
                await Task.yield()
                ends = await loopback.server.metrics().connectionEnds
            }
            #expect(ends.values.reduce(0, +) == 1)
        }
    }

    @Test("calls are counted by method and status") func metrics() async throws {
        try await Loopback.run { loopback in
            for _ in 0..<3 { _ = try await loopback.echo() }
            _ = try? await loopback.unary(Method.fail, Number(5), as: Text.self)
            let entries = await loopback.server.metrics().entries
            #expect(entries.map(\.method) == ["test.Service/Echo", "test.Service/Fail"])
            #expect(entries.map(\.code) == [nil, .notFound])
            #expect(entries.map(\.counts.count) == [3, 1])
            #expect(entries.allSatisfy { $0.counts.buckets.reduce(0, +) == $0.counts.count })
        }
    }
}

/// Compresses its response as the request says.
private struct PackingService: RPCService {
    static let call = MethodDescriptor(service: "test.Packing", name: "Call")
    static let late = MethodDescriptor(service: "test.Packing", name: "Late", isServerStreaming: true)
    static let text = String(repeating: "pack me ", count: 100)

    var routes: [ServerRoute] {
        [
            .unary(Self.call) { (request: Text, context) async throws(RPCError) -> Text in
                switch request.value {
                case "gzip": context.compressResponses(.gzip)
                case "none": context.compressResponses(.none)
                default: break
                }
                return Text(Self.text)
            },
            .serverStreaming(Self.late) {
                (_: Text, responses: ResponseWriter<Text>, context) async throws(RPCError) in
                responses.sendInitialMetadata()
                // The loop sends the headers while the handler is away.
                for _ in 0..<10 { await Task.yield() }
                context.compressResponses(.gzip)
                try await responses.write(Text(Self.text))
            },
        ]
    }
}
