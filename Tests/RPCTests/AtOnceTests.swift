import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Testing

/// A service whose handlers are plain functions.
private struct PlainService: RPCService {
    static let double = MethodDescriptor(service: "test.Plain", name: "Double")
    static let told = MethodDescriptor(service: "test.Plain", name: "Told")

    var routes: [ServerRoute] {
        [
            .unary(
                Self.double,
                atOnce: { (request: Number, _) throws(RPCError) -> Number in
                    guard request.value >= 0 else {
                        throw RPCError(.outOfRange, "only numbers from 0", trailers: ["why": "negative"])
                    }
                    return Number(Int(request.value) * 2)
                }),
            .unary(
                Self.told,
                atOnce: { (request: Text, context) throws(RPCError) -> Text in
                    context.initialMetadata.append("first", request.value)
                    context.trailingMetadata.append("last", request.value)
                    return Text(context.metadata["asked"] ?? "nothing")
                }),
        ]
    }
}

/// Lets in who says the word.
private struct Refusing: ServerInterceptor {
    func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission {
        if context.metadata["let"] != "in" { throw RPCError(.permissionDenied, "not let in") }
        return .admitted
    }
}

@Suite("Handlers that answer at once", .timeLimit(.minutes(1))) struct AtOnceTests {
    @Test("each call gets its own answer") func answers() async throws {
        try await Loopback.run(services: [PlainService()]) { loopback in
            let channel = loopback.channel
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for value in 0..<300 {
                    group.addTask {
                        let answer: Number = try await channel.unary(
                            PlainService.double, Number(value), options: CallOptions(timeout: .seconds(20)))
                        return answer.value == Int64(2 * value)
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("an error is the call's status, with its trailers") func errors() async throws {
        try await Loopback.run(services: [PlainService()]) { loopback in
            let channel = loopback.channel
            do {
                let _: Number = try await channel.unary(PlainService.double, Number(-1), options: CallOptions())
                Issue.record("it should have been refused")
            } catch let error as RPCError {
                #expect(error.code == .outOfRange)
                #expect(error.message == "only numbers from 0")
                #expect(error.trailers["why"] == "negative")
            }
        }
    }

    @Test("a handler's metadata goes with the answer") func metadata() async throws {
        try await Loopback.run(services: [PlainService()]) { loopback in
            let channel = loopback.channel
            var options = CallOptions()
            options.metadata = ["asked": "this"]
            let call: ResponseStream<Text> = channel.serverStreaming(PlainService.told, Text("x"), options: options)
            var answers: [String] = []
            for try await answer in call { answers.append(answer.value) }
            #expect(answers == ["this"])
            #expect(try await call.initialMetadata["first"] == "x")
            #expect(call.trailingMetadata["last"] == "x")
        }
    }

    @Test("an interceptor comes first") func intercepted() async throws {
        try await Loopback.run(services: [PlainService()], interceptors: [Refusing()]) { loopback in
            let channel = loopback.channel
            var options = CallOptions()
            do {
                let _: Number = try await channel.unary(PlainService.double, Number(4), options: options)
                Issue.record("it should have been refused")
            } catch let error as RPCError {
                #expect(error.code == .permissionDenied)
            }
            options.metadata = ["let": "in"]
            let answer: Number = try await channel.unary(PlainService.double, Number(4), options: options)
            #expect(answer.value == 8)
        }
    }
}
