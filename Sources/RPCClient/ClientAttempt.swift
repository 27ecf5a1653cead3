internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2
internal import Transport

/// One HTTP/2 stream on which a call is attempted: reads the response and determines its status.
///
/// - Isolation: the channel's loop.
final class ClientAttempt: HTTP2Stream, @unchecked Sendable {
    // Sendable: created and used on the loop alone; `ClientCall` holds it only there.

    private let call: ClientCall
    private let connection: ClientConnection
    /// Response headers have arrived, so trailers may follow.
    private var hasHeaders = false
    private var isOver = false
    private var hasFinished = false

    init(call: ClientCall, connection: ClientConnection) {
        self.call = call
        self.connection = connection
        super.init()
    }

    func finishOnce() {
        guard !hasFinished else { return }
        hasFinished = true
        finish()
    }

    /// The call continues without this attempt.
    func cancel() {
        guard !isOver else { return }
        isOver = true
        reset(.cancel)
    }

    override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
        guard !isOver else { return }
        let metadata = Metadata(headers)
        guard !headers.exceedsLimit else {
            return fail(RPCError(.resourceExhausted, "the response headers exceed the limit"))
        }
        if endStream {
            return end(status(ofOnly: headers, metadata: metadata), trailers: metadata)
        }
        if let refusal = refusal(of: headers, metadata: metadata) { return fail(refusal) }
        if let encoding = headers.value(of: .grpcEncoding), !encoding.elementsEqual("identity".utf8) {
            guard encoding.elementsEqual("gzip".utf8) else {
                return fail(
                    RPCError(.internal, "the response has a grpc-encoding that the client did not offer"))
            }
            call.stream.setInboundCompression(.gzip)
        }
        hasHeaders = true
        call.attemptWasAnswered(self, metadata)
    }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        guard !isOver else { return consume(bytes.count) }
        do throws(FramingError) {
            let credit = try call.stream.receive(bytes)
            if credit > 0 { consume(credit) }
        } catch {
            consume(bytes.count)
            switch error {
            case .messageTooLarge(let announced, let limit):
                fail(
                    RPCError(
                        .resourceExhausted, "a response of \(announced) bytes exceeds the limit of \(limit) bytes")
                )
            case .invalidFlag(let flag):
                fail(RPCError(.internal, "a message has the invalid compression flag \(flag); it must be 0 or 1"))
            }
        }
    }

    override func receiveTrailers(_ headers: HeaderBlock) {
        let metadata = Metadata(headers)
        var status = headers.rpcStatus(trailers: metadata)
        if status == nil, call.stream.hasPartialInboundMessage {
            status = RPCError(.internal, "the response ended in the middle of a message")
        }
        end(status, trailers: metadata)
    }

    override func receiveEnd() {
        end(.brokenConnection(.unknown, "the response ended without a status"), trailers: Metadata())
    }

    override func becameWritable() {
        guard !isOver else { return }
        call.attemptBecameWritable()
    }

    override func closed(_ reason: StreamCloseReason) {
        guard !isOver else { return }
        isOver = true
        switch reason {
        case .finished:
            call.attemptEnded(
                self, .brokenConnection(.unknown, "the response ended without a status"), trailers: Metadata())
        case .resetByPeer(.cancel) where call.deadlineHasPassed:
            // The server's clock was faster than our timer; its reset means that the deadline passed.
            call.failDeadline()
        case .resetByPeer(.enhanceYourCalm):
            // The only reset that is addressed to this caller: it asks not to retry at once.
            let error = RPCError(
                .resourceExhausted, "the server refused the call because of load (HTTP/2 error ENHANCE_YOUR_CALM)")
            call.attemptEnded(self, error, trailers: Metadata())
        case .resetByPeer(let code):
            let error = RPCError.brokenConnection(
                RPCError.Code(http2ErrorCode: code.rawValue),
                "the server reset the call (HTTP/2 error \(code.rawValue))")
            call.attemptEnded(self, error, trailers: Metadata(), wasRefused: code == .refusedStream)
        case .resetLocally(.enhanceYourCalm):
            // Our own limit on what a connection may queue.
            let error = RPCError(.resourceExhausted, "the request exceeds what the connection may queue")
            call.attemptEnded(self, error, trailers: Metadata())
        case .resetLocally(let code):
            let error = RPCError.brokenConnection(
                .internal, "the response violated HTTP/2 (error \(code.rawValue))")
            call.attemptEnded(self, error, trailers: Metadata())
        case .refused:
            let error = RPCError.brokenConnection(.unavailable, "the server did not accept the call")
            call.attemptEnded(self, error, trailers: Metadata(), wasRefused: true)
        case .connectionLost:
            let cause = connection.loss.map { ": \($0)" } ?? ""
            let error = RPCError.brokenConnection(
                .unavailable, "the connection to \(connection.address) was lost\(cause)")
            call.attemptEnded(self, error, trailers: Metadata())
        }
    }

    /// The response ended the call.
    private func end(_ status: RPCError?, trailers: Metadata) {
        guard !isOver else { return }
        isOver = true
        // Requests may remain unsent; nobody reads them any longer.
        if !hasFinished { reset(.noError) }
        call.attemptEnded(self, status, trailers: trailers)
    }

    /// The response is unusable: tell the server to stop.
    private func fail(_ error: RPCError) {
        guard !isOver else { return }
        isOver = true
        reset(.cancel)
        call.attemptEnded(self, error, trailers: Metadata())
    }

    /// The status of a response that is one HEADERS frame.
    private func status(ofOnly headers: HeaderBlock, metadata: Metadata) -> RPCError? {
        if headers.value(of: .grpcStatus) == nil, let refusal = refusal(of: headers, metadata: metadata) {
            return refusal
        }
        return headers.rpcStatus(trailers: metadata)
    }

    /// Why the headers are not those of a gRPC response; `nil` if they are.
    /// - Spec: gRPC doc/http-grpc-status-mapping.md.
    private func refusal(of headers: HeaderBlock, metadata: Metadata) -> RPCError? {
        let status = headers.value(of: .status).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        let text: String
        if status != 200 {
            text = "the server responded with HTTP status \(status)"
        } else if let type = headers.value(of: .contentType),
            GRPCContentType.isGRPC(type.assumingMemoryBound(to: UInt8.self).span)
        {
            return nil
        } else {
            text = "the response's content type is not application/grpc"
        }
        let code = RPCError.Code(httpStatus: status)
        return RPCError.Code.isBrokenConnection(httpStatus: status)
            ? .brokenConnection(code, text, trailers: metadata) : RPCError(code, text, trailers: metadata)
    }
}
