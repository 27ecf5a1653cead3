import InteropMessages
import ProtobufWire
import RPCClient
import RPCModel

/// What the cases share: a channel, calls with everything the suite looks at, and expectations.
struct InteropCalls: Sendable {
    let target: String
    let configuration: ChannelConfiguration
    let channel: RPCChannel

    init(target: String, configuration: ChannelConfiguration) throws(ChannelError) {
        self.target = target
        self.configuration = configuration
        channel = try RPCChannel(target: target, configuration: configuration)
    }

    struct Mismatch: Error, CustomStringConvertible {
        let description: String
    }

    /// A response, and how it came.
    struct Answer<Response: Message> {
        let message: Response
        let wasCompressed: Bool
        let initialMetadata: Metadata
        let trailingMetadata: Metadata
    }

    func expect(_ isRight: Bool, _ what: @autoclosure () -> String) throws {
        if !isRight { throw Mismatch(description: what()) }
    }

    /// - Returns: the error that `call` ends with.
    func failure(_ code: RPCError.Code, of call: () async throws -> Void) async throws -> RPCError {
        do {
            try await call()
        } catch let error as RPCError {
            try expect(error.code == code, "\(error), expected \(code)")
            return error
        }
        throw Mismatch(description: "the call succeeded, expected \(code)")
    }

    /// One request, one response.
    func unary<Request: Message, Response: Message>(
        _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions(),
        as type: Response.Type = Response.self
    ) async throws -> Answer<Response> {
        let stream = channel.startCall(method, options: options)
        _ = try stream.write(request)
        stream.finishWriting()
        let message: Response = try await stream.onlyMessage()
        return Answer(
            message: message, wasCompressed: stream.lastMessageWasCompressed,
            initialMetadata: try await stream.waitForInitialMetadata(),
            trailingMetadata: stream.receivedTrailingMetadata)
    }

    /// The suite's usual request: 271,828 bytes there, 314,159 back.
    static let largeRequest: SimpleRequest = .with { request in
        request.responseSize = Int32(largeResponseSize)
        request.payload = .zeros(271_828)
    }
    static let largeResponseSize = 314_159

    func expect(_ payload: [UInt8]?, size: Int) throws {
        guard let payload else { throw Mismatch(description: "a response without payload") }
        try expect(payload.count == size, "\(payload.count) bytes, expected \(size)")
        try expect(payload.allSatisfy { $0 == 0 }, "the payload is not zeros")
    }

    func makeDuplexCall(options: CallOptions = CallOptions()) -> BidirectionalCall<
        StreamingOutputCallRequest, StreamingOutputCallResponse
    > {
        channel.bidirectional(Methods.fullDuplexCall, options: options)
    }
}
