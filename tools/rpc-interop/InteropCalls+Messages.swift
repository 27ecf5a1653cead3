import InteropMessages
import ProtobufWire
import RPCModel

// The four kinds of call.
extension InteropCalls {
    private static let requestSizes = [27182, 8, 1828, 45904]
    private static let responseSizes = [31415, 9, 2653, 58979]

    func emptyUnary() async throws {
        let answer = try await unary(Methods.emptyCall, Empty(), as: Empty.self)
        try expect(answer.message == Empty(), "the response is not empty")
    }

    func largeUnary() async throws {
        let answer = try await unary(Methods.unaryCall, Self.largeRequest, as: SimpleResponse.self)
        try expect(answer.message.payload?.body, size: Self.largeResponseSize)
    }

    func clientStreaming() async throws {
        let call = streamingInput()
        for size in Self.requestSizes { try await call.write(.with { $0.payload = .zeros(size) }) }
        let sum = try await call.finish().aggregatedPayloadSize
        try expect(sum == 74922, "\(sum) bytes arrived")
    }

    func serverStreaming() async throws {
        let responses = streamingOutput(Self.responseSizes.map { .init(size: $0) })
        var sizes = Self.responseSizes[...]
        for try await response in responses {
            guard let size = sizes.popFirst() else { throw Mismatch(description: "too many responses") }
            try expect(response.payload?.body, size: size)
        }
        try expect(sizes.isEmpty, "\(sizes.count) responses are missing")
    }

    func pingPong() async throws {
        let call = makeDuplexCall()
        var responses = call.responses.makeAsyncIterator()
        for (requestSize, responseSize) in zip(Self.requestSizes, Self.responseSizes) {
            try await call.write(.exchange(size: responseSize, payload: requestSize))
            try expect(try await responses.next()?.payload?.body, size: responseSize)
        }
        call.finishWriting()
        let end = try await responses.next()
        try expect(end == nil, "unexpected extra response")
    }

    func emptyStream() async throws {
        let call = makeDuplexCall()
        call.finishWriting()
        for try await _ in call.responses { throw Mismatch(description: "unexpected response without a request") }
    }

    func halfDuplex() async throws {
        let call: BidirectionalCall<StreamingOutputCallRequest, StreamingOutputCallResponse> =
            channel.bidirectional(
                Methods.halfDuplexCall, options: CallOptions())
        for size in Self.responseSizes { try await call.write(.exchange(size: size, payload: 0)) }
        call.finishWriting()
        var sizes = Self.responseSizes[...]
        for try await response in call.responses {
            guard let size = sizes.popFirst() else { throw Mismatch(description: "too many responses") }
            try expect(response.payload?.body, size: size)
        }
        try expect(sizes.isEmpty, "\(sizes.count) responses are missing")
    }

    func concurrentLargeUnary(count: Int) async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<count { group.addTask { try await largeUnary() } }
            try await group.waitForAll()
        }
    }

    func streamingInput(options: CallOptions = CallOptions()) -> ClientStreamingCall<
        StreamingInputCallRequest, StreamingInputCallResponse
    > {
        channel.clientStreaming(Methods.streamingInputCall, options: options)
    }

    func streamingOutput(_ parameters: [Grpc_Testing_ResponseParameters]) -> ResponseStream<
        StreamingOutputCallResponse
    > {
        channel.serverStreaming(
            Methods.streamingOutputCall,
            StreamingOutputCallRequest.with { $0.responseParameters = parameters },
            options: CallOptions())
    }
}
