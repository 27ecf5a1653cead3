internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2
internal import RPCProtocols

/// A request that is not gRPC, by its response: browsers, load balancers and HTTP/2 checkers send such requests.
///
/// The response waits for the end of the request. An earlier response would close the stream while frames of the
/// request are still arriving, with unpredictable results.
enum PlainRequest: Sendable {
    /// GET, HEAD or OPTIONS of `/` (or `*`): 200 while the server is ready, otherwise 503.
    case root(isHead: Bool)
    /// The same methods with any other path: 404.
    case elsewhere
    /// 405.
    case otherMethod
    /// POST of something that is not gRPC: 415.
    case otherContent
    /// More or longer header fields than the server accepts: 431.
    case tooManyFields
    /// Of a method's path or a protocol's content type, but not a call: as the call's ``TranslatedCall`` has it. The
    /// refusal is not here, because every gRPC call has room for this value.
    case refused

    /// Bytes of a body to wait for; a larger one is answered before its end.
    static let bodyBytesMax = 64 << 10

    /// - Returns: `nil` for a request that is gRPC.
    init?(_ headers: HeaderBlock) {
        let isPost = headers.value(of: .method, is: "POST")
        if isPost, let contentType = headers.value(of: .contentType),
            GRPCContentType.isGRPC(contentType.assumingMemoryBound(to: UInt8.self).span)
        {
            return nil
        }
        if headers.exceedsLimit {
            self = .tooManyFields
        } else if isPost {
            self = .otherContent
        } else if headers.asksForPage {
            self = headers.isOfRoot ? .root(isHead: headers.value(of: .method, is: "HEAD")) : .elsewhere
        } else {
            self = .otherMethod
        }
    }
}

extension HeaderBlock {
    fileprivate var asksForPage: Bool {
        value(of: .method, is: "GET") || value(of: .method, is: "HEAD") || value(of: .method, is: "OPTIONS")
    }

    /// With or without a query.
    fileprivate var isOfRoot: Bool {
        guard let path = value(of: .path) else { return false }
        return value(of: .path, is: "*") || path.prefix { $0 != UInt8(ascii: "?") }.elementsEqual("/".utf8)
    }
}

extension ServerCall {
    /// The request has ended, or the server no longer waits for it.
    func answerPlainly(_ request: PlainRequest) {
        switch request {
        case .root(let isHead):
            let isReady = dispatcher.isReady
            let page: StaticString =
                isReady ? "This is a gRPC server.\n" : "This gRPC server is not ready for calls.\n"
            answerPlainly(status: isReady ? "200" : "503", page: isHead ? nil : page)
        case .elsewhere: answerPlainly(status: "404")
        case .otherMethod: answerPlainly(status: "405", field: ("allow", "GET, HEAD, OPTIONS, POST"))
        case .otherContent: answerPlainly(status: "415")
        case .tooManyFields: answerPlainly(status: "431")
        case .refused: refuse()
        }
    }

    private func refuse() {
        guard let refusal = translated?.refusal, state.finish() == .trailersOnly else { return }
        calls.scratch.add(refusal.head)
        sendTrailersOnly(calls.scratch)
        calls.scratch.removeAll()
        if state.needsResetAfterTrailers { stopPeerAfterEnd() }
    }

    private func answerPlainly(
        status: StaticString, field: (name: StaticString, value: StaticString)? = nil,
        page: StaticString? = nil
    ) {
        guard state.finish() == .trailersOnly else { return }
        calls.scratch.add(":status", status)
        if let field { calls.scratch.add(field.name, field.value) }
        if let page {
            calls.scratch.add("content-type", "text/plain; charset=utf-8")
            sendHeaders(calls.scratch)
            write(UnsafeRawBufferPointer(start: page.utf8Start, count: page.utf8CodeUnitCount))
            finish()
        } else {
            sendTrailersOnly(calls.scratch)
        }
        calls.scratch.removeAll()
        // The server did not wait for its end.
        if state.needsResetAfterTrailers { stopPeerAfterEnd() }
    }
}
