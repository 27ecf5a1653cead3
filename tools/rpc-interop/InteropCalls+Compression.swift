import InteropMessages
import ProtobufWire
import RPCClient
import RPCModel

// Message by message, compressed and not, in both directions.
extension InteropCalls {
    private static let compressed = CallOptions(compression: .gzip)

    func clientCompressedUnary() async throws {
        var request = Self.largeRequest
        request.expectCompressed = .init(true)
        let probe = request
        _ = try await failure(.invalidArgument) {
            _ = try await unary(Methods.unaryCall, probe, as: SimpleResponse.self)
        }
        let reply = try await unary(
            Methods.unaryCall, request, options: Self.compressed, as: SimpleResponse.self)
        try expect(reply.message.payload?.body, size: Self.largeResponseSize)
        request.expectCompressed = .init(false)
        let plain = try await unary(Methods.unaryCall, request, as: SimpleResponse.self)
        try expect(plain.message.payload?.body, size: Self.largeResponseSize)
    }

    func serverCompressedUnary() async throws {
        for isCompressed in [true, false] {
            var request = Self.largeRequest
            request.responseCompressed = .init(isCompressed)
            let answer = try await unary(Methods.unaryCall, request, as: SimpleResponse.self)
            try expect(
                answer.wasCompressed == isCompressed,
                "compressed: \(answer.wasCompressed), not \(isCompressed)")
            try expect(answer.message.payload?.body, size: Self.largeResponseSize)
        }
    }

    func clientCompressedStreaming() async throws {
        let probe = streamingInput()
        _ = try await failure(.invalidArgument) {
            try await probe.write(
                .with {
                    $0.payload = .zeros(27182); $0.expectCompressed = .init(true)
                })
            _ = try await probe.finish()
        }
        let call = streamingInput(options: Self.compressed)
        try await call.write(
            .with {
                $0.payload = .zeros(27182); $0.expectCompressed = .init(true)
            })
        try await call.write(
            .with {
                $0.payload = .zeros(45904); $0.expectCompressed = .init(false)
            }, compressed: false)
        let sum = try await call.finish().aggregatedPayloadSize
        try expect(sum == 73086, "\(sum) bytes arrived")
    }

    func serverCompressedStreaming() async throws {
        let wanted = [(size: 31415, isCompressed: true), (size: 92653, isCompressed: false)]
        let stream = channel.startCall(Methods.streamingOutputCall, options: CallOptions())
        _ = try stream.write(
            StreamingOutputCallRequest.with {
                $0.responseParameters = wanted.map { .init(size: $0.size, compressed: $0.isCompressed) }
            })
        stream.finishWriting()
        for (size, isCompressed) in wanted {
            let response: StreamingOutputCallResponse? = try await stream.nextMessage()
            try expect(response?.payload?.body, size: size)
            try expect(
                stream.lastMessageWasCompressed == isCompressed,
                "\(size) bytes: compressed is not \(isCompressed)")
        }
        let end: StreamingOutputCallResponse? = try await stream.nextMessage()
        try expect(end == nil, "unexpected extra response")
    }
}
