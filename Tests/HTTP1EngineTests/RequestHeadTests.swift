import Testing

@testable import HTTP1Engine

@Suite("The head of a request") struct RequestHeadTests {
    private func head(_ text: String) throws -> HTTP1RequestHead {
        var client = ScriptedClient()
        client.send(text)
        return try #require(client.heads.first, "\(client.events)")
    }

    @Test func `has its method, path, query, host and fields`() throws {
        let head = try head("GET /a/b?c=d?e HTTP/1.1\r\nHost: Clinic.example:8443\r\nX-One:1\r\nX-One:\t two \r\n\r\n")
        #expect(head.method == "GET" && head.path == "/a/b" && head.query == "c=d?e")
        #expect(head.version == .http11 && head.authority == "Clinic.example:8443")
        #expect(head.fields.values("x-one") == ["1", "two"])
        #expect(head.fields.value("x-one") == nil && head.fields.value("host") == "Clinic.example:8443")
        #expect(head.body == .none && !head.expectsContinue)
    }

    @Test(arguments: [
        ("/", "/", nil), ("/?", "/", ""), ("/a%20b?x=|", "/a%20b", "x=|"), ("//x", "//x", nil),
        ("http://clinic.example", "/", nil), ("HTTP://CLINIC.example/p?q", "/p", "q"),
        ("https://clinic.example?q", "/", "q"),
    ] as [(String, String, String?)])
    func `has the path of any target that names the host`(target: String, path: String, query: String?) throws {
        let head = try head("GET \(target) HTTP/1.1\r\nHost: clinic.example\r\n\r\n")
        #expect(head.path == path && head.query == query && head.authority == "clinic.example")
    }

    @Test(arguments: ["*", "http://clinic.example"])
    func `asks with OPTIONS for the server as a whole`(target: String) throws {
        #expect(try head("OPTIONS \(target) HTTP/1.1\r\nHost: clinic.example\r\n\r\n").path == "*")
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.1:3000", "[::1]:3000", "[::ffff:10.0.0.1]", "a_b-c.d~", "host:"])
    func `takes the forms of a host`(host: String) throws {
        #expect(try head("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").authority == host)
    }

    @Test func `needs no host in HTTP 1.0`() throws {
        let head = try head("HEAD /livez HTTP/1.0\r\n\r\n")
        #expect(head.version == .http10 && head.authority == nil && head.path == "/livez")
    }

    @Test func `of a later minor version is one of HTTP 1.1`() throws {
        #expect(try head("GET / HTTP/1.7\r\nHost: x\r\n\r\n").version == .http11)
    }

    @Test func `may follow one empty line`() throws {
        #expect(try head("\r\n" + Sample.get).method == "GET")
    }

    @Test func `keeps values that are not UTF-8 readable`() throws {
        var client = ScriptedClient()
        client.send(Array("GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: caf".utf8) + [0xE9] + Array("\r\n\r\n".utf8))
        #expect(client.heads.first?.fields.value("user-agent") == "caf\u{FFFD}")
    }

    @Test func `that asks for another protocol is served in this one`() throws {
        let fields = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
        var client = ScriptedClient()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
        #expect(client.heads.count == 1 && client.hasEnded)
        try client.respond()
        #expect(client.output().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(!client.session.closesAfterOutput)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\n", HTTP1Violation.bareLineFeed), ("GET / HTTP/1.1\r\r\n", .bareCarriageReturn),
        ("GET /\r/ HTTP/1.1\r\n", .bareCarriageReturn), ("GET /\0 HTTP/1.1\r\n", .nulByte), ("\r\n\r\n", .emptyLines),
        ("\n", .bareLineFeed), ("GET /\r\n", .malformedRequestLine), ("GET  / HTTP/1.1\r\n", .malformedRequestLine),
        ("GET / HTTP/1.1 \r\n", .malformedRequestLine), (" GET / HTTP/1.1\r\n", .malformedRequestLine),
        ("GET\t/\tHTTP/1.1\r\n", .malformedRequestLine), ("G@T / HTTP/1.1\r\n", .malformedRequestLine),
        ("GET / http/1.1\r\n", .malformedRequestLine), ("GET / HTTP/1.10\r\n", .malformedRequestLine),
        ("GET / HTTP/11\r\n", .malformedRequestLine), ("GET / HTTP/+1.1\r\n", .malformedRequestLine),
        ("hello\r\n", .malformedRequestLine), ("\u{16}\u{3}\u{1}\u{2}\r\n", .malformedRequestLine),
        ("GET / HTTP/2.0\r\n", .unsupportedVersion), ("PRI * HTTP/2.0\r\n", .unsupportedVersion),
        ("GET / HTTP/0.9\r\n", .unsupportedVersion), ("GET * HTTP/1.1\r\n", .malformedTarget),
        ("GET x HTTP/1.1\r\n", .malformedTarget), ("GET /#x HTTP/1.1\r\n", .malformedTarget),
        ("GET /\u{7} HTTP/1.1\r\n", .malformedTarget), ("GET /ä HTTP/1.1\r\n", .malformedTarget),
        ("GET ftp://x/ HTTP/1.1\r\n", .malformedTarget), ("GET http:///a HTTP/1.1\r\n", .malformedTarget),
        ("GET http://user@x/ HTTP/1.1\r\n", .malformedTarget), ("GET http:/x HTTP/1.1\r\n", .malformedTarget),
        ("CONNECT x:443 HTTP/1.1\r\n", .unsupportedConnect),
    ])
    func `is refused for its request line`(line: String, violation: HTTP1Violation) {
        var client = ScriptedClient()
        client.send(line)
        #expect(client.events == [.failed(violation)])
    }

    @Test(arguments: [
        (" X: folded", HTTP1Violation.foldedField), ("\tX: folded", .foldedField), ("X : y", .whitespaceBeforeColon),
        ("X\t: y", .whitespaceBeforeColon), ("X", .malformedField), (": y", .malformedField), ("X Y: z", .malformedField),
        ("X\u{7F}: y", .malformedField), ("X: \u{1}", .malformedField), ("X: a\0b", .nulByte),
        ("X: a\rb", .bareCarriageReturn), ("X: a\nY: b", .bareLineFeed), ("X(y): z", .malformedField),
        ("Häm: z", .malformedField), ("Host: clinic.example", .severalHosts), ("hOST: other.example", .severalHosts),
        ("Expect: 200-ok", .unsupportedExpectation), ("Expect: 100-continue, other", .unsupportedExpectation),
    ])
    func `is refused for a field`(line: String, violation: HTTP1Violation) {
        var client = ScriptedClient()
        client.send("GET / HTTP/1.1\r\nHost: clinic.example\r\n\(line)\r\n\r\n")
        #expect(client.events == [.failed(violation)])
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", HTTP1Violation.missingHost), ("GET / HTTP/1.1\r\nHost:\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .malformedHost), ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", .malformedHost), ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", .malformedHost), ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", .malformedHost), ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.1\r\nHost: [a]\r\n\r\n", .malformedHost), ("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", .malformedHost),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .severalHosts),
        ("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", .authorityMismatch),
        ("GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", .authorityMismatch),
        ("GET http://a/ HTTP/1.1\r\n\r\n", .missingHost),
    ])
    func `is refused for its host`(text: String, violation: HTTP1Violation) {
        var client = ScriptedClient()
        client.send(text)
        #expect(client.events == [.failed(violation)])
    }
}
