import Testing

@testable import HTTP1Engine

/// What never ends is cut off after a bounded number of bytes.
@Suite("What one client can make a connection hold") struct BoundTests {
    /// Sends one part after another.
    ///
    /// - Returns: how many bytes the session took before it failed.
    private func flood(_ client: inout ScriptedClient, _ beginning: String, _ part: String) -> Int {
        client.send(beginning)
        let bytes = Array(part.utf8)
        var sent = 0
        while client.violation == nil, sent < 64 << 20 {
            let left = client.send(bytes)
            sent += bytes.count - left
            if left > 0 { break }
        }
        return sent
    }

    @Test func `a request line without end is cut off at its limit`() {
        var client = ScriptedClient()
        #expect(flood(&client, "GET /", "a") == 8 * 1024 - 4)
        #expect(client.violation == .requestLineTooLong && client.output().hasPrefix("HTTP/1.1 414 URI Too Long\r\n"))
    }

    @Test func `a request line as long as its limit is served`() {
        var client = ScriptedClient()
        let path = "/" + String(repeating: "a", count: 8 * 1024 - 14)
        client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n", pieces: 100)
        #expect(client.heads.first?.path == path)
    }

    @Test func `fields as many and as large as their limits are served`() {
        var client = ScriptedClient()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "a: b\r\n", count: 99) + "\r\n")
        #expect(client.heads.first?.fields.all.count == 100)
        client = ScriptedClient()
        // 9 bytes are the host's, 4 the name's and CRLF.
        client.send("GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "b", count: 16 * 1024 - 14) + "\r\n\r\n")
        #expect(client.heads.first?.fields.value("a")?.utf8.count == 16 * 1024 - 14)
    }

    @Test(arguments: [
        ("a", HTTP1Violation.fieldsTooLarge, 16 * 1024), ("a: b\r\n", .tooManyFields, 100 * 6),
        ("a: " + String(repeating: "b", count: 500) + "\r\n", .fieldsTooLarge, 17 * 1024),
    ])
    func `a head without end is cut off at its limits`(part: String, violation: HTTP1Violation, most: Int) {
        var client = ScriptedClient()
        #expect(flood(&client, "GET / HTTP/1.1\r\nHost: x\r\n", part) <= most)
        #expect(client.violation == violation)
        #expect(client.output().hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
    }

    @Test(arguments: [
        ("a", HTTP1Violation.fieldsTooLarge, 16 * 1024), ("a: b\r\n", .tooManyFields, 101 * 6),
    ])
    func `trailers without end are cut off at their limits`(part: String, violation: HTTP1Violation, most: Int) {
        var client = ScriptedClient()
        #expect(flood(&client, Sample.chunked("0\r\n"), part) <= most)
        #expect(client.violation == violation)
    }

    @Test(arguments: [
        ("1\r\nx\r\n", HTTP1Violation.bodyTooLarge, 6 * 10_001),
        ("1;\(String(repeating: "e", count: 255))\r\nx\r\n", .tooMuchChunkOverhead, 20 << 10),
        ("00000001;e\r\nx\r\n", .bodyTooLarge, 15 * 10_001),
    ])
    func `chunks without end are cut off at their limits`(part: String, violation: HTTP1Violation, most: Int) {
        var limits = HTTP1Limits()
        limits.bodyBytesMax = 10_000
        var client = ScriptedClient(limits)
        #expect(flood(&client, Sample.chunked(""), part) <= most)
        #expect(client.violation == violation)
    }

    @Test func `an extension has at most 256 bytes`() {
        var client = ScriptedClient()
        client.send(Sample.chunked("1;\(String(repeating: "e", count: 255))\r\nx\r\n0\r\n\r\n"))
        #expect(client.content == "x" && client.hasEnded)
        client = ScriptedClient()
        client.send(Sample.chunked("1;\(String(repeating: "e", count: 256))\r\nx\r\n0\r\n\r\n"))
        #expect(client.violation == .chunkExtensionTooLong)
    }

    @Test func `empty lines before a request are not skipped without end`() {
        var client = ScriptedClient()
        #expect(flood(&client, "", "\r\n") == 4)
        #expect(client.violation == .emptyLines)
    }

    @Test func `content is not received faster than it is consumed`() {
        var limits = HTTP1Limits()
        limits.bodyWindowBytes = 64 << 10
        var client = ScriptedClient(limits)
        client.consumes = false
        client.send(Sample.post("Content-Length: 1000000"))
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000)
        let left = client.send(body, pieces: 4096)
        #expect(body.count - left == 64 << 10 && client.session.readableByteCount == 0)
        client.session.consume(10_000, now: client.now)
        #expect(client.session.readableByteCount == 10_000)
        client.consumes = true
        client.session.consume(64 << 10, now: client.now)
        client.send([UInt8](body.suffix(left)), pieces: 4096)
        #expect(client.hasEnded && client.content.utf8.count == body.count)
    }

    @Test(arguments: [1, 100, 5000])
    func `chunked content is not received faster than it is consumed`(size: Int) {
        var client = ScriptedClient()
        client.consumes = false
        client.send(Sample.chunked(""))
        let chunk = String(size, radix: 16) + "\r\n" + String(repeating: "x", count: size) + "\r\n"
        client.send(String(repeating: chunk, count: (256 << 10) / size), pieces: 1000)
        #expect(client.content.utf8.count <= 64 << 10 && client.session.readableByteCount == 0)
        client.session.consume(client.content.utf8.count, now: client.now)
        #expect(client.session.readableByteCount > 0)
    }

    @Test func `requests are read one at a time`() throws {
        var client = ScriptedClient()
        let flood = String(repeating: Sample.get, count: 10_000)
        let left = client.send(flood)
        #expect(client.heads.count == 1 && client.session.readableByteCount == 0)
        #expect(flood.utf8.count - left <= 24 << 10)
        let before = client.events.count
        client.take()
        #expect(client.events.count == before, "nothing happens until the response")
        try client.respond()
        #expect(client.heads.count == 2 && client.session.readableByteCount == 0)
    }

    @Test func `pipelined requests are answered in order`() {
        var client = ScriptedClient()
        client.answers = true
        client.send((0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined(), pieces: 13)
        #expect(client.heads.map(\.path) == (0..<50).map { "/\($0)" })
        let bodies = client.output().split(separator: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "H" } }
        #expect(bodies == (0..<50).map { "/\($0)" })
    }
}
