import Testing

@testable import HTTP1Engine

@Suite("The content of a request") struct RequestBodyTests {
    @Test func `has the length that was announced`() {
        var client = ScriptedClient()
        client.send(Sample.post("Content-Length: 005", body: "hello"))
        #expect(client.heads.first?.body == .length(5) && client.content == "hello" && client.hasEnded)
    }

    @Test(arguments: ["Content-Length: 0", "X-None: 1"])
    func `is absent when its length is 0 or not there`(field: String) {
        var client = ScriptedClient()
        client.send(Sample.post(field))
        #expect(client.heads.first?.body == HTTP1RequestHead.Body.none && client.hasEnded && client.content == "")
    }

    @Test(arguments: [
        "5\r\nhello\r\n0\r\n\r\n", "1\r\nh\r\n4\r\nello\r\n0\r\n\r\n", "00000005\r\nhello\r\n00000000\r\n\r\n",
        "5;name=value;other=\"a;b\"\r\nhello\r\n0;last\r\n\r\n", "5;\r\nhello\r\n0\r\nX-Checksum: 1\r\nHost: other\r\n\r\n",
    ])
    func `is put together from chunks, without extensions and trailers`(body: String) throws {
        var client = ScriptedClient()
        client.send(Sample.chunked(body) + Sample.get)
        #expect(client.heads.first?.body == .chunked && client.content == "hello" && client.hasEnded)
        #expect(client.heads[0].fields.values("host") == ["clinic.example"])
        try client.respond()
        #expect(client.heads.count == 2)
    }

    @Test(arguments: ["chunked", "Chunked", "CHUNKED", "\t chunked \t"])
    func `comes in chunks however the coding is written`(value: String) {
        var client = ScriptedClient()
        client.send(Sample.post("transfer-ENCODING:\(value)", body: "A\r\n0123456789\r\n0\r\n\r\n"))
        #expect(client.content == "0123456789" && client.hasEnded)
    }

    @Test func `may be as long as the limit`() {
        var limits = HTTP1Limits()
        limits.bodyBytesMax = 10
        var client = ScriptedClient(limits)
        client.send(Sample.post("Content-Length: 10", body: "0123456789"))
        #expect(client.hasEnded)
        client = ScriptedClient(limits)
        client.send(Sample.post("Content-Length: 11"))
        #expect(client.events == [.failed(.bodyTooLarge)])
        client = ScriptedClient(limits)
        client.send(Sample.chunked("6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n"))
        #expect(client.content == "0123456789" && client.hasEnded)
        client = ScriptedClient(limits)
        client.send(Sample.chunked("6\r\n012345\r\n5\r\n6"))
        #expect(client.content == "012345" && client.violation == .bodyTooLarge)
    }

    @Test func `is asked for when the client waits for a word, once`() throws {
        var client = ScriptedClient()
        client.send(Sample.post("Expect: 100-Continue", "Content-Length: 5"))
        #expect(client.heads.first?.expectsContinue == true && client.output() == "")
        client.session.acceptBody(now: client.now)
        client.session.acceptBody(now: client.now)
        #expect(client.output() == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("hello")
        try client.respond()
        #expect(client.output().hasPrefix("HTTP/1.1 200 OK\r\n") && !client.session.closesAfterOutput)
    }

    @Test func `is not asked for when it is there`() {
        for body in ["h", "hello"] {
            var client = ScriptedClient()
            client.send(Sample.post("Expect: 100-continue", "Content-Length: 5", body: body))
            client.session.acceptBody(now: client.now)
            #expect(client.output() == "")
        }
    }

    @Test func `is not asked for when it came with the head`() {
        var session = HTTP1Session(now: ScriptedClient.time(0))
        let request = Sample.post("Expect: 100-continue", "Content-Length: 5", body: "hello")
        session.receive(Array(request.utf8).span, now: ScriptedClient.time(0))
        guard case .head = session.nextEvent() else { Issue.record("there is no head"); return }
        session.acceptBody(now: ScriptedClient.time(0))
        #expect(session.outputByteCount == 0)
    }

    @Test func `is not asked for when it is over without a byte`() {
        var client = ScriptedClient()
        client.send(Sample.post("Expect: 100-continue", "Transfer-Encoding: chunked", body: "0\r\n\r\n"))
        client.session.acceptBody(now: client.now)
        #expect(client.hasEnded && client.output() == "")
    }

    @Test func `is not asked for when there is none, or nobody waits`() {
        for fields in ["Expect: 100-continue", "Content-Length: 5"] {
            var client = ScriptedClient()
            client.send(Sample.post(fields))
            #expect(client.heads.first?.expectsContinue == false)
            client.session.acceptBody(now: client.now)
            #expect(client.output() == "")
        }
        var client = ScriptedClient()
        client.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        #expect(client.heads.first?.expectsContinue == false)
    }

    @Test func `that is refused unseen ends the connection`() throws {
        var client = ScriptedClient()
        client.send(Sample.post("Expect: 100-continue", "Content-Length: 5"))
        try client.respond(.init(status: 413))
        #expect(client.output().contains("\r\nConnection: close\r\n") && client.session.closesAfterOutput)
    }

    @Test func `that is cut off is known as such`() {
        for text in ["GET / HT", "GET / HTTP/1.1\r\nHost", Sample.post("Content-Length: 5", body: "hell"),
            Sample.chunked("5\r\nhello\r\n0\r\n"), "\r"] {
            var client = ScriptedClient()
            client.send(text)
            client.end()
            #expect(client.violation == .requestCutOff, "\(text)")
            #expect(client.output() == "" && client.session.closesAfterOutput)
        }
    }

    @Test func `that is whole is answered although the client sends no more`() throws {
        var client = ScriptedClient()
        client.send(Sample.post("Content-Length: 5", body: "hello"))
        client.end()
        #expect(client.hasEnded && !client.session.closesAfterOutput)
        try client.respond(.init(status: 200), "yes")
        #expect(client.output().hasSuffix("\r\n\r\nyes") && client.session.closesAfterOutput)
        #expect(client.violation == nil)
    }

    @Test func `is not missed between requests`() {
        var client = ScriptedClient()
        client.end()
        #expect(client.events.isEmpty && client.session.closesAfterOutput && client.output() == "")
    }
}
