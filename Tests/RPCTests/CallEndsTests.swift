import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing

private typealias Method = TestService.Method

@Suite("How calls end early", .timeLimit(.minutes(1))) struct CallEndsTests {
    @Test("a deadline ends the call on the client and cancels the handler") func deadline() async throws {
        try await Loopback.run { loopback in
            var timeout = Duration.milliseconds(500)
            // A machine may be so busy that the deadline passes before the handler starts, which would prove nothing.
            repeat {
                let error = await #expect(throws: RPCError.self) {
                    let _: Text = try await loopback.unary(Method.hang, Text(), options: CallOptions(timeout: timeout))
                }
                #expect(error?.code == .deadlineExceeded)
                timeout *= 2
            } while !loopback.service.started.hasHappened
            await loopback.service.cancelled.wait()
        }
    }

    @Test("a deadline that has passed never reaches the server") func passedDeadline() async throws {
        try await Loopback.run { loopback in
            let error = await #expect(throws: RPCError.self) {
                let _: Text = try await loopback.unary(
                    Method.hold, Text(), options: CallOptions(timeout: .zero))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(loopback.service.startedCount.load(ordering: .relaxed) == 0)
        }
    }

    @Test("cancelling the caller's task cancels the handler") func cancelTask() async throws {
        try await Loopback.run { loopback in
            let call = Task { () -> Text in try await loopback.unary(Method.hang, Text()) }
            await loopback.service.started.wait()
            call.cancel()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            await loopback.service.cancelled.wait()
        }
    }

    @Test("a client that disconnects cancels the handler") func disconnect() async throws {
        try await Loopback.run { loopback in
            let call = Task { () -> Text in try await loopback.unary(Method.hang, Text()) }
            await loopback.service.started.wait()
            await loopback.channel.shutdown()
            await loopback.service.cancelled.wait()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("dropping a response stream cancels the call") func dropStream() async throws {
        try await Loopback.run { loopback in
            do {
                let responses: ResponseStream<Bytes> = loopback.channel.serverStreaming(
                    Method.flood, Text(), options: CallOptions())
                var iterator = responses.makeAsyncIterator()
                _ = try await iterator.next()
            }
            await loopback.service.cancelled.wait()
        }
    }

    @Test("a reader that stops holds the writer: what is under way stays bounded") func backpressure()
        async throws
    {
        try await Loopback.run { loopback in
            let responses: ResponseStream<Bytes> = loopback.channel.serverStreaming(
                Method.flood, Text(), options: CallOptions())
            var iterator = responses.makeAsyncIterator()
            _ = try await iterator.next()
            // Round trips on the same connection: each gives the writer a turn it must not be able to use.
            for _ in 0..<300 { _ = try await loopback.echo() }
            let held: Number = try await loopback.unary(Method.written, Text())
            #expect(held.value * Int64(TestService.floodMessageBytes) < 4 << 20)
            for _ in 0..<200 { _ = try await iterator.next() }
            let later: Number = try await loopback.unary(Method.written, Text())
            #expect(later.value >= 200)
        }
    }

    @Test("a status arrives with message, details and trailers, also without any response")
    func trailersOnly() async throws {
        try await Loopback.run { loopback in
            let error = await #expect(throws: RPCError.self) {
                let _: Text = try await loopback.unary(Method.fail, Number(9))
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message == "so it is: ü %")
            #expect(error?.statusDetails == [1, 2, 255])
            #expect(error?.isFromPeer == true)
            #expect(error?.trailers["from-error"] == "e")
            #expect(error?.trailers["trailing"] == "t")
        }
    }

    @Test("details too long for the peer are left out, the rest of the status arrives", arguments: [8192, 8193, 200_000])
    func longDetails(size: Int) async throws {
        try await Loopback.run { loopback in
            let error = await #expect(throws: RPCError.self) {
                let _: Text = try await loopback.unary(Method.wordy, Number(size))
            }
            #expect(error?.code == .invalidArgument && error?.message == "much is wrong")
            #expect(error?.statusDetails.count == (size <= 8192 ? size : 0))
        }
    }

    @Test("trailers that no frame can carry end the call, and the connection goes on") func endlessTrailers() async throws {
        try await Loopback.run { loopback in
            let error = await #expect(throws: RPCError.self) {
                let _: Text = try await loopback.unary(Method.wordy, Number(-100_000))
            }
            #expect(error?.code == .internal)
            let echoed: Text = try await loopback.unary(Method.echo, Text("on"))
            #expect(echoed.value == "on")
        }
    }

    @Test("unknown methods and services are UNIMPLEMENTED", arguments: ["test.Service", "test.None"])
    func unknown(service: String) async throws {
        try await Loopback.run { loopback in
            let method = MethodDescriptor(service: service, name: "Nothing")
            let error = await #expect(throws: RPCError.self) {
                let _: Text = try await loopback.unary(method, Text())
            }
            #expect(error?.code == .unimplemented)
            #expect(error?.isFromPeer == true)
            let entries = await loopback.server.metrics().entries
            #expect(entries.map(\.method) == ["_OTHER"])
        }
    }

    @Test("metadata goes both ways, binary values included") func metadata() async throws {
        try await Loopback.run { loopback in
            var metadata: Metadata = ["in": "1", "in": "2"]
            metadata.append("in-bin", binary: [0, 1, 254, 255])
            let call = loopback.channel.startCall(Method.metadata, options: CallOptions(metadata: metadata))
            _ = try call.write(Text())
            call.finishWriting()
            let answer1 = try await call.waitForInitialMetadata().binary(named: "echo-bin")
            #expect(answer1 == [0, 1, 254, 255])
            let response: Text = try await call.onlyMessage()
            #expect(response.value == "1|2")
            #expect(call.receivedTrailingMetadata["echo"] == "1")
        }
    }
}
