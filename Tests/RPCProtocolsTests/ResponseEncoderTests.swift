import ProtobufWire
import RPCModel
import RPCOverHTTP2
import RPCProtocols
import Testing
import TextFormats

/// Connect protocol, "Unary-Response" and "Streaming-Response"; gRPC PROTOCOL-WEB.md.
@Suite struct ResponseEncoderTests {
    private static func encoder(
        _ type: String, isGet: Bool = false, _ compression: CallOptions.Compression = .none
    ) throws -> ResponseEncoder {
        let contentType = try #require(RPCContentType(type))
        return ResponseEncoder(CallForm(contentType, isGet: isGet, responseCompression: compression))
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // MARK: Connect unary

    @Test func `a unary response is whole at its end`() throws {
        var encoder = try Self.encoder("application/json")
        let start = encoder.start(["x-a": "1"])
        let sent = envelope(HealthMethods.servingJSON).withUnsafeBytes { encoder.send($0) }
        #expect(start.head == nil && sent.head == nil && sent.body.isEmpty)
        let end = encoder.finish(nil, trailers: ["x-b": "2"])
        let head = try #require(end.head)
        #expect(head.status == 200 && head.fields["content-type"] == "application/json")
        #expect(head.fields["x-a"] == "1" && head.fields["trailer-x-b"] == "2")
        #expect(head.fields["cache-control"] == "no-store" && head.fields["content-encoding"] == nil)
        #expect(Self.text(end.body) == HealthMethods.servingJSON && end.end == .body)
    }

    @Test(
        "an error is JSON with the status of its code, whatever the codec",
        arguments: ["application/proto", "application/json"])
    func unaryError(type: String) throws {
        var encoder = try Self.encoder(type)
        _ = encoder.start(["x-a": "1"])
        _ = envelope(HealthMethods.servingJSON).withUnsafeBytes { encoder.send($0) }
        let end = encoder.finish(
            RPCError(
                .resourceExhausted, "later", trailers: ["x-b": "2"],
                retryPushback: .retry(after: .milliseconds(1500))),
            trailers: ["x-c": "3"])
        let head = try #require(end.head)
        #expect(head.status == 429 && head.fields["content-type"] == "application/json")
        #expect(
            head.fields["x-a"] == "1" && head.fields["trailer-x-b"] == "2"
                && head.fields["trailer-x-c"] == "3")
        #expect(head.fields["retry-after"] == "2")
        #expect(Self.text(end.body) == #"{"code":"resource_exhausted","message":"later"}"#)
    }

    @Test func `a compressed message is a compressed body`() throws {
        var encoder = try Self.encoder("application/proto", .gzip)
        _ = envelope(gzipped([1, 2]), flags: 1).withUnsafeBytes { encoder.send($0) }
        let end = encoder.finish(nil, trailers: [:])
        #expect(end.head?.fields["content-encoding"] == "gzip" && end.body == gzipped([1, 2]))
    }

    @Test func `GET varies with the encodings accepted`() throws {
        var encoder = try Self.encoder("application/proto", isGet: true)
        _ = envelope([]).withUnsafeBytes { encoder.send($0) }
        let head = encoder.finish(nil, trailers: [:]).head
        #expect(head?.fields["vary"] == "accept-encoding" && head?.fields["cache-control"] == nil)
    }

    @Test("a handler that wrote no message, or two, is at fault", arguments: [0, 2]) func cardinality(
        count: Int
    ) throws {
        var encoder = try Self.encoder("application/proto")
        for _ in 0..<count { _ = envelope([]).withUnsafeBytes { encoder.send($0) } }
        #expect(encoder.finish(nil, trailers: [:]).head?.status == 500)
    }

    @Test func `metadata cannot change how the response is read`() throws {
        var encoder = try Self.encoder("application/proto")
        _ = encoder.start([
            "content-length": "9", "content-type": "text/html", "connect-x": "1",
            "transfer-encoding": "chunked",
            "trailer-x": "1", "set-cookie": "a=b", "access-control-allow-origin": "*", "x-ok": "1",
        ])
        _ = envelope([]).withUnsafeBytes { encoder.send($0) }
        let fields = try #require(encoder.finish(nil, trailers: ["content-length": "9"]).head).fields
        #expect(fields.all.map(\.name) == ["content-type", "cache-control", "x-ok"])
    }

    // MARK: Streams

    @Test func `a Connect stream ends with its status, and HTTP's is 200`() throws {
        var encoder = try Self.encoder("application/connect+json", .gzip)
        let start = encoder.start(["x-a": "1"])
        let head = try #require(start.head)
        #expect(head.status == 200 && head.fields["content-type"] == "application/connect+json")
        #expect(head.fields["connect-content-encoding"] == "gzip" && head.fields["x-a"] == "1")
        #expect(
            head.fields["cache-control"] == "no-store, no-transform"
                && head.fields["x-accel-buffering"] == "no")
        let sent = (envelope(HealthMethods.servingJSON) + envelope("{}", flags: 1)).withUnsafeBytes {
            encoder.send($0)
        }
        #expect(sent.body == envelope(HealthMethods.servingJSON) + envelope("{}", flags: 1))
        let end = encoder.finish(RPCError(.aborted, "x"), trailers: ["x-b": "2"])
        #expect(
            end.body
                == envelope(#"{"error":{"code":"aborted","message":"x"},"metadata":{"x-b":["2"]}}"#, flags: 2)
        )
        #expect(end.end == .body && end.head == nil)
    }

    @Test("messages may be cut anywhere", arguments: [1, 3, 6]) func splits(size: Int) throws {
        let messages = envelope([1, 2, 3]) + envelope([])
        for type in ["application/connect+proto", "application/grpc-web", "application/grpc"] {
            var encoder = try Self.encoder(type)
            var body: [UInt8] = []
            for part in cut(messages, every: size) { body += part.withUnsafeBytes { encoder.send($0) }.body }
            #expect(body == messages)
        }
        var encoder = try Self.encoder("application/proto")
        for part in cut(envelope([1, 2, 3]), every: size) { _ = part.withUnsafeBytes { encoder.send($0) } }
        let end = encoder.finish(nil, trailers: [:])
        #expect(end.body == [1, 2, 3])
    }

    @Test func `a call that fails at once has a head and an end`() throws {
        var encoder = try Self.encoder("application/grpc-web+proto")
        let end = encoder.finish(RPCError(.notFound, "no"), trailers: [:])
        #expect(end.head?.status == 200 && end.head?.fields["content-type"] == "application/grpc-web+proto")
        #expect(
            end.body == envelope("grpc-status: 5\r\ngrpc-message: no\r\n", flags: 0x80) && end.end == .body)
    }

    @Test func `OK has trailers in the body too`() throws {
        var encoder = try Self.encoder("application/grpc-web")
        #expect(encoder.finish(nil, trailers: [:]).body == envelope("grpc-status: 0\r\n", flags: 0x80))
    }

    @Test func `each flush of text has its own padding`() throws {
        var encoder = try Self.encoder("application/grpc-web-text")
        let start = encoder.start([:])
        #expect(start.body.isEmpty && start.head?.fields["content-type"] == "application/grpc-web-text")
        let sent = envelope([1]).withUnsafeBytes { encoder.send($0) }
        #expect(Self.text(sent.body) == "AAAAAAEB")
        let more = envelope([1, 2]).withUnsafeBytes { encoder.send($0) }
        #expect(Self.text(more.body) == "AAAAAAIBAg==")
        let end = encoder.finish(nil, trailers: [:])
        #expect(end.body == Base64.standard.encode(envelope("grpc-status: 0\r\n", flags: 0x80)))
    }

    @Test func `gRPC has trailers of HTTP's`() throws {
        var encoder = try Self.encoder("application/grpc", .gzip)
        let sent = envelope([7]).withUnsafeBytes { encoder.send($0) }
        #expect(sent.head?.fields == ["content-type": "application/grpc", "grpc-encoding": "gzip"])
        #expect(sent.body == envelope([7]))
        let end = encoder.finish(nil, trailers: ["x-a": "1"])
        #expect(end.end == .trailers(["grpc-status": "0", "x-a": "1"]) && end.body.isEmpty)
    }

    @Test func `nothing follows the end`() throws {
        for type in [
            "application/json", "application/connect+proto", "application/grpc-web", "application/grpc",
        ] {
            var encoder = try Self.encoder(type)
            _ = encoder.finish(RPCError(.aborted, ""), trailers: [:])
            let late = [
                encoder.start([:]), envelope([]).withUnsafeBytes { encoder.send($0) },
                encoder.finish(nil, trailers: [:]),
            ]
            #expect(late.allSatisfy { $0 == ResponseEncoder.Output() })
        }
    }
}
