import EventCore
import HTTP2Engine
import RPCClient
import RPCModel
import Testing

@Suite("What a server makes of requests no gRPC library sends", .timeLimit(.minutes(1)))
struct RequestChecksTests {
    private static func head(_ method: String, extra: [(String, String)] = []) -> [(String, String)] {
        [
            (":method", "POST"), (":scheme", "http"), (":path", "/test.Service/\(method)"),
            (":authority", "test"),
            ("te", "trailers"), ("content-type", "application/grpc"),
        ] + extra
    }

    private static let emptyMessage: [UInt8] = [0, 0, 0, 0, 0]

    private func answer(_ headers: [(String, String)], body: [UInt8] = [], ends: Bool = true) async throws
        -> RawAnswer
    {
        var answer = RawAnswer()
        try await Loopback.run { loopback in
            let port = try #require(UInt16(loopback.target.split(separator: ":").last ?? ""))
            let client = try await RawClient(port: port)
            answer = await client.send(headers, body: body, ends: ends)
            // The connection is none the worse for it.
            let next = await client.send(Self.head("Echo"), body: Self.emptyMessage)
            #expect(next.status == "0")
            await client.close()
        }
        return answer
    }

    @Test("a well-formed call by hand is answered, so that the other cases mean something") func control()
        async throws
    {
        let answer = try await answer(Self.head("Echo"), body: Self.emptyMessage)
        #expect(answer.headers[":status"] == "200")
        #expect(answer.headers["content-type"] == "application/grpc")
        #expect(answer.body == Self.emptyMessage)
        #expect(answer.trailers == ["grpc-status": "0"])
        #expect(answer.reason == .finished)
    }

    @Test("GET gets a page") func get() async throws {
        let answer = try await answer([
            (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "test"),
        ])
        #expect(answer.headers[":status"] == "200")
        #expect(!answer.body.isEmpty)
        #expect(answer.status == nil)
    }

    @Test("another content type is 415", arguments: ["application/json", "application/grpc-web", ""])
    func contentType(type: String) async throws {
        let head = Self.head("Echo").map { $0.0 == "content-type" ? ($0.0, type) : $0 }
        let answer = try await answer(head, body: Self.emptyMessage)
        #expect(answer.headers[":status"] == "415")
    }

    @Test("a malformed timeout is an error of the request", arguments: ["1", "x", "123456789n", "-1S"])
    func timeout(value: String) async throws {
        let answer = try await answer(
            Self.head("Echo", extra: [("grpc-timeout", value)]), body: Self.emptyMessage)
        #expect(answer.status == "13")
    }

    @Test("a deadline is kept by the server itself, in one frame of trailers") func deadline() async throws {
        let answer = try await answer(
            Self.head("Hang", extra: [("grpc-timeout", "20m")]), body: Self.emptyMessage)
        #expect(answer.headers["grpc-status"] == "4")
    }

    @Test("a deadline that had passed is answered without the handler") func passed() async throws {
        let answer = try await answer(
            Self.head("Hang", extra: [("grpc-timeout", "0n")]), body: Self.emptyMessage)
        #expect(answer.status == "4")
    }

    @Test(
        "bodies that are not messages are refused",
        arguments: [
            ([2, 0, 0, 0, 0], "13"), ([0, 0, 0, 0, 9, 1], "13"), ([0, 0], "13"), ([1, 0, 0, 0, 1, 0], "13"),
            ([0, 0, 0, 0, 2, 0x0A, 0x09], "13"), ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "12"), ([], "12"),
        ] as [([UInt8], String)])
    func bodies(body: [UInt8], status: String) async throws {
        let answer = try await answer(Self.head("Echo"), body: body)
        #expect(answer.status == status)
    }

    @Test("an oversized message is refused on its prefix, while the client is still sending") func oversized()
        async throws
    {
        let answer = try await answer(Self.head("Echo"), body: [0, 0xFF, 0, 0, 0], ends: false)
        #expect(answer.status == "8")
    }

    @Test("an unknown compression is refused with a list of the known") func encoding() async throws {
        let answer = try await answer(
            Self.head("Echo", extra: [("grpc-encoding", "brotli")]), body: [1, 0, 0, 0, 1, 0])
        #expect(answer.status == "12")
        #expect(answer.headers["grpc-accept-encoding"] == "identity,gzip")
    }

    @Test("bytes that are not gzip are an error of the message") func corrupt() async throws {
        let answer = try await answer(
            Self.head("Echo", extra: [("grpc-encoding", "gzip")]), body: [1, 0, 0, 0, 2, 9, 9])
        #expect(answer.status == "13")
    }
}
