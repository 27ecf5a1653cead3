import GRPCStandardAPI
import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing

private typealias Method = TestService.Method

private final class CallLog: Sendable {
    let lines = Mutex<[String]>([])
}

/// Adds its name to each call, and notes what it is told.
private struct Noting: ClientInterceptor {
    let name: String
    let log: CallLog

    func callWillStart(_ method: MethodDescriptor, options: inout CallOptions) {
        log.lines.withLock { $0.append("\(name) \(method.name)") }
        options.metadata.append("in", name)
    }

    func callDidEnd(_ method: MethodDescriptor, status: RPCError?, duration: Duration) {
        log.lines.withLock { $0.append("\(name) \(status?.code.description ?? "OK")") }
        #expect(duration > .zero)
    }
}

@Suite("Channels, health and the end of a server", .timeLimit(.minutes(1))) struct ChannelTests {
    @Test("a call that says nothing fails at once when nobody listens, naming the address") func failFast()
        async throws
    {
        let channel = try RPCChannel(target: "127.0.0.1:1")
        let error = await #expect(throws: RPCError.self) {
            let _: Text = try await channel.unary(Method.echo, Text(), options: CallOptions())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("127.0.0.1:1") == true)
        await channel.shutdown()
    }

    @Test("a call that waits for ready goes out once a server is there") func waitForReady() async throws {
        let path = "/tmp/rpc-tests-\(UInt64.random(in: 0 ... .max)).sock"
        var configuration = ChannelConfiguration()
        configuration.backoff = ConnectionBackoff(initial: .milliseconds(5), maximum: .milliseconds(20))
        let channel = try RPCChannel(target: "unix:\(path)", configuration: configuration)
        let call = Task { () -> Text in
            try await channel.unary(Method.echo, Text("w"), options: CallOptions(waitForReady: true))
        }
        while channel.connectivity != .transientFailure { await Task.yield() }
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.unix(path: path)]), services: [TestService()])
        _ = try await server.start()
        let answer1 = try await call.value.value
        #expect(answer1 == "w")
        await channel.shutdown()
        await server.shutdown(grace: .zero)
    }

    @Test("tasks on the channel's executor are answered, and so are cancelled ones, also behind its shutdown")
    func callersOnItsExecutor() async throws {
        try await Loopback.run { loopback in
            let channel = loopback.channel
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<200 {
                    group.addTask(executorPreference: channel.executor) {
                        let text: Text = try await channel.unary(
                            Method.echo, Text("\(number)"), options: CallOptions())
                        return text.value
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(answers.count == 200)
            let codes = await Task(executorPreference: channel.executor) {
                let call = Task.immediate(executorPreference: channel.executor) { () async throws -> Text in
                    try await channel.unary(Method.hang, Text(), options: CallOptions())
                }
                call.cancel()
                let cancelled = await #expect(throws: RPCError.self) { try await call.value }
                await channel.shutdown()
                let late = await #expect(throws: RPCError.self) {
                    let _: Text = try await channel.unary(Method.echo, Text(), options: CallOptions())
                }
                return [cancelled?.code, late?.code]
            }.value
            #expect(codes == [.cancelled, .unavailable])
        }
    }

    @Test("a name that does not exist is an error of the call") func badName() async throws {
        let channel = try RPCChannel(target: "dns:///no-such-host.invalid:1")
        let error = await #expect(throws: RPCError.self) {
            let _: Text = try await channel.unary(Method.echo, Text(), options: CallOptions())
        }
        #expect(error?.code == .unavailable)
        await channel.shutdown()
    }

    @Test(
        "targets are read in every form",
        arguments: [
            ("dns:///example.org:443", ChannelTarget.name(host: "example.org", port: 443)),
            ("h:1", .name(host: "h", port: 1)),
            ("[::1]:5", .name(host: "::1", port: 5)), ("unix:/a/b", .unix(path: "/a/b")),
            ("unix:///a", .unix(path: "/a")), ("unix:@name", .unix(path: "@name")),
            ("unix-abstract:name", .unix(path: "@name")),
        ])
    func targets(text: String, expected: ChannelTarget) {
        #expect(ChannelTarget(text) == expected)
    }

    @Test(
        "what is not a target is refused",
        arguments: ["", "host", "host:", ":1", "host:0", "host:70000", "::1:5", "unix:", "unix:@", "unix-abstract:"])
    func badTargets(text: String) {
        #expect(ChannelTarget(text) == nil)
    }

    @Test("failed calls are tried again as the policy says") func retries() async throws {
        try await Loopback.run(channel: { configuration in
            configuration.retryPolicy = RetryPolicy(
                maxAttempts: 3, initialBackoff: .milliseconds(1), maxBackoff: .milliseconds(2),
                backoffMultiplier: 1,
                retryableCodes: [.unavailable])
        }) { loopback in
            loopback.service.flakyFailuresLeft.store(2, ordering: .relaxed)
            let response: Text = try await loopback.unary(Method.flaky, Text("again"))
            #expect(response.value == "again")
            loopback.service.flakyFailuresLeft.store(3, ordering: .relaxed)
            let error = await #expect(throws: RPCError.self) {
                let _: Text = try await loopback.unary(Method.flaky, Text())
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("interceptors see each call before it and behind its end, the first one outermost")
    func interceptors() async throws {
        let log = CallLog()
        try await Loopback.run(channel: {
            $0.interceptors = [Noting(name: "a", log: log), Noting(name: "b", log: log)]
        }) { loopback in
            let answer: Text = try await loopback.unary(Method.metadata, Text("x"))
            #expect(answer.value == "a|b")
            let _: Text? = try? await loopback.unary(Method.fail, Number(5))
        }
        #expect(
            log.lines.withLock { $0 } == [
                "a Metadata", "b Metadata", "b OK", "a OK", "a Fail", "b Fail", "b NOT_FOUND", "a NOT_FOUND",
            ])
    }

    @Test("calls after the channel's end fail") func afterShutdown() async throws {
        try await Loopback.run { loopback in
            await loopback.channel.shutdown()
            let error = await #expect(throws: RPCError.self) { try await loopback.echo() }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("health knows its services and tells watchers of changes") func health() async throws {
        try await Loopback.run { loopback in
            let client = Grpc_Health_V1_HealthClient(loopback.channel)
            let server = loopback.server.health
            func check(_ name: String) async throws -> Grpc_Health_V1_HealthCheckResponse.ServingStatus {
                try await client.check(.with { $0.service = name }).status
            }
            let answer2 = try await check("")
            #expect(answer2 == .serving)
            let answer3 = try await check("test.Service")
            #expect(answer3 == .serving)
            let error = await #expect(throws: RPCError.self) { try await check("none") }
            #expect(error?.code == .notFound)
            var watch = client.watch(.with { $0.service = "test.Service" }).makeAsyncIterator()
            var unknown = client.watch(.with { $0.service = "later" }).makeAsyncIterator()
            let answer4 = try await watch.next()?.status
            #expect(answer4 == .serving)
            let answer5 = try await unknown.next()?.status
            #expect(answer5 == .serviceUnknown)
            server?.set(.notServing, service: "test.Service")
            server?.set(.serving, service: "later")
            let answer6 = try await watch.next()?.status
            #expect(answer6 == .notServing)
            let answer7 = try await unknown.next()?.status
            #expect(answer7 == .serving)
            let answer8 = try await client.list(.init()).statuses["test.Service"]?.status
            #expect(answer8 == .notServing)
        }
    }

    @Test("a server that shuts down lets calls in flight end, tells health watchers, and takes no new ones")
    func drain() async throws {
        try await Loopback.run { loopback in
            let health = Grpc_Health_V1_HealthClient(loopback.channel)
            var watch = health.watch(.init()).makeAsyncIterator()
            let answer9 = try await watch.next()?.status
            #expect(answer9 == .serving)
            let inFlight = Task { () -> Text in try await loopback.unary(Method.hold, Text("late")) }
            await loopback.service.started.wait()
            let shutdown = Task { await loopback.server.shutdown(grace: .seconds(1)) }
            let answer10 = try await watch.next()?.status
            #expect(answer10 == .notServing)
            loopback.service.release.happen()
            let answer11 = try await inFlight.value.value
            #expect(answer11 == "late")
            await shutdown.value
            let error = await #expect(throws: RPCError.self) { try await loopback.echo() }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("calls that outlast the grace are cut off and their handlers cancelled") func graceEnds()
        async throws
    {
        try await Loopback.run { loopback in
            let inFlight = Task { () -> Text in try await loopback.unary(Method.hang, Text()) }
            await loopback.service.started.wait()
            await loopback.server.shutdown(grace: .milliseconds(10))
            await loopback.service.cancelled.wait()
            let error = await #expect(throws: RPCError.self) { try await inFlight.value }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("reflection lists what the server offers and serves the files behind it") func reflection()
        async throws
    {
        try await Loopback.run { loopback in
            let client = Grpc_Reflection_V1_ServerReflectionClient(loopback.channel)
            let call = client.serverReflectionInfo()
            var answers = call.responses.makeAsyncIterator()
            try await call.write(.with { $0.messageRequest = .listServices("") })
            guard case .listServicesResponse(let list)? = try await answers.next()?.messageResponse else {
                Issue.record("no list")
                return
            }
            #expect(
                list.service.map(\.name) == [
                    "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                    "grpc.reflection.v1alpha.ServerReflection",
                ])
            try await call.write(
                .with { $0.messageRequest = .fileContainingSymbol("grpc.health.v1.Health.Check") })
            guard case .fileDescriptorResponse(let files)? = try await answers.next()?.messageResponse else {
                Issue.record("no file")
                return
            }
            #expect(files.fileDescriptorProto.count == 1)
            try await call.write(.with { $0.messageRequest = .fileByFilename("none.proto") })
            guard case .errorResponse(let error)? = try await answers.next()?.messageResponse else {
                Issue.record("no error")
                return
            }
            #expect(error.errorCode == 5)
            call.finishWriting()
        }
    }
}
