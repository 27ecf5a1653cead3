import RPCModel
import RPCOverHTTP2
import RPCProtocols
import Testing
import TextFormats

/// Suites for clients of connectrpc/conformance: "Connect Unexpected Responses", "Connect Empty Responses", "Connect
/// Compressed Error and End-Stream", "gRPC-Web Trailers", "gRPC-Web Unexpected Responses", "gRPC-Web Compressed
/// Trailers" and "gRPC-Web Proto Sub-Format Responses". A test's name begins with the names of its cases.
@Suite struct ResponseDecoderTests {
    private static let unary = RPCContentType(.connectUnary, .proto)
    private static let stream = RPCContentType(.connectStream, .proto)
    private static let web = RPCContentType(.grpcWeb(isText: false), .proto)

    private static func head(_ type: String?, _ fields: HTTPFields = [:], status: Int = 200) -> ResponseHead {
        var all = HTTPFields()
        if let type { all.append("content-type", type) }
        all.append(contentsOf: fields)
        return ResponseHead(status: status, fields: all)
    }

    private static let connectStream = head("application/connect+proto")

    // MARK: Connect unary

    @Test func `unary/empty-response: an empty body is an empty message, with metadata on both sides`() {
        let head = Self.head(
            "application/proto", ["x-custom-header": "foo", "trailer-x-custom-trailer": "bing"])
        #expect(
            events(Self.unary, head, []) == [
                .initialMetadata(["x-custom-header": "foo"]), .message([]),
                .end(nil, trailers: ["x-custom-trailer": "bing"]),
            ])
    }

    @Test(
        "unexpected-content-type, unexpected-codec, unexpected-compression",
        arguments: [
            ("image/jpeg", [:], RPCError.Code.unknown), (nil, [:], .unknown),
            ("application/json", [:], .internal),
            ("application/connect+proto", [:], .unknown),
            ("application/proto", ["content-encoding": "foo"], .internal),
        ] as [(String?, HTTPFields, RPCError.Code)])
    func unexpectedUnary(type: String?, fields: HTTPFields, code: RPCError.Code) throws {
        let found = events(Self.unary, Self.head(type, fields), [[1]])
        #expect(try end(of: found).error?.code == code)
        #expect(found.count == 1)
    }

    @Test("error/compressed: an error may be compressed", arguments: [true, false]) func unaryError(
        isCompressed: Bool
    ) throws {
        let json = Array(#"{"code":"out_of_range","message":"oops"}"#.utf8)
        let head = Self.head(
            "application/json",
            isCompressed ? ["content-encoding": "gzip", "trailer-x-a": "1"] : ["trailer-x-a": "1"],
            status: 422)
        let found = events(Self.unary, head, cut(isCompressed ? gzipped(json) : json, every: 3))
        let (error, trailers) = try end(of: found)
        #expect(error?.code == .outOfRange && error?.message == "oops" && trailers["x-a"] == "1")
    }

    @Test func `an error's body over the limit is not kept`() throws {
        let found = events(
            Self.unary, Self.head("application/json", status: 404),
            [[UInt8](repeating: 0x20, count: 300 * 1024)])
        #expect(try end(of: found).error?.code == .unimplemented)
    }

    @Test func `a response over the limit is refused`() throws {
        let found = events(Self.unary, Self.head("application/proto"), [[UInt8](repeating: 1, count: 1001)])
        #expect(try end(of: found).error?.code == .resourceExhausted)
        let bomb = gzipped([UInt8](repeating: 1, count: 5000))
        let packed = events(Self.unary, Self.head("application/proto", ["content-encoding": "gzip"]), [bomb])
        #expect(try end(of: packed).error?.code == .resourceExhausted)
    }

    // MARK: Connect stream

    @Test func `server-stream/empty-response: messages, then the end`() {
        let head = Self.head("application/connect+proto", ["x-custom-header": "foo"])
        let body = envelope("") + envelope(#"{ "metadata": { "x-custom-trailer": ["bing"] } }"#, flags: 2)
        for size in [1, 4, 1000] {
            #expect(
                events(Self.stream, head, cut(body, every: size)) == [
                    .initialMetadata(["x-custom-header": "foo"]), .message([]),
                    .end(nil, trailers: ["x-custom-trailer": "bing"]),
                ])
        }
    }

    @Test func `end-stream/compressed: the end may be compressed`() throws {
        let json = Array(#"{"error":{"code":"out_of_range","message":"oops"}}"#.utf8)
        let head = Self.head("application/connect+proto", ["connect-content-encoding": "gzip"])
        let body = envelope(gzipped([5]), flags: 1) + envelope(gzipped(json), flags: 3)
        let found = events(Self.stream, head, [body])
        #expect(found.dropLast() == [.initialMetadata([:]), .message([5])])
        #expect(try end(of: found).error?.code == .outOfRange)
    }

    @Test(
        "no-end-stream: a response without its end is broken",
        arguments: [[], envelope([1]), [0, 0, 0]] as [[UInt8]])
    func noEndStream(body: [UInt8]) throws {
        let found = events(Self.stream, Self.connectStream, [body])
        let error = try #require(try end(of: found).error)
        #expect(error.code == .internal && error.isBrokenConnection)
        #expect(found.contains(.message([1])) == (body.count == 6))
    }

    @Test(
        "nothing may follow the end",
        arguments: [
            envelope("{}", flags: 2) + envelope([1]), envelope("{}", flags: 2) + envelope("{}", flags: 2),
            envelope("{}", flags: 2) + [0],
        ])
    func afterEnd(body: [UInt8]) throws {
        for size in [1, 1000] {
            #expect(
                try end(of: events(Self.stream, Self.connectStream, cut(body, every: size))).error?.code
                    == .internal)
        }
    }

    @Test(
        "unexpected-stream-codec, unexpected-compressed-message, reserved flags",
        arguments: [
            ("application/connect+json", [:], envelope("{}", flags: 2)),
            ("application/connect+proto", ["connect-content-encoding": "identity"], envelope([1], flags: 1)),
            ("application/connect+proto", ["connect-content-encoding": "foo"], envelope("{}", flags: 2)),
            ("application/connect+proto", [:], envelope("{}", flags: 4)),
            ("application/connect+proto", [:], envelope("{}", flags: 0x80)),
            ("application/connect+proto", [:], envelope("{}", flags: 0x42)),
        ] as [(String, HTTPFields, [UInt8])])
    func unexpectedStream(type: String, fields: HTTPFields, body: [UInt8]) throws {
        #expect(try end(of: events(Self.stream, Self.head(type, fields), [body])).error?.code == .internal)
    }

    @Test func `a message over the limit is refused on its prefix`() throws {
        let found = events(Self.stream, Self.connectStream, [envelope([1]) + [0, 0, 0, 3, 233]])
        #expect(found.contains(.message([1])))
        #expect(try end(of: found).error?.code == .resourceExhausted)
    }

    @Test(
        "an HTTP status other than 200 has its code, for streams too",
        arguments: [
            (400, RPCError.Code.internal, false), (404, .unimplemented, false), (431, .unknown, false),
            (503, .unavailable, true),
            (415, .unknown, false), (505, .unknown, false),
        ])
    func otherStatus(status: Int, code: RPCError.Code, isBroken: Bool) throws {
        for type in [Self.stream, Self.web, RPCContentType(.grpc, .proto)] {
            let error = try #require(
                try end(of: events(type, Self.head("text/html", status: status), [[1]])).error)
            #expect(error.code == code && error.isBrokenConnection == isBroken)
        }
    }

    // MARK: gRPC-Web

    @Test(
        "trailers-in-body/expected, mixed-case: the status is in the body",
        arguments: [
            "grpc-status: 9\r\ngrpc-message: error\r\nx-custom-trailer: bing\r\n",
            "Grpc-Status: 9\r\ngRPC-Message: error\r\nx-Custom-Trailer: bing\r\n",
        ])
    func trailersInBody(block: String) throws {
        let head = Self.head("application/grpc-web", ["x-custom-header": "foo"])
        for size in [1, 5, 1000] {
            let found = events(Self.web, head, cut(envelope(block, flags: 128), every: size))
            #expect(found.first == .initialMetadata(["x-custom-header": "foo"]) && found.count == 2)
            let (error, trailers) = try end(of: found)
            #expect(
                error?.code == .failedPrecondition && error?.message == "error" && error?.isFromPeer == true)
            #expect(trailers == ["x-custom-trailer": "bing"])
        }
    }

    @Test func `duplicate-metadata: every value is kept`() throws {
        let block = "grpc-status: 9\r\nx-custom-trailer: bing\r\nx-custom-trailer: quuz\r\n"
        let trailers = try end(
            of: events(Self.web, Self.head("application/grpc-web"), [envelope(block, flags: 128)])
        ).trailers
        #expect(trailers.values(named: "x-custom-trailer") == ["bing", "quuz"])
    }

    @Test func `trailers-only: the status is in the head of a response without a body`() throws {
        let head = Self.head(
            "application/grpc-web", ["x-custom-trailer": "bing", "grpc-status": "9", "grpc-message": "error"])
        let found = events(Self.web, head, [])
        let (error, trailers) = try end(of: found)
        #expect(found.count == 1 && error?.code == .failedPrecondition && error?.message == "error")
        #expect(trailers["x-custom-trailer"] == "bing")
    }

    @Test func `trailers-only/ignore-header-if-body-present: the body's status counts`() throws {
        let head = Self.head("application/grpc-web", ["grpc-status": "8"])
        let found = events(Self.web, head, [envelope("grpc-status: 9\r\n", flags: 128)])
        #expect(found.first == .initialMetadata([:]))
        #expect(try end(of: found).error?.code == .failedPrecondition)
    }

    @Test("missing-status: UNKNOWN, in the body or in the head", arguments: [true, false]) func missingStatus(
        isInBody: Bool
    ) throws {
        let head = Self.head("application/grpc-web", isInBody ? [:] : ["grpc-message": "error"])
        let body = isInBody ? [envelope("grpc-message: error\r\n", flags: 128)] : []
        #expect(try end(of: events(Self.web, head, body)).error?.code == .unknown)
    }

    @Test(
        "compressed trailers, with-proto-sub-format, without-proto-sub-format",
        arguments: ["application/grpc-web", "application/grpc-web+proto"])
    func compressedTrailers(type: String) throws {
        let body = envelope([1]) + envelope(gzipped(Array("grpc-status: 0\r\n".utf8)), flags: 0x81)
        #expect(
            events(Self.web, Self.head(type, ["grpc-encoding": "gzip"]), [body])
                == [.initialMetadata([:]), .message([1]), .end(nil, trailers: [:])])
    }

    @Test(
        "unexpected-content-type, -codec, -compression, -compressed-message",
        arguments: [
            ("image/jpeg", [:], RPCError.Code.unknown), ("application/proto", [:], .unknown),
            ("application/grpc-web+json", [:], .internal),
            ("application/grpc-web+proto", ["grpc-encoding": "foo"], .internal),
            ("application/grpc-web+proto", ["grpc-encoding": "identity"], .internal),
        ] as [(String, HTTPFields, RPCError.Code)])
    func unexpectedWeb(type: String, fields: HTTPFields, code: RPCError.Code) throws {
        let body = envelope([1], flags: 1) + envelope("grpc-status: 0\r\n", flags: 128)
        #expect(try end(of: events(Self.web, Self.head(type, fields), [body])).error?.code == code)
    }

    @Test("text is read as its response says", arguments: 1...6) func text(size: Int) {
        let body =
            Base64.standard.encode(envelope([1, 2]))
            + Base64.standard.encode(envelope("grpc-status: 0\r\n", flags: 128))
        #expect(
            events(Self.web, Self.head("application/grpc-web-text"), cut(body, every: size))
                == [.initialMetadata([:]), .message([1, 2]), .end(nil, trailers: [:])])
    }

    @Test(
        "a response cut short is broken",
        arguments: [[], envelope([1]), envelope([1]) + [0x80, 0]] as [[UInt8]])
    func cutShort(body: [UInt8]) throws {
        let error = try #require(
            try end(of: events(Self.web, Self.head("application/grpc-web"), [body])).error)
        #expect(error.isBrokenConnection)
    }

    // MARK: gRPC

    @Test func `gRPC's status is in HTTP's trailers`() {
        let found = events(
            RPCContentType(.grpc, .proto), Self.head("application/grpc"), [envelope([1])],
            trailers: ["grpc-status": "0", "x-a": "1"])
        #expect(found == [.initialMetadata([:]), .message([1]), .end(nil, trailers: ["x-a": "1"])])
    }

    @Test func `a connection that ends before the head is broken`() throws {
        var decoder = ResponseDecoder(Self.unary, maxMessageBytes: 10, gzip: .gzip)
        let found = decoder.end()
        #expect(try end(of: found).error?.isBrokenConnection == true)
        let late = decoder.end() + decoder.receive(Self.connectStream)
        #expect(late.isEmpty)
    }
}
