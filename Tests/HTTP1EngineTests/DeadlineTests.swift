import Testing

@testable import HTTP1Engine

@Suite("The time that a client has") struct DeadlineTests {
    @Test func `for its first byte is that of a head, and nothing is said after it`() {
        var client = ScriptedClient()
        #expect(client.deadline == 10)
        client.wait(9)
        #expect(client.events.isEmpty)
        client.wait(1)
        #expect(client.violation == .idle && client.output() == "" && client.session.closesAfterOutput)
        #expect(client.deadline == nil)
    }

    @Test func `for a head is 10 seconds, however it drips`() {
        var client = ScriptedClient()
        client.wait(5)
        for second in 0..<10 {
            client.send("G")
            #expect(client.deadline == 15, "\(second)")
            client.wait(1)
        }
        #expect(client.violation == .headTooSlow && client.output().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(client.session.closesAfterOutput && client.deadline == nil)
    }

    @Test func `for fields counts from the head's first byte`() {
        var client = ScriptedClient()
        client.send("GET / HTTP/1.1\r\n")
        client.wait(4)
        client.send("Host: x\r\n")
        #expect(client.deadline == 10)
        client.wait(6)
        #expect(client.violation == .headTooSlow)
    }

    @Test func `between requests is 60 seconds`() throws {
        var client = ScriptedClient()
        client.wait(3)
        client.send(Sample.get)
        #expect(client.deadline == nil, "it is our turn")
        client.wait(100)
        try client.respond()
        _ = client.output()
        #expect(client.deadline == 163)
        client.send("\r\n")
        #expect(client.deadline == 163, "an empty line begins nothing")
        client.wait(59)
        client.send("GET")
        #expect(client.deadline == 172)
        client.wait(10)
        #expect(client.violation == .headTooSlow)
    }

    @Test func `between requests ends without a word`() throws {
        var client = ScriptedClient()
        client.send(Sample.get)
        try client.respond()
        _ = client.output()
        client.wait(60)
        #expect(client.violation == .idle && client.output() == "" && client.session.closesAfterOutput)
    }

    @Test func `for content grows with what it sends`() {
        var client = ScriptedClient()
        client.send(Sample.post("Content-Length: 100000"))
        #expect(client.deadline == 10)
        for _ in 0..<20 {
            client.wait(2)
            client.send(String(repeating: "x", count: 2048))
        }
        #expect(client.deadline == 50 && client.violation == nil)
        client.wait(10)
        #expect(client.violation == .bodyTooSlow && client.output().hasPrefix("HTTP/1.1 408 "))
    }

    @Test func `for content is not saved up`() {
        var client = ScriptedClient()
        client.send(Sample.post("Content-Length: 1000000", body: String(repeating: "x", count: 24 * 1024 - 200)))
        #expect(client.deadline == 10)
    }

    @Test(arguments: [("Content-Length: 1000", "x"), ("Transfer-Encoding: chunked", "1\r\nx\r\n")])
    func `for content that drips runs out`(field: String, part: String) {
        var client = ScriptedClient()
        client.send(Sample.post(field))
        for _ in 0..<12 {
            client.send(part)
            client.wait(1)
        }
        #expect(client.violation == .bodyTooSlow)
    }

    @Test(arguments: ["1", "1\r\nx\r\n0\r\nX: "])
    func `for the rest of a chunked body runs as well`(part: String) {
        var client = ScriptedClient()
        client.send(Sample.chunked(part))
        client.wait(11)
        #expect(client.violation == .bodyTooSlow)
    }

    @Test func `for content stands still while the handler takes none`() {
        var client = ScriptedClient()
        client.consumes = false
        client.send(Sample.post("Content-Length: 1000000"))
        client.send([UInt8](repeating: 120, count: 1_000_000), pieces: 5000)
        #expect(client.deadline == nil)
        client.wait(1000)
        #expect(client.violation == nil)
        client.session.consume(1, now: client.now)
        #expect(client.deadline == 1010)
        client.wait(10)
        #expect(client.violation == .bodyTooSlow)
    }

    @Test func `for content begins when it is asked for, or comes`() {
        var client = ScriptedClient()
        client.send(Sample.post("Expect: 100-continue", "Content-Length: 5"))
        #expect(client.deadline == nil)
        client.wait(20)
        client.session.acceptBody(now: client.now)
        #expect(client.deadline == 30)
        client = ScriptedClient()
        client.send(Sample.post("Expect: 100-continue", "Content-Length: 5"))
        client.wait(20)
        client.send("h")
        #expect(client.deadline == 30)
    }

    @Test func `does not run while its request is served`() throws {
        var client = ScriptedClient()
        client.send(Sample.post("Content-Length: 5", body: "hello"))
        #expect(client.deadline == nil)
        try client.session.beginResponse(.init(status: 200), .chunked, now: client.now)
        client.wait(100_000)
        #expect(client.violation == nil && client.deadline == nil)
    }

    @Test func `does not overflow, whatever the clock says`() {
        let end = HTTP1Time(monotonicNanoseconds: .max - 1, unixSeconds: .max)
        var session = HTTP1Session(now: end)
        #expect(session.nextDeadline == .max)
        session.receive(Array(Sample.post("Content-Length: 5", body: "h").utf8).span, now: end)
        while session.nextEvent() != nil {}
        session.expire(now: HTTP1Time(monotonicNanoseconds: .max, unixSeconds: 0))
        #expect(session.nextEvent() == .failed(.bodyTooSlow))
        #expect(!session.takeOutput().isEmpty)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
    ] as [(Int64, String)])
    func `is written as HTTP writes dates`(seconds: Int64, text: String) {
        #expect(HTTPDate.text(unixSeconds: seconds) == text)
    }
}
