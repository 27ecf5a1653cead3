import HTTP2Engine
import ProtobufWire
import RPCClient
import RPCModel
import RPCOverHTTP2
import RPCServer
import Testing

/// Connect protocol; gRPC PROTOCOL-WEB.md. What gRPC's handlers answer to clients of the other protocols, over HTTP/2.
@Suite("gRPC-Web and Connect over HTTP/2", .timeLimit(.minutes(1))) struct WebProtocolTests {
    private static func head(
        _ path: String, _ type: String, _ extra: [(String, String)] = [], method: String = "POST"
    ) -> [(String, String)] {
        [
            (":method", method), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", type),
        ] + extra
    }

    private static func test(_ method: String) -> String { "/test.Service/\(method)" }

    private static func envelope(_ payload: [UInt8], flags: UInt8 = 0) -> [UInt8] {
        let count = payload.count
        return [flags, 0, 0, UInt8(count >> 8), UInt8(count & 255)] + payload
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func answer(
        _ headers: [(String, String)], body: [UInt8] = [], services: [any RPCService] = [],
        interceptors: [any ServerInterceptor] = [],
        server configure: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> RawAnswer {
        var answer = RawAnswer()
        try await Loopback.run(
            services: services, interceptors: interceptors,
            server: {
                $0.offersWebProtocols = true
                configure(&$0)
            }
        ) { loopback in
            let port = try #require(UInt16(loopback.target.split(separator: ":").last ?? ""))
            let client = try await RawClient(port: port)
            answer = await client.send(headers, body: body)
            // gRPC on the same connection is none the worse for it.
            if interceptors.isEmpty { #expect(try await loopback.echo("still there") == "still there") }
            await client.close()
        }
        return answer
    }

    // MARK: Connect unary

    @Test("a unary call has its message for a body, and no trailers") func unary() async throws {
        let body = Text("hello").encodedBytes()
        let answer = try await answer(Self.head(Self.test("Echo"), "application/proto"), body: body)
        #expect(answer.headers[":status"] == "200")
        #expect(answer.headers["content-type"] == "application/proto")
        #expect(answer.body == body && answer.trailers.isEmpty && answer.reason == .finished)
    }

    @Test("an empty body is an empty message") func emptyBody() async throws {
        let answer = try await answer(Self.head(Self.test("Echo"), "application/proto"))
        #expect(answer.headers[":status"] == "200" && answer.body.isEmpty)
    }

    @Test("JSON is answered in JSON") func json() async throws {
        let answer = try await answer(
            Self.head("/grpc.health.v1.Health/Check", "application/json; charset=utf-8"),
            body: Array(#"{"service":"","new":1}"#.utf8))
        #expect(answer.headers[":status"] == "200" && answer.headers["content-type"] == "application/json")
        #expect(Self.text(answer.body) == #"{"status":"SERVING"}"#)
    }

    @Test("a large body arrives whole") func largeBody() async throws {
        var request = Bytes()
        request.value = [UInt8](repeating: 1, count: 300_000)
        let answer = try await answer(
            Self.head(Self.test("Size"), "application/proto"), body: request.encodedBytes())
        #expect(answer.body == Number(300_000).encodedBytes())
    }

    @Test("compressed requests are read, and answers compressed as the server is set") func compressed()
        async throws
    {
        var packed = ByteBuffer()
        let plain = Text("hello").encodedBytes()
        plain.withUnsafeBytes { MessageCompression.gzip.compress($0, &packed) }
        let answer = try await answer(
            Self.head(
                Self.test("Echo"), "application/proto",
                [("content-encoding", "gzip"), ("accept-encoding", "br, gzip")]),
            body: [UInt8](packed), server: { $0.responseCompression = .gzip })
        #expect(answer.headers[":status"] == "200" && answer.headers["content-encoding"] == "gzip")
        var unpacked = ByteBuffer()
        try answer.body.withUnsafeBytes { try MessageCompression.gzip.decompress($0, &unpacked, 100) }
        #expect([UInt8](unpacked) == plain)
    }

    @Test("metadata goes both ways, trailing metadata with a prefix") func metadata() async throws {
        let answer = try await answer(
            Self.head(
                Self.test("Metadata"), "application/proto", [("in", "a"), ("in", "b"), ("in-bin", "AQI=")]))
        #expect(answer.headers["echo-bin"] == "AQI" && answer.headers["trailer-echo"] == "a")
        #expect(answer.body == Text("a|b").encodedBytes())
    }

    @Test(
        "an error is JSON with the HTTP status of its code",
        arguments: [
            (RPCError.Code.notFound, "404", "not_found"), (.cancelled, "499", "canceled"),
            (.aborted, "409", "aborted"),
        ])
    func error(code: RPCError.Code, status: String, name: String) async throws {
        let answer = try await answer(
            Self.head(Self.test("Fail"), "application/proto"), body: Number(Int(code.rawValue)).encodedBytes()
        )
        #expect(answer.headers[":status"] == status && answer.headers["content-type"] == "application/json")
        #expect(answer.headers["initial"] == "i" && answer.headers["trailer-trailing"] == "t")
        #expect(answer.headers["trailer-from-error"] == "e" && answer.headers["grpc-status"] == nil)
        #expect(Self.text(answer.body) == #"{"code":"\#(name)","message":"so it is: ü %"}"#)
    }

    @Test(
        "a request that cannot be read is INVALID_ARGUMENT, and INTERNAL in gRPC",
        arguments: [
            ("application/proto", Self.test("Echo"), [10, 5]),
            ("application/json", "/grpc.health.v1.Health/Check", []),
            ("application/json", "/grpc.health.v1.Health/Check", Array("{".utf8)),
        ] as [(String, String, [UInt8])])
    func unreadable(type: String, path: String, body: [UInt8]) async throws {
        let answer = try await answer(Self.head(path, type), body: body)
        #expect(answer.headers[":status"] == "400")
        #expect(Self.text(answer.body).contains(#""code":"invalid_argument""#))
        let grpc = try await self.answer(
            Self.head(Self.test("Echo"), "application/grpc"), body: Self.envelope([10, 5]))
        #expect(grpc.status == "13")
    }

    @Test("a request over the limit is RESOURCE_EXHAUSTED, also when decompressed", arguments: [false, true])
    func tooLarge(isPacked: Bool) async throws {
        var request = Bytes()
        request.value = [UInt8](repeating: 1, count: 2000)
        var packed = ByteBuffer()
        request.encodedBytes().withUnsafeBytes { MessageCompression.gzip.compress($0, &packed) }
        let answer = try await answer(
            Self.head(Self.test("Size"), "application/proto", isPacked ? [("content-encoding", "gzip")] : []),
            body: isPacked ? [UInt8](packed) : request.encodedBytes(), server: { $0.maxRequestBytes = 1000 })
        #expect(answer.headers[":status"] == "429")
        #expect(Self.text(answer.body).contains(#""code":"resource_exhausted""#))
    }

    @Test("a deadline is kept by the server itself") func deadline() async throws {
        let answer = try await answer(
            Self.head(Self.test("Hang"), "application/proto", [("connect-timeout-ms", "20")]))
        #expect(answer.headers[":status"] == "504")
        #expect(Self.text(answer.body).contains(#""code":"deadline_exceeded""#))
    }

    @Test(
        "a malformed head fails the call before its handler runs",
        arguments: [
            ("connect-timeout-ms", "x", "400"), ("connect-protocol-version", "2", "400"),
            ("content-encoding", "br", "501"),
        ])
    func malformedHead(name: String, value: String, status: String) async throws {
        let answer = try await answer(Self.head(Self.test("Echo"), "application/proto", [(name, value)]))
        #expect(answer.headers[":status"] == status && answer.headers["content-type"] == "application/json")
    }

    @Test("interceptors decide about these calls too") func interceptors() async throws {
        struct Refusing: ServerInterceptor {
            func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission {
                throw RPCError(.unauthenticated, "who are you?")
            }
        }
        let answer = try await answer(
            Self.head(Self.test("Echo"), "application/proto"), interceptors: [Refusing()])
        #expect(answer.headers[":status"] == "401")
    }

    // MARK: GET

    private struct Reader: RPCService {
        static let read = MethodDescriptor(service: "test.Reader", name: "Read")
        static let change = MethodDescriptor(service: "test.Reader", name: "Change")

        var routes: [ServerRoute] {
            [Self.read, Self.change].map {
                .unary($0) { (request: Text, _) async throws(RPCError) -> Text in request }
            }
        }
    }

    @Test(
        "a method that allows GET is called with its message in the query",
        arguments: [
            ("Read?connect=v1&encoding=proto&base64=1&message=CgE3", "200", [10, 1, 0x37]),
            ("Read?encoding=proto&base64=1&message=", "200", []), ("Read?encoding=proto", "400", nil),
            ("Read?encoding=proto&base64=1&message=Cg", "400", nil),
            ("Read?encoding=xml&message=a", "415", []),
            ("Change?encoding=proto&base64=1&message=CgE3", "405", []),
        ] as [(String, String, [UInt8]?)])
    func get(target: String, status: String, body: [UInt8]?) async throws {
        let head = [
            (":method", "GET"), (":scheme", "http"), (":path", "/test.Reader/\(target)"),
            (":authority", "test"),
        ]
        let answer = try await answer(head, services: [Reader().allowingGet(for: Reader.read)])
        #expect(answer.headers[":status"] == status)
        if let body { #expect(answer.body == body) }
        #expect((answer.headers["vary"] == "accept-encoding") == (status == "200" || status == "400"))
    }

    // MARK: HTTP's answers

    @Test(
        "a request that is not a call has an HTTP status",
        arguments: [
            ("/test.Service/None", "application/proto", "POST", "404"),
            ("/test.Service/Echo", "text/html", "POST", "415"),
            ("/test.Service/Echo", "application/connect+proto", "POST", "415"),
            ("/test.Service/Echo", "application/proto", "DELETE", "405"),
            ("/test.Service/Echo?encoding=proto&base64=1&message=", "application/proto", "GET", "405"),
        ])
    func refused(path: String, type: String, method: String, status: String) async throws {
        let answer = try await answer(Self.head(path, type, method: method))
        #expect(answer.headers[":status"] == status && answer.body.isEmpty)
        #expect((answer.headers["allow"] == "POST") == (status == "405"))
        #expect((answer.headers["accept-post"] != nil) == (status == "415"))
    }

    @Test("a server that does not offer them answers 415") func notOffered() async throws {
        let answer = try await answer(
            Self.head(Self.test("Echo"), "application/proto"), server: { $0.offersWebProtocols = false })
        #expect(answer.headers[":status"] == "415")
    }

    // MARK: Connect streams

    @Test("a stream of responses ends with its status") func connectStream() async throws {
        let answer = try await answer(
            Self.head(Self.test("Count"), "application/connect+proto"),
            body: Self.envelope(Number(2).encodedBytes()))
        #expect(answer.headers[":status"] == "200")
        #expect(answer.headers["content-type"] == "application/connect+proto")
        #expect(
            answer.body
                == Self.envelope([]) + Self.envelope([8, 1])
                + Self.envelope(Array(#"{"metadata":{"counted":["2"]}}"#.utf8), flags: 2))
        #expect(answer.trailers.isEmpty && answer.reason == .finished)
    }

    @Test(
        "none or two requests of one are UNIMPLEMENTED, and HTTP's status is 200",
        arguments: [
            ("Count", "application/connect+proto"), ("Count", "application/grpc-web"),
            ("Echo", "application/grpc-web"),
        ], [0, 2])
    func cardinality(call: (method: String, type: String), count: Int) async throws {
        let body = (0..<count).flatMap { _ in Self.envelope(Number(1).encodedBytes()) }
        let answer = try await answer(Self.head(Self.test(call.method), call.type), body: body)
        #expect(
            answer.headers[":status"] == "200" && answer.body.first == (call.type.contains("web") ? 0x80 : 2))
        let text = Self.text(answer.body)
        #expect(text.contains(#""code":"unimplemented""#) || text.contains("grpc-status: 12\r\n"))
    }

    @Test("a stream of requests is read") func clientStream() async throws {
        let body = (1...4).flatMap { Self.envelope(Number($0).encodedBytes()) }
        let answer = try await answer(Self.head(Self.test("Sum"), "application/connect+proto"), body: body)
        #expect(
            answer.body == Self.envelope(Number(10).encodedBytes())
                + Self.envelope(Array("{}".utf8), flags: 2))
    }

    @Test(
        "reserved flags, and compression that the head does not name, are INTERNAL",
        arguments: [1, 2, 4, 0x80] as [UInt8])
    func flags(flags: UInt8) async throws {
        let answer = try await answer(
            Self.head(Self.test("Sum"), "application/connect+proto"),
            body: Self.envelope([8, 1], flags: flags))
        #expect(answer.headers[":status"] == "200")
        #expect(Self.text(answer.body).contains(#""code":"internal""#))
    }

    @Test("a stream in JSON") func jsonStream() async throws {
        let answer = try await answer(
            Self.head(
                "/grpc.health.v1.Health/Watch", "application/connect+json", [("connect-timeout-ms", "2000")]),
            body: Self.envelope(Array(#"{"service":"none"}"#.utf8)))
        #expect(answer.body.starts(with: Self.envelope(Array(#"{"status":"SERVICE_UNKNOWN"}"#.utf8))))
        #expect(Self.text(answer.body).contains(#""code":"deadline_exceeded""#))
    }

    // MARK: gRPC-Web

    @Test(
        "gRPC-Web has its trailers in the body",
        arguments: ["application/grpc-web", "application/grpc-web+proto"])
    func grpcWeb(type: String) async throws {
        let answer = try await answer(
            Self.head(Self.test("Count"), type, [("x-grpc-web", "1")]),
            body: Self.envelope(Number(2).encodedBytes()))
        #expect(answer.headers[":status"] == "200" && answer.headers["content-type"] == type)
        let trailers = "grpc-status: 0\r\ncounted: 2\r\n"
        #expect(
            answer.body
                == Self.envelope([]) + Self.envelope([8, 1])
                + Self.envelope(Array(trailers.utf8), flags: 0x80))
        #expect(answer.trailers.isEmpty && answer.headers["grpc-status"] == nil)
    }

    @Test("an error of gRPC-Web is in the body, with HTTP's 200") func grpcWebError() async throws {
        let answer = try await answer(
            Self.head(Self.test("Fail"), "application/grpc-web"),
            body: Self.envelope(Number(5).encodedBytes()))
        #expect(answer.headers[":status"] == "200" && answer.headers["initial"] == "i")
        let trailers = Self.text(Array(answer.body.dropFirst(5)))
        #expect(answer.body.first == 0x80)
        #expect(trailers.hasPrefix("grpc-status: 5\r\ngrpc-message: so it is: %C3%BC %25\r\n"))
        #expect(trailers.hasSuffix("from-error: e\r\ntrailing: t\r\n"))
    }

    @Test("text is base64 in both directions") func grpcWebText() async throws {
        // AAAAAAIIAQ== is a message of 08 01, a 1.
        let answer = try await answer(
            Self.head(Self.test("Sum"), "application/grpc-web-text"),
            body: Array("AAAAAAIIAQ==AAAAAAIIAg==".utf8))
        #expect(answer.headers["content-type"] == "application/grpc-web-text")
        #expect(Self.text(answer.body).hasPrefix("AAAAAAIIAw=="))
    }

    @Test("a body that is not base64 as it says is INTERNAL") func notBase64() async throws {
        let answer = try await answer(
            Self.head(Self.test("Sum"), "application/grpc-web-text"), body: Array("****".utf8))
        // Base64 of a frame's first bytes, 80 00 00.
        #expect(answer.headers[":status"] == "200" && Self.text(answer.body).hasPrefix("gAAA"))
    }
}
