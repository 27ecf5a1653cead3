internal import HTTP1Engine

/// A client that sends anything at all to an HTTP/1.1 session, on a network that divides it at will.
enum RequestFuzz {
    /// Small, so that an input can exceed each.
    private static let limits: HTTP1Limits = {
        var limits = HTTP1Limits()
        limits.requestLineBytesMax = 200
        limits.fieldsBytesMax = 400
        limits.fieldsMax = 12
        limits.bodyBytesMax = 1000
        limits.bodyWindowBytes = 100
        limits.chunkExtensionBytesMax = 20
        limits.chunkOverheadBytesMax = 100
        return limits
    }()

    /// The first byte is the size of the pieces. What the session says does not depend on it, nor on when a handler
    /// takes the content.
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let size = input.first, size > 0 else { return }
        let bytes = [UInt8](input.dropFirst())
        let divided = Conversation(bytes, pieces: Int(size), isLazy: true)
        let whole = Conversation(bytes, pieces: .max, isLazy: false)
        precondition(divided.events == whole.events, "the pieces change the events")
        precondition(divided.output == whole.output, "the pieces change the output")
    }

    /// Everything that one connection says and is told.
    private struct Conversation {
        private(set) var events: [HTTP1Event] = []
        private(set) var output: [UInt8] = []
        private var session: HTTP1Session
        private var unconsumed = 0
        private var head: HTTP1RequestHead?
        private var content: [UInt8] = []
        private static let now = HTTP1Time(monotonicNanoseconds: 1, unixSeconds: 0)

        init(_ bytes: [UInt8], pieces size: Int, isLazy: Bool) {
            session = HTTP1Session(limits: limits, now: Self.now)
            var offset = 0
            while offset < bytes.count {
                let room = session.readableByteCount
                precondition(room <= 8 << 10, "more is read than a session may hold")
                if room == 0 {
                    if unconsumed == 0 { break }
                    consume()
                    continue
                }
                let count = min(size, room, bytes.count - offset)
                session.receive(bytes[offset..<offset + count].span, now: Self.now)
                offset += count
                take()
                if !isLazy { consume() }
                precondition(
                    session.nextDeadline != nil || session.closesAfterOutput || session.readableByteCount == 0,
                    "a client may wait for ever")
            }
            consume()
            session.receiveEnd(now: Self.now)
            take()
            output += session.takeOutput()
        }

        private mutating func consume() {
            session.consume(unconsumed, now: Self.now)
            unconsumed = 0
        }

        private mutating func take() {
            while let event = session.nextEvent() {
                if case .failed = events.last { preconditionFailure("an event after the last one") }
                switch event {
                case .head(let begun):
                    precondition(head == nil, "a request begins within another")
                    (head, content) = (begun, [])
                    if begun.path.hasPrefix("/early") { answer() } else { accept() }
                case .body(let part):
                    precondition(!part.isEmpty && head != nil)
                    unconsumed += part.count
                    content += part
                    precondition(content.count <= limits.bodyBytesMax, "a body above its limit")
                    if case .body(let before) = events.last {
                        events[events.count - 1] = .body(before + part)
                        continue
                    }
                case .end:
                    precondition(head != nil, "the end of no request")
                    events.append(event)
                    answer()
                    continue
                case .failed: break
                }
                events.append(event)
            }
        }

        /// Whether a client is asked for its content depends on whether some is there.
        private mutating func accept() {
            session.acceptBody(now: Self.now)
            let interim = session.takeOutput()
            precondition(interim.isEmpty || interim == Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }

        /// What a client sent is never refused as a part of a response.
        private mutating func answer() {
            guard let request = head else { return }
            head = nil
            let fields = request.fields.all.map { HTTP1ResponseHead.Field("X-\($0.name)", $0.value) }
            do throws(HTTP1ResponseError) {
                try respond(.init(status: 200, fields: fields), content)
            } catch {
                preconditionFailure("\(error)")
            }
            output += session.takeOutput()
        }

        private mutating func respond(
            _ head: HTTP1ResponseHead, _ body: [UInt8]
        ) throws(HTTP1ResponseError) {
            if body.count % 2 == 0 { return try session.respond(head, body: body.span, now: Self.now) }
            try session.beginResponse(head, .chunked, now: Self.now)
            try session.write(body.span)
            try session.endResponse(now: Self.now)
        }
    }
}
