@testable import HTTP1Engine

/// A client whose bytes arrive in pieces of the test's choice, and a handler that does what the test says.
struct ScriptedClient {
    var session: HTTP1Session
    /// Seconds since the connection began.
    private(set) var seconds: UInt64 = 0
    private(set) var events: [HTTP1Event] = []
    /// The handler takes content as it comes.
    var consumes = true
    /// The handler answers each complete request with its path.
    var answers = false
    private var path = ""

    static let date: Int64 = 784_111_777

    init(_ limits: HTTP1Limits = HTTP1Limits()) {
        session = HTTP1Session(limits: limits, now: Self.time(0))
    }

    static func time(_ seconds: UInt64) -> HTTP1Time {
        HTTP1Time(monotonicNanoseconds: 1_000_000_000_000 + seconds * 1_000_000_000, unixSeconds: date)
    }

    var now: HTTP1Time { Self.time(seconds) }

    /// Seconds from the connection's beginning to the next deadline.
    var deadline: UInt64? { session.nextDeadline.map { ($0 - Self.time(0).monotonicNanoseconds) / 1_000_000_000 } }

    mutating func wait(_ more: UInt64) {
        seconds += more
        session.expire(now: now)
        take()
    }

    /// - Parameter size: bytes of a piece.
    /// - Returns: how many bytes the session did not want.
    @discardableResult
    mutating func send(_ bytes: [UInt8], pieces size: Int = .max) -> Int {
        var offset = 0
        while offset < bytes.count {
            let count = min(size, bytes.count - offset, session.readableByteCount)
            if count == 0 { break }
            session.receive(bytes[offset..<offset + count].span, now: now)
            offset += count
            take()
        }
        return bytes.count - offset
    }

    @discardableResult
    mutating func send(_ text: String, pieces size: Int = .max) -> Int { send(Array(text.utf8), pieces: size) }

    mutating func end() {
        session.receiveEnd(now: now)
        take()
    }

    /// Takes the session's events, the parts of a body put together.
    mutating func take() {
        while let event = session.nextEvent() {
            switch event {
            case .head(let head): path = head.path
            case .body(let part):
                if consumes { session.consume(part.count, now: now) }
                if case .body(let before) = events.last {
                    events[events.count - 1] = .body(before + part)
                    continue
                }
            case .end, .failed: break
            }
            events.append(event)
            if case .end = event, answers { try? session.respond(.init(status: 200), body: Array(path.utf8).span, now: now) }
        }
    }

    mutating func respond(_ head: HTTP1ResponseHead = .init(status: 200), _ body: String = "") throws {
        try session.respond(head, body: Array(body.utf8).span, now: now)
        take()
    }

    mutating func write(_ text: String) throws { try session.write(Array(text.utf8).span) }

    mutating func output() -> String { String(decoding: session.takeOutput(), as: UTF8.self) }

    var heads: [HTTP1RequestHead] { events.compactMap { if case .head(let head) = $0 { head } else { nil } } }

    /// All content so far.
    var content: String {
        let parts = events.map { event -> [UInt8] in if case .body(let part) = event { part } else { [] } }
        return String(decoding: parts.joined(), as: UTF8.self)
    }

    var violation: HTTP1Violation? { if case .failed(let violation) = events.last { violation } else { nil } }

    var hasEnded: Bool { events.last == .end }
}

/// Requests of the tests.
enum Sample {
    static let get = "GET / HTTP/1.1\r\nHost: clinic.example\r\n\r\n"

    static func post(_ fields: String..., body: String = "") -> String {
        "POST /x HTTP/1.1\r\nHost: clinic.example\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }

    static func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked", body: body) }
}
