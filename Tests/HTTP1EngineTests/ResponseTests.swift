import Testing

@testable import HTTP1Engine

@Suite("A response") struct ResponseTests {
    private static let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

    private func asked(_ text: String = Sample.get) -> ScriptedClient {
        var client = ScriptedClient()
        client.send(text)
        return client
    }

    @Test func `in one piece has its length, its fields and its date`() throws {
        var client = asked()
        try client.respond(.init(status: 200, fields: [.init("Content-Type", "text/plain"), .init("X", "\u{9}ä")]), "hello")
        #expect(
            client.output()
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: \tä\r\n\(Self.date)Content-Length: 5\r\n\r\nhello")
        #expect(!client.session.closesAfterOutput && client.session.readableByteCount > 0)
    }

    @Test func `in parts is one chunk for each, and an empty part is none`() throws {
        var client = asked()
        try client.session.beginResponse(.init(status: 200), .chunked, now: client.now)
        #expect(client.output() == "HTTP/1.1 200 OK\r\n\(Self.date)Transfer-Encoding: chunked\r\n\r\n")
        try client.write("hello, you out there")
        #expect(client.output() == "14\r\nhello, you out there\r\n")
        try client.write("")
        #expect(client.output() == "")
        try client.session.endResponse(now: client.now)
        #expect(client.output() == "0\r\n\r\n" && !client.session.closesAfterOutput)
    }

    @Test func `in parts of a known length is not chunked`() throws {
        var client = asked()
        try client.session.beginResponse(.init(status: 200), .length(4), now: client.now)
        try client.write("ab")
        try client.write("cd")
        try client.session.endResponse(now: client.now)
        #expect(client.output().hasSuffix("Content-Length: 4\r\n\r\nabcd") && !client.session.closesAfterOutput)
    }

    @Test func `to HEAD has the fields of the one to GET, and no content`() throws {
        let head = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
        var client = asked(head)
        try client.respond(.init(status: 200), "hello")
        #expect(client.output() == "HTTP/1.1 200 OK\r\n\(Self.date)Content-Length: 5\r\n\r\n")
        client = asked(head)
        try client.session.beginResponse(.init(status: 200), .chunked, now: client.now)
        try client.write("hello")
        try client.session.endResponse(now: client.now)
        #expect(client.output() == "HTTP/1.1 200 OK\r\n\(Self.date)Transfer-Encoding: chunked\r\n\r\n")
        #expect(!client.session.closesAfterOutput)
        client.send(Sample.get)
        #expect(client.heads.count == 2)
    }

    @Test(arguments: [204, 304])
    func `of a status without content has none, and no length`(status: Int) throws {
        var client = asked()
        try client.respond(.init(status: status))
        #expect(client.output() == "HTTP/1.1 \(status) \(HTTP1ReasonPhrase.of(status))\r\n\(Self.date)\r\n")
        client = asked()
        #expect(throws: HTTP1ResponseError.contentForbidden(status: status)) {
            try client.respond(.init(status: status), "x")
        }
        #expect(throws: HTTP1ResponseError.contentForbidden(status: status)) {
            try client.session.beginResponse(.init(status: status), .chunked, now: client.now)
        }
        try client.respond()
        #expect(client.output().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func `to HTTP 1.0 ends with the connection`() throws {
        var client = asked("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        try client.session.beginResponse(.init(status: 200), .chunked, now: client.now)
        try client.write("one")
        try client.write("two")
        try client.session.endResponse(now: client.now)
        #expect(client.output() == "HTTP/1.1 200 OK\r\n\(Self.date)Connection: close\r\n\r\nonetwo")
        #expect(client.session.closesAfterOutput)
        client = asked("GET / HTTP/1.0\r\n\r\n" + Sample.get)
        try client.respond(.init(status: 200), "x")
        #expect(client.output().hasSuffix("Content-Length: 1\r\nConnection: close\r\n\r\nx") && client.heads.count == 1)
    }

    @Test(arguments: ["close", "Close", "keep-alive, close", "x,close,y"])
    func `ends the connection when the client says so`(value: String) throws {
        var client = asked("GET / HTTP/1.1\r\nHost: x\r\nConnection: \(value)\r\n\r\n" + Sample.get)
        try client.respond()
        #expect(client.output().contains("\r\nConnection: close\r\n"))
        #expect(client.session.closesAfterOutput && client.heads.count == 1)
    }

    @Test func `ends the connection when the handler says so`() throws {
        var client = asked(Sample.get + Sample.get)
        try client.respond(.init(status: 200, closesConnection: true))
        #expect(client.output().contains("\r\nConnection: close\r\n"))
        #expect(client.session.closesAfterOutput && client.heads.count == 1)
    }

    @Test(arguments: [
        ("X", "a\r\nSet-Cookie: b", HTTP1ResponseError.invalidFieldValue(name: "X")),
        ("X", "a\nb", .invalidFieldValue(name: "X")), ("X", "a\rb", .invalidFieldValue(name: "X")),
        ("X", "a\0b", .invalidFieldValue(name: "X")), ("X", "\u{7F}", .invalidFieldValue(name: "X")),
        ("", "a", .invalidFieldName), ("X Y", "a", .invalidFieldName), ("X:", "a", .invalidFieldName),
        ("X\r\nY", "a", .invalidFieldName), ("Ä", "a", .invalidFieldName),
        ("content-length", "5", .reservedField(name: "content-length")), ("Date", "x", .reservedField(name: "Date")),
        ("Transfer-Encoding", "chunked", .reservedField(name: "Transfer-Encoding")),
        ("CONNECTION", "close", .reservedField(name: "CONNECTION")),
    ])
    func `with a field that would divide it is refused as a whole`(
        name: String, value: String, error: HTTP1ResponseError
    ) throws {
        var client = asked()
        #expect(throws: error) { try client.respond(.init(status: 200, fields: [.init(name, value)]), "x") }
        #expect(client.output() == "" && !client.session.closesAfterOutput)
        try client.respond(.init(status: 500))
        #expect(client.output().hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
    }

    @Test(arguments: [-1, 0, 100, 101, 199, 600, 1000])
    func `has a final status`(status: Int) {
        var client = asked()
        #expect(throws: HTTP1ResponseError.invalidStatus(status)) { try client.respond(.init(status: status)) }
    }

    @Test func `of another length than announced ends the connection`() throws {
        for parts in [["abcde"], ["ab", "cde"], ["abc"], []] {
            var client = asked()
            #expect(throws: HTTP1ResponseError.wrongLength) {
                try client.session.beginResponse(.init(status: 200), .length(4), now: client.now)
                for part in parts { try client.write(part) }
                try client.session.endResponse(now: client.now)
            }
            #expect(client.session.closesAfterOutput && !client.output().hasSuffix("abcde"))
        }
        var client = asked()
        #expect(throws: HTTP1ResponseError.wrongLength) {
            try client.session.beginResponse(.init(status: 200), .length(-1), now: client.now)
        }
    }

    @Test func `may come before the request is complete, and ends the connection`() throws {
        var client = asked(Sample.post("Content-Length: 5", body: "he"))
        try client.respond(.init(status: 401))
        #expect(client.output().contains("\r\nConnection: close\r\n") && client.session.closesAfterOutput)
        client.session.consume(2, now: client.now)
    }

    @Test func `that is open when the request turns out malformed is cut off`() throws {
        var client = asked(Sample.chunked("5\r\nhello\r\n"))
        try client.session.beginResponse(.init(status: 200), .chunked, now: client.now)
        try client.write("hello")
        _ = client.output()
        client.send("x")
        #expect(client.violation == .malformedChunk && client.session.closesAfterOutput)
        #expect(client.output() == "", "neither a last chunk nor a second response")
        try client.write("more")
        try client.session.endResponse(now: client.now)
        #expect(client.output() == "")
    }

    @Test func `is not sent to a client that is gone`() throws {
        var client = asked(Sample.post("Content-Length: 5"))
        client.end()
        #expect(client.violation == .requestCutOff)
        try client.respond(.init(status: 200), "x")
        #expect(client.output() == "" && client.session.closesAfterOutput)
    }

    @Test func `that the handler gives up is cut off`() throws {
        var client = asked()
        try client.session.beginResponse(.init(status: 200), .chunked, now: client.now)
        try client.write("x")
        client.session.abort()
        #expect(client.session.closesAfterOutput && client.output().hasSuffix("1\r\nx\r\n"))
        try client.session.endResponse(now: client.now)
        #expect(client.output() == "" && client.session.nextEvent() == nil && client.deadline == nil)
    }

    @Test func `of the engine's own has the status of the violation`() {
        for violation in HTTP1Violation.allCases {
            guard let status = violation.status else { continue }
            #expect(!HTTP1ReasonPhrase.of(status).isEmpty && (400...599).contains(status))
            let answer = String(decoding: HTTP1ResponseWriter.refusal(status, unixSeconds: ScriptedClient.date), as: UTF8.self)
            let phrase = HTTP1ReasonPhrase.of(status)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) \(phrase)\r\nContent-Type: text/plain; charset=utf-8\r\n"))
            #expect(answer.hasSuffix("Content-Length: \(phrase.utf8.count + 1)\r\nConnection: close\r\n\r\n\(phrase)\n"))
        }
        #expect(Set(HTTP1Violation.allCases.map(\.label)).count == HTTP1Violation.allCases.count)
    }
}
