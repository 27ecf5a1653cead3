import Testing

@testable import HTTP1Engine

/// Requests that two servers divide differently: a proxy in front and this one (RFC 9112 section 11.2).
@Suite("Request smuggling") struct SmugglingTests {
    /// What an attacker hides in a body: if it became a request, it would be one of somebody else's connection.
    private static let hidden = "GET /hidden HTTP/1.1\r\nHost: clinic.example\r\n\r\n"

    private static let length = "Content-Length: \(hidden.utf8.count)"

    static let refused: [(name: String, fields: [String], violation: HTTP1Violation)] = [
        ("CL.TE", [length, "Transfer-Encoding: chunked"], .lengthAndCoding),
        ("TE.CL", ["Transfer-Encoding: chunked", length], .lengthAndCoding),
        ("TE and a length of 0", ["Content-Length: 0", "Transfer-Encoding: chunked"], .lengthAndCoding),
        ("CL twice", ["Content-Length: 0", length], .severalContentLengths),
        ("CL twice, equal", [length, length], .severalContentLengths),
        ("CL list", ["Content-Length: 5, 5"], .malformedContentLength),
        ("CL list with an empty element", ["Content-Length: 5,"], .malformedContentLength),
        ("CL negative", ["Content-Length: -1"], .malformedContentLength),
        ("CL with plus", ["Content-Length: +5"], .malformedContentLength),
        ("CL hexadecimal", ["Content-Length: 0x5"], .malformedContentLength),
        ("CL with a fraction", ["Content-Length: 5.0"], .malformedContentLength),
        ("CL with an underscore", ["Content-Length: 1_0"], .malformedContentLength),
        ("CL with a blank within", ["Content-Length: 1 0"], .malformedContentLength),
        ("CL in quotes", ["Content-Length: \"5\""], .malformedContentLength),
        ("CL empty", ["Content-Length:"], .malformedContentLength),
        ("CL in other digits", ["Content-Length: ٥"], .malformedContentLength),
        ("CL beyond 64 bits", ["Content-Length: 18446744073709551621"], .malformedContentLength),
        ("CL of 63 bits", ["Content-Length: 9223372036854775807"], .malformedContentLength),
        ("CL with control character", ["Content-Length: \u{B}5"], .malformedField),
        ("CL before its colon", ["Content-Length : 5"], .whitespaceBeforeColon),
        ("CL folded", ["Content-Length:", " 5"], .foldedField),
        ("CL above the limit", ["Content-Length: 4194305"], .bodyTooLarge),
        ("TE.TE, the second unknown", ["Transfer-Encoding: chunked", "Transfer-Encoding: x"], .malformedTransferEncoding),
        ("TE.TE, the first unknown", ["Transfer-Encoding: x", "Transfer-Encoding: chunked"], .unsupportedTransferCoding),
        ("TE.TE, in another case", ["Transfer-Encoding: chunked", "Transfer-encoding: x"], .malformedTransferEncoding),
        ("TE unknown", ["Transfer-Encoding: xchunked"], .malformedTransferEncoding),
        ("TE identity", ["Transfer-Encoding: identity"], .malformedTransferEncoding),
        ("TE identity after chunked", ["Transfer-Encoding: chunked, identity"], .malformedTransferEncoding),
        ("TE identity before chunked", ["Transfer-Encoding: identity, chunked"], .unsupportedTransferCoding),
        ("TE gzip", ["Transfer-Encoding: gzip, chunked"], .unsupportedTransferCoding),
        ("TE chunked twice", ["Transfer-Encoding: chunked, chunked"], .malformedTransferEncoding),
        ("TE with an empty element", ["Transfer-Encoding: , chunked"], .malformedTransferEncoding),
        ("TE empty", ["Transfer-Encoding:"], .malformedTransferEncoding),
        ("TE in quotes", ["Transfer-Encoding: \"chunked\""], .malformedTransferEncoding),
        ("TE with a parameter", ["Transfer-Encoding: chunked;q=1"], .malformedTransferEncoding),
        ("TE divided by a blank", ["Transfer-Encoding: chunked x"], .malformedTransferEncoding),
        ("TE with a vertical tab", ["Transfer-Encoding: \u{B}chunked"], .malformedField),
        ("TE with a form feed", ["Transfer-Encoding: chunked\u{C}"], .malformedField),
        ("TE with a no-break space", ["Transfer-Encoding: \u{A0}chunked"], .malformedTransferEncoding),
        ("TE before its colon", ["Transfer-Encoding : chunked"], .whitespaceBeforeColon),
        ("TE before its colon by a tab", ["Transfer-Encoding\t: chunked"], .whitespaceBeforeColon),
        ("TE folded", ["Transfer-Encoding:", " chunked"], .foldedField),
        ("TE behind a blank", [" Transfer-Encoding: chunked"], .foldedField),
        ("TE hidden by CR", ["X: y\rTransfer-Encoding: chunked"], .bareCarriageReturn),
        ("TE hidden by LF", ["X: y\nTransfer-Encoding: chunked"], .bareLineFeed),
        ("TE with NUL", ["Transfer-Encoding: chunked\0"], .nulByte),
        ("TE with NUL in its name", ["Transfer-Encoding\0: chunked"], .nulByte),
    ]

    @Test(arguments: refused)
    func `is refused and ends the connection`(example: (name: String, fields: [String], violation: HTTP1Violation)) {
        for size in [1, 7, Int.max] {
            var client = ScriptedClient()
            let fields = example.fields.map { $0 + "\r\n" }.joined()
            client.send("POST / HTTP/1.1\r\nHost: clinic.example\r\n\(fields)\r\n0\r\n\r\n\(Self.hidden)", pieces: size)
            #expect(client.events == [.failed(example.violation)], "\(example.name)")
            #expect(client.session.closesAfterOutput && client.session.readableByteCount == 0)
        }
    }

    @Test(arguments: [
        ("5\nhello\r\n0\r\n\r\n", HTTP1Violation.bareLineFeed), ("5\r\nhello\n0\r\n\r\n", .bareLineFeed),
        ("5\r\rhello\r\n0\r\n\r\n", .bareCarriageReturn), ("5\r\nhello\r0\r\n\r\n", .bareCarriageReturn),
        ("5\r\nhelloX\r\n", .malformedChunk), ("5\r\nhello!\r\n0\r\n\r\n", .malformedChunk), ("\r\n", .malformedChunk),
        ("x\r\n", .malformedChunk), ("-5\r\n", .malformedChunk), ("+5\r\n", .malformedChunk), ("0x5\r\n", .malformedChunk),
        (" 5\r\n", .malformedChunk), ("5 \r\n", .malformedChunk), ("5\t;a\r\n", .malformedChunk), ("5,\r\n", .malformedChunk),
        (";a\r\n", .malformedChunk), ("5\0\r\n", .nulByte), ("5;a\0\r\n", .nulByte), ("5;a\nb\r\n", .bareLineFeed),
        ("5;a\rb\r\n", .bareCarriageReturn), ("5;\u{1}\r\n", .malformedChunk), ("000000005\r\n", .chunkSizeTooLong),
        ("100000000\r\n", .chunkSizeTooLong), ("FFFFFFFFFFFFFFFFFFFFF\r\n", .chunkSizeTooLong),
        ("ffffffff\r\n", .bodyTooLarge), ("400001\r\n", .bodyTooLarge), ("0\n\n", .bareLineFeed), ("0\r\n\n", .bareLineFeed),
        ("0\r\n\r\r", .bareCarriageReturn), ("0\r\n X: y\r\n\r\n", .foldedField), ("0\r\nX : y\r\n\r\n", .whitespaceBeforeColon),
        ("0\r\nGET / HTTP/1.1\r\n\r\n", .malformedField), ("0\r\nX: a\0\r\n\r\n", .nulByte),
    ])
    func `by chunks is refused and ends the connection`(body: String, violation: HTTP1Violation) {
        for size in [1, 3, Int.max] {
            var client = ScriptedClient()
            client.send(Sample.chunked(body) + Self.hidden, pieces: size)
            #expect(client.heads.count == 1 && client.violation == violation, "\(client.events)")
            #expect(client.session.closesAfterOutput)
            #expect(client.output().hasPrefix("HTTP/1.1 \(violation == .bodyTooLarge ? 413 : 400) "))
        }
    }

    @Test func `by a coding in HTTP 1.0 is refused`() {
        var client = ScriptedClient()
        client.send("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        #expect(client.events == [.failed(.codingInHTTP10)])
    }

    @Test func `does not happen by what a body looks like`() throws {
        var client = ScriptedClient()
        client.send(Sample.post(Self.length, body: Self.hidden) + Sample.get)
        #expect(client.heads.map(\.path) == ["/x"] && client.content == Self.hidden && client.hasEnded)
        try client.respond()
        #expect(client.heads.map(\.path) == ["/x", "/"])
    }

    /// A client that is served for the rest of a request that was refused would have its request hidden.
    @Test func `does not happen by a body that nobody waited for`() throws {
        var client = ScriptedClient()
        client.send(Sample.post(Self.length))
        try client.respond(.init(status: 404))
        #expect(client.output().contains("\r\nConnection: close\r\n"))
        #expect(client.send(Self.hidden) > 0)
        #expect(client.heads.count == 1 && client.session.closesAfterOutput)
    }

    @Test func `is answered without a word of the request`() {
        for example in Self.refused {
            var client = ScriptedClient()
            client.send("POST /secret?marker HTTP/1.1\r\nHost: marker.example\r\nCookie: marker\r\n")
            client.send(example.fields.map { $0 + "\r\n" }.joined() + "\r\n")
            let answer = client.output()
            #expect(!answer.contains("marker") && !answer.contains("secret"), "\(example.name): \(answer)")
            #expect(answer.contains("\r\nConnection: close\r\n") && answer.contains("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
        }
    }
}
