import EventCore
import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing

private typealias Method = TestService.Method

@Suite("The four kinds of calls, over the wire", .timeLimit(.minutes(1))) struct CallKindsTests {
    @Test("a unary call returns what the handler returned") func unary() async throws {
        try await Loopback.run { loopback in
            let answer1 = try await loopback.echo("hello")
            #expect(answer1 == "hello")
            let answer2 = try await loopback.echo("")
            #expect(answer2 == "")
        }
    }

    @Test("many unary calls at once each get their own answer") func concurrent() async throws {
        try await Loopback.run { loopback in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<500 { group.addTask { try await loopback.echo("\(index)") == "\(index)" } }
                for try await isOwn in group { #expect(isOwn) }
            }
        }
    }

    @Test("a server stream delivers every message in order, then the trailers", arguments: [0, 1, 10_000])
    func serverStream(count: Int) async throws {
        try await Loopback.run { loopback in
            let responses: ResponseStream<Number> = loopback.channel.serverStreaming(
                Method.count, Number(count), options: CallOptions())
            var next = 0
            for try await response in responses {
                #expect(response.value == Int64(next))
                next += 1
            }
            #expect(next == count)
            #expect(responses.trailingMetadata["counted"] == "\(count)")
        }
    }

    @Test("a client stream is answered after its end", arguments: [0, 1, 5000])
    func clientStream(count: Int) async throws {
        try await Loopback.run { loopback in
            let call: ClientStreamingCall<Number, Number> = loopback.channel.clientStreaming(
                Method.sum, options: CallOptions())
            for index in 0..<count { try await call.write(Number(index)) }
            let answer3 = try await call.finish().value
            #expect(answer3 == Int64(count * (count - 1) / 2))
        }
    }

    @Test("a bidirectional call can alternate") func pingPong() async throws {
        try await Loopback.run { loopback in
            let call: BidirectionalCall<Text, Text> = loopback.channel.bidirectional(
                Method.chat, options: CallOptions())
            var responses = call.responses.makeAsyncIterator()
            for index in 0..<20 {
                try await call.write(Text("\(index)"))
                let answer4 = try await responses.next()?.value
                #expect(answer4 == "re: \(index)")
            }
            call.finishWriting()
            let answer5 = try await responses.next()
            #expect(answer5 == nil)
        }
    }

    @Test("calls go over a unix socket as well") func unixSocket() async throws {
        let path = "/tmp/rpc-tests-\(UInt64.random(in: 0 ... .max)).sock"
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.unix(path: path)]), services: [TestService()])
        _ = try await server.start()
        let channel = try RPCChannel(target: "unix:\(path)")
        let response: Text = try await channel.unary(Method.echo, Text("u"), options: CallOptions())
        #expect(response.value == "u")
        await channel.shutdown()
        await server.shutdown(grace: .zero)
    }

    @Test("a detached stream outlives its handler and is written to and ended from outside") func detached()
        async throws
    {
        try await Loopback.run { loopback in
            let responses: ResponseStream<Text> = loopback.channel.serverStreaming(
                Method.detached, Text(), options: CallOptions())
            let answer6 = try await responses.initialMetadata.isEmpty
            #expect(answer6)
            await loopback.service.started.wait()
            #expect(await loopback.server.metrics().runningHandlers == 0)
            let writer = try #require(loopback.service.detachedWriter.withLock { $0 })
            #expect(try writer.writeNow(Text("a")))
            #expect(try writer.writeNow(Text("b")))
            writer.finish(RPCError(.aborted, "over"))
            var received: [String] = []
            let error = await #expect(throws: RPCError.self) {
                for try await response in responses { received.append(response.value) }
            }
            #expect(received == ["a", "b"])
            #expect(error?.code == .aborted)
        }
    }

    @Test("a detached stream's work is done on its connection's loop, in the order in which it was given")
    func detachedWork() async throws {
        try await Loopback.run { loopback in
            let responses: ResponseStream<Text> = loopback.channel.serverStreaming(
                Method.detached, Text(), options: CallOptions())
            await loopback.service.started.wait()
            let writer = try #require(loopback.service.detachedWriter.withLock { $0 })
            for number in 0..<3 {
                writer.execute { _ = try? writer.writeNow(Text("\(number) \(EventLoop.current != nil)")) }
            }
            writer.execute { writer.finish() }
            var received: [String] = []
            for try await response in responses { received.append(response.value) }
            #expect(received == ["0 true", "1 true", "2 true"])
        }
    }

    @Test("a detached call keeps none of its request's metadata once the handler has returned") func detachedForgets()
        async throws
    {
        try await Loopback.run { loopback in
            var options = CallOptions()
            options.metadata.append("authorization", "Bearer secret")
            let responses: ResponseStream<Text> = loopback.channel.serverStreaming(
                Method.detached, Text(), options: options)
            _ = try await responses.initialMetadata
            await loopback.service.started.wait()
            let context = try #require(loopback.service.detachedContext.withLock { $0 })
            // The handler's return is counted after what it lets go of.
            while await loopback.server.metrics().runningHandlers > 0 { await Task.yield() }
            #expect(context.metadata.isEmpty)
            loopback.service.detachedWriter.withLock { $0 }?.finish()
        }
    }

    @Test("a message as long as the limit passes, both ways") func largeMessages() async throws {
        let size = 3 << 20
        try await Loopback.run { loopback in
            let text = String(repeating: "x", count: size)
            let answer7 = try await loopback.echo(text)
            #expect(answer7 == text)
        }
    }
}
