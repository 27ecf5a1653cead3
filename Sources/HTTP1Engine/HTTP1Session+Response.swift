/// Responses: each request is answered once, in one piece or in parts.
///
/// After the end of the session these do nothing: the client is gone, and the handler was told or will be.
extension HTTP1Session {
    /// Answers the open request with a whole response.
    ///
    /// - Parameter body: dropped for HEAD, for which its length is announced.
    /// - Throws: see ``HTTP1ResponseError``; the request is then still to be answered.
    public mutating func respond(
        _ head: HTTP1ResponseHead, body: borrowing Span<UInt8>, now: HTTP1Time
    ) throws(HTTP1ResponseError) {
        try beginResponse(head, .length(body.count), now: now)
        try write(body)
        try endResponse(now: now)
    }

    /// Sends the head of a response.
    ///
    /// - Throws: see ``HTTP1ResponseError``; the request is then still to be answered.
    public mutating func beginResponse(
        _ head: HTTP1ResponseHead, _ framing: HTTP1Framing, now: HTTP1Time
    ) throws(HTTP1ResponseError) {
        switch outbound {
        case .closed: return
        case .idle, .open: preconditionFailure("a request is answered once, and not before it is there")
        case .awaited(let request):
            let writer = try HTTP1ResponseWriter(
                head, framing, to: request, keepsConnection: isRequestReceived, unixSeconds: now.unixSeconds)
            append(writer.head)
            outbound = .open(writer)
        }
    }

    /// Sends part of the content: one chunk, where there are chunks. An empty part is not sent.
    ///
    /// - Throws: ``HTTP1ResponseError/wrongLength`` for more than was announced.
    public mutating func write(_ bytes: borrowing Span<UInt8>) throws(HTTP1ResponseError) {
        guard var writer = openWriter() else { return }
        do throws(HTTP1ResponseError) {
            let frame = try writer.frame(bytes.count)
            outbound = .open(writer)
            guard let frame else { return }
            append(frame.before.utf8)
            append(bytes)
            append(frame.after.utf8)
        } catch {
            abort()
            throw error
        }
    }

    /// Ends the response. If the client has sent the whole request and allows it, the next one is evaluated: take the
    /// events.
    ///
    /// - Throws: ``HTTP1ResponseError/wrongLength`` when less was written than announced.
    public mutating func endResponse(now: HTTP1Time) throws(HTTP1ResponseError) {
        guard let writer = openWriter() else { return }
        do throws(HTTP1ResponseError) {
            append(try writer.end().utf8)
        } catch {
            abort()
            throw error
        }
        finish(keepsConnection: writer.keepsConnection, now: now)
    }

    private func openWriter() -> HTTP1ResponseWriter? {
        switch outbound {
        case .closed: return nil
        case .open(let writer): return writer
        case .idle, .awaited: preconditionFailure("a response is written between its beginning and its end")
        }
    }
}
