/// The server's side of one HTTP/1.1 connection (RFC 9112): bytes and the time in, events and bytes out.
///
/// Its owner reads at most ``readableByteCount`` bytes from the socket, hands them to ``receive(_:now:)``, takes events
/// until there is none, answers each request, and sends what ``takeOutput()`` returns. Once ``closesAfterOutput`` is
/// true, it closes.
///
/// Requests are served one at a time: while a request is complete and its response is not, nothing is read, so that a
/// client can make the server hold one request and what came in the same read. A request that is answered before it is
/// complete ends the connection with its response.
///
/// States: a request begins, has content, is complete; a response is awaited, is open. A session that failed, or that
/// has said `Connection: close`, never leaves its end: it takes no more bytes and ignores every further call, because a
/// handler cannot know that its client is gone.
public struct HTTP1Session: Sendable {
    enum Inbound {
        /// Some clients send an empty line after a body; one is skipped (section 2.2).
        case requestLine(hasSkippedLine: Bool)
        case fields(HTTP1RequestLine, HTTP1FieldReader)
        /// Content whose length the head announced: what is missing.
        case content(Int)
        case chunks(HTTP1ChunkReader)
        /// All is received; the event is still to be taken.
        case ending
        case complete
        case closed
    }

    enum Outbound {
        /// No request is open.
        case idle
        case awaited(HTTP1ResponseWriter.Request)
        case open(HTTP1ResponseWriter)
        case closed
    }

    let limits: HTTP1Limits
    private(set) var inbound = Inbound.requestLine(hasSkippedLine: false)
    var outbound = Outbound.idle
    private var input = HTTP1Input()
    private var output: [UInt8] = []
    private var clock: HTTP1Clock
    private var now: HTTP1Time
    /// Content that was handed out and not consumed.
    private var unconsumed = 0
    /// A failure that no received byte caused.
    private var failure: HTTP1Violation?
    /// The client has closed its side; what it asked for before is answered.
    private var hasPeerEnded = false

    /// - Parameter now: when the connection was accepted.
    public init(limits: HTTP1Limits = HTTP1Limits(), now: HTTP1Time) {
        precondition(limits.bodyWindowBytes > 0, "without a window no content can be received")
        self.limits = limits
        self.now = now
        clock = HTTP1Clock(limits: limits, start: now.monotonicNanoseconds)
    }

    // MARK: - Input

    /// How many bytes may be received now: 0 while a response is awaited for a complete request, and while the
    /// handler has not consumed the content that it was given. Bounds what the session holds.
    public var readableByteCount: Int {
        let window: Int
        switch inbound {
        case .requestLine, .fields: window = limits.headWindowBytes
        // Also so much that the trailers have room.
        case .content, .chunks: window = max(limits.headWindowBytes, limits.bodyWindowBytes) - unconsumed
        case .ending, .complete, .closed: window = 0
        }
        return hasPeerEnded ? 0 : max(0, window - input.count)
    }

    /// Adds received bytes. Then take the events.
    ///
    /// - Parameter bytes: at most ``readableByteCount``; ignored after the end of the session.
    public mutating func receive(_ bytes: borrowing Span<UInt8>, now: HTTP1Time) {
        if case .closed = inbound { return }
        precondition(bytes.count <= readableByteCount, "no more is received than the session has room for")
        self.now = now
        input.append(bytes)
    }

    /// The client has closed its side of the connection. A complete request is still answered: some clients close
    /// theirs with it. For a response without a foreseeable end, the owner may rather take it as the client's leaving
    /// and call ``abort()``. Then take the events.
    public mutating func receiveEnd(now: HTTP1Time) {
        if case .closed = inbound { return }
        self.now = now
        hasPeerEnded = true
    }

    /// What the received bytes mean, one event after another. The client's regular end, between requests, is none.
    ///
    /// - Returns: nil when more bytes are needed, or an answer.
    public mutating func nextEvent() -> HTTP1Event? {
        if let failure {
            self.failure = nil
            return fail(failure)
        }
        do throws(HTTP1Violation) {
            return try evaluate()
        } catch {
            return fail(error)
        }
    }

    private mutating func evaluate() throws(HTTP1Violation) -> HTTP1Event? {
        while true {
            switch inbound {
            case .requestLine(let hasSkippedLine):
                if hasPeerEnded, input.isEmpty { return endQuietly() }
                clock.headBegan(input.isEmpty ? nil : now.monotonicNanoseconds)
                guard
                    let line = try input.nextLine(
                        limit: limits.requestLineBytesMax, tooLong: .requestLineTooLong)
                else { return try nothingMore() }
                if line.isEmpty {
                    if hasSkippedLine { throw .emptyLines }
                    inbound = .requestLine(hasSkippedLine: true)
                } else {
                    inbound = .fields(try HTTP1RequestLine(line: line), HTTP1FieldReader(areTrailers: false))
                }
            case .fields(let line, var reader):
                let hasEnded = try reader.read(&input, limits)
                guard hasEnded else {
                    inbound = .fields(line, reader)
                    return try nothingMore()
                }
                return .head(begin(try HTTP1HeadRules.head(line, reader.fields, limits: limits)))
            case .content(let missing):
                let part = input.take(atMost: missing)
                if part.isEmpty { return try nothingMore() }
                inbound = part.count == missing ? .ending : .content(missing - part.count)
                return content(part)
            case .chunks(var reader):
                let progress = try reader.read(&input, limits)
                inbound = .chunks(reader)
                switch progress {
                case .incomplete: return try nothingMore()
                case .content(let part): return content(part)
                case .ended: inbound = .ending
                }
            case .ending:
                inbound = .complete
                clock.bodyEnded()
                return .end
            case .complete, .closed: return nil
            }
        }
    }

    /// - Throws: ``HTTP1Violation/requestCutOff`` when no more bytes will come.
    private mutating func nothingMore() throws(HTTP1Violation) -> HTTP1Event? {
        if hasPeerEnded { throw .requestCutOff }
        paceBody()
        return nil
    }

    /// The client's time for its content stands still while it may not send.
    private mutating func paceBody() {
        if readableByteCount == 0 {
            clock.pause(now.monotonicNanoseconds)
        } else {
            clock.resume(now.monotonicNanoseconds)
        }
    }

    private mutating func begin(_ head: HTTP1RequestHead) -> HTTP1RequestHead {
        clock.headEnded()
        outbound = .awaited(.init(head))
        switch head.body {
        case .none: inbound = .ending
        case .length(let count): inbound = .content(count)
        case .chunked: inbound = .chunks(HTTP1ChunkReader())
        }
        // Until the client was asked for its content, it may wait.
        if head.body != .none, !head.expectsContinue { clock.bodyBegan(now.monotonicNanoseconds) }
        return head
    }

    private mutating func content(_ part: [UInt8]) -> HTTP1Event {
        if case .awaited(var request) = outbound, request.expectsContinue {
            request.expectsContinue = false
            outbound = .awaited(request)
        }
        clock.bodyBegan(now.monotonicNanoseconds)
        clock.received(part.count, now.monotonicNanoseconds)
        unconsumed += part.count
        paceBody()
        return .body(part)
    }

    /// The handler asks for the content: sends `100 Continue` to a client that waits for it, once, and unless content
    /// is already there (RFC 9110 section 10.1.1).
    public mutating func acceptBody(now: HTTP1Time) {
        guard case .awaited(var request) = outbound, request.expectsContinue else { return }
        self.now = now
        request.expectsContinue = false
        outbound = .awaited(request)
        clock.bodyBegan(now.monotonicNanoseconds)
        if input.isEmpty, !isRequestReceived { output += Array("HTTP/1.1 100 Continue\r\n\r\n".utf8) }
    }

    /// The handler has taken so much of the content: as much may be received again.
    ///
    /// - Parameter count: bytes of ``HTTP1Event/body(_:)``, each once. Those of a request that is answered count as
    ///   consumed.
    public mutating func consume(_ count: Int, now: HTTP1Time) {
        if case .closed = inbound { return }
        precondition(count >= 0, "content cannot be given back")
        self.now = now
        unconsumed = max(0, unconsumed - count)
        paceBody()
    }

    // MARK: - Time

    /// When ``expire(now:)`` has something to do; nil while the next step is ours.
    ///
    /// Monotonic nanoseconds.
    public var nextDeadline: UInt64? {
        if case .closed = inbound { return nil }
        return failure == nil ? clock.deadline : nil
    }

    /// Ends the connection if the client has let ``nextDeadline`` pass. Then take the events.
    public mutating func expire(now: HTTP1Time) {
        guard let deadline = nextDeadline, now.monotonicNanoseconds >= deadline else { return }
        self.now = now
        failure = clock.violation
    }

    // MARK: - Output

    public var outputByteCount: Int { output.count }

    /// What is to be sent, in order.
    public mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// Whether the connection is to be closed, once all output is sent. Unread bytes at that moment would make the
    /// kernel discard the response on its way: shut down writing first, then read for a while (RFC 9112 section 9.6).
    public var closesAfterOutput: Bool {
        if case .closed = outbound { true } else { false }
    }

    /// The handler gives up: the response, begun or not, ends here, and the connection with it.
    public mutating func abort() { close() }

    mutating func append(_ bytes: some Sequence<UInt8>) { output += bytes }

    mutating func append(_ bytes: borrowing Span<UInt8>) {
        // SAFETY: the pointer is not used after the closure.
        unsafe bytes.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
    }

    // MARK: - Ends

    /// Whether a response that begins now can be followed by another request.
    var isRequestReceived: Bool {
        switch inbound {
        case .ending, .complete: true
        default: false
        }
    }

    /// The response is complete.
    ///
    /// - Parameter keepsConnection: the client may send its next request.
    mutating func finish(keepsConnection: Bool, now: HTTP1Time) {
        self.now = now
        guard keepsConnection else { return close() }
        inbound = .requestLine(hasSkippedLine: false)
        outbound = .idle
        unconsumed = 0
        input.shrink()
        clock.becameIdle(now.monotonicNanoseconds)
    }

    private mutating func fail(_ violation: HTTP1Violation) -> HTTP1Event {
        let isAnswered =
            switch outbound {
            case .idle, .awaited: false
            case .open, .closed: true
            }
        if let status = violation.status, !isAnswered {
            output += HTTP1ResponseWriter.refusal(status, unixSeconds: now.unixSeconds)
        }
        close()
        return .failed(violation)
    }

    /// The client closed between requests.
    private mutating func endQuietly() -> HTTP1Event? {
        close()
        return nil
    }

    private mutating func close() {
        inbound = .closed
        outbound = .closed
        input.removeAll()
        unconsumed = 0
        failure = nil
    }
}
