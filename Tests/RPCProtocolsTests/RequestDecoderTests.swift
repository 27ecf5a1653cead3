import RPCModel
import RPCOverHTTP2
import RPCProtocols
import Testing
import TextFormats

/// Connect protocol, "Unary-Request" and "Streaming-Request"; gRPC PROTOCOL-WEB.md.
@Suite struct RequestDecoderTests {
    private static func head(_ type: String, _ fields: HTTPFields = [:], _ method: MethodDescriptor) throws
        -> CallHead
    {
        try RequestRoutingTests.call(
            RequestRoutingTests.head("POST", type, fields, target: method.path), RoutedMethod(method))
    }

    /// Messages from a body that arrives in parts.
    static func read(
        _ head: CallHead, _ parts: [[UInt8]], maxMessageBytes: Int = 100, transcoder: JSONTranscoder? = nil
    ) throws(RPCError) -> [UInt8] {
        var decoder = RequestDecoder(
            head, maxMessageBytes: maxMessageBytes, compression: .gzip, transcoder: transcoder)
        var messages: [UInt8] = []
        for part in parts { try receive(part, &decoder, into: &messages) }
        try decoder.end(into: &messages)
        return messages
    }

    private static func receive(
        _ part: [UInt8], _ decoder: inout RequestDecoder, into messages: inout [UInt8]
    ) throws(RPCError) {
        try part.span.bytes.withUnsafeBytes { (part: UnsafeRawBufferPointer) throws(RPCError) in
            try decoder.receive(part, into: &messages)
        }
    }

    @Test("a unary body is one message, however it is cut", arguments: [1, 2, 3, 100])
    func unary(size: Int) throws {
        let body = Array("hello".utf8)
        let head = try Self.head("application/proto", HealthMethods.check)
        #expect(try Self.read(head, cut(body, every: size)) == envelope(body))
    }

    @Test func `an empty protobuf body is an empty message`() throws {
        #expect(try Self.read(try Self.head("application/proto", HealthMethods.check), []) == envelope([]))
    }

    @Test func `an empty body is never decompressed`() throws {
        let head = try Self.head("application/proto", ["content-encoding": "gzip"], HealthMethods.check)
        #expect(try Self.read(head, []) == envelope([]))
    }

    @Test func `a compressed body is a compressed message`() throws {
        let head = try Self.head("application/proto", ["content-encoding": "gzip"], HealthMethods.check)
        let body = gzipped([1, 2, 3])
        #expect(try Self.read(head, [body]) == envelope(body, flags: 1))
    }

    @Test func `an empty JSON body is not a message`() throws {
        let head = try Self.head("application/json", HealthMethods.check)
        let transcoder = try HealthMethods.transcoder()
        let error = #expect(throws: RPCError.self) { try Self.read(head, [], transcoder: transcoder) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("JSON becomes protobuf", arguments: [true, false]) func json(isCompressed: Bool) throws {
        let json = Array(#"{"service":"a"}"#.utf8)
        let fields: HTTPFields = isCompressed ? ["content-encoding": "gzip"] : [:]
        let head = try Self.head("application/json", fields, HealthMethods.check)
        let messages = try Self.read(
            head, cut(isCompressed ? gzipped(json) : json, every: 4),
            transcoder: try HealthMethods.transcoder())
        #expect(messages == envelope(HealthMethods.request("a")))
    }

    @Test func `a unary body over the limit is refused when it arrives`() throws {
        let head = try Self.head("application/proto", HealthMethods.check)
        #expect(try Self.read(head, [[UInt8](repeating: 1, count: 100)]).count == 105)
        var decoder = RequestDecoder(head, maxMessageBytes: 100, compression: .gzip, transcoder: nil)
        var messages: [UInt8] = []
        try Self.receive([UInt8](repeating: 1, count: 60), &decoder, into: &messages)
        var failure: RPCError?
        do throws(RPCError) {
            try Self.receive([UInt8](repeating: 1, count: 41), &decoder, into: &messages)
        } catch {
            failure = error
        }
        let heldByteCount = decoder.heldByteCount
        #expect(failure?.code == .resourceExhausted && heldByteCount == 60)
    }

    @Test func `JSON over the limit when decompressed is refused`() throws {
        let head = try Self.head("application/json", ["content-encoding": "gzip"], HealthMethods.check)
        let transcoder = try HealthMethods.transcoder()
        let body = gzipped(Array(#"{"service":"\#(String(repeating: "a", count: 200))"}"#.utf8))
        let error = #expect(throws: RPCError.self) { try Self.read(head, [body], transcoder: transcoder) }
        #expect(body.count < 100 && error?.code == .resourceExhausted)
    }

    @Test func `a body that is not gzip as it says is refused`() throws {
        let head = try Self.head("application/json", ["content-encoding": "gzip"], HealthMethods.check)
        let transcoder = try HealthMethods.transcoder()
        let error = #expect(throws: RPCError.self) {
            try Self.read(head, [[1, 2, 3]], transcoder: transcoder)
        }
        #expect(error?.code == .internal)
    }

    @Test(
        "protobuf streams pass unchanged",
        arguments: ["application/connect+proto", "application/grpc-web", "application/grpc"])
    func streams(type: String) throws {
        let body = envelope([1]) + envelope([2, 3], flags: 1) + envelope([])
        for size in [1, 3, 100] {
            #expect(try Self.read(try Self.head(type, HealthMethods.watch), cut(body, every: size)) == body)
        }
    }

    @Test("text is decoded, with padding inside and cut anywhere", arguments: 1...9) func text(size: Int)
        throws
    {
        let body = Base64.standard.encode(envelope([1])) + Base64.standard.encode(envelope([2, 3, 4]))
        let head = try Self.head("application/grpc-web-text", HealthMethods.watch)
        #expect(try Self.read(head, cut(body, every: size)) == envelope([1]) + envelope([2, 3, 4]))
    }

    @Test(
        "enveloped JSON becomes protobuf, message by message",
        arguments: ["application/connect+json", "application/grpc-web+json"])
    func jsonStream(type: String) throws {
        let head = try Self.head(
            type, ["connect-content-encoding": "gzip", "grpc-encoding": "gzip"], HealthMethods.watch)
        let body =
            envelope(#"{"service":"a"}"#) + envelope(gzipped(Array(#"{"service":"b"}"#.utf8)), flags: 1)
            + envelope("{}")
        for size in [1, 7, 1000] {
            let messages = try Self.read(
                head, cut(body, every: size), transcoder: try HealthMethods.transcoder(HealthMethods.watch))
            #expect(
                messages == envelope(HealthMethods.request("a")) + envelope(HealthMethods.request("b"))
                    + envelope([]))
        }
    }

    @Test(
        "a malformed stream of JSON has its code",
        arguments: [
            (envelope("{}", flags: 2), RPCError.Code.internal), (envelope("{}", flags: 0x80), .internal),
            (envelope("{}", flags: 4), .internal), (envelope("{}", flags: 1), .internal),
            ([0, 0, 0, 0], .internal),
            ([0, 0, 0, 0, 101], .resourceExhausted), (envelope("["), .invalidArgument),
            (envelope(""), .invalidArgument),
        ] as [([UInt8], RPCError.Code)])
    func malformed(body: [UInt8], code: RPCError.Code) throws {
        let head = try Self.head("application/connect+json", HealthMethods.watch)
        let transcoder = try HealthMethods.transcoder(HealthMethods.watch)
        for size in [1, 100] {
            let error = #expect(throws: RPCError.self) {
                try Self.read(head, cut(body, every: size), transcoder: transcoder)
            }
            #expect(error?.code == code)
        }
    }

    @Test func `messages before a bad one are delivered`() throws {
        let head = try Self.head("application/connect+json", HealthMethods.watch)
        var decoder = RequestDecoder(
            head, maxMessageBytes: 100, compression: .gzip,
            transcoder: try HealthMethods.transcoder(HealthMethods.watch))
        var messages: [UInt8] = []
        var failure: RPCError?
        do throws(RPCError) {
            try Self.receive(envelope("{}") + envelope("{}", flags: 8), &decoder, into: &messages)
        } catch {
            failure = error
        }
        #expect(messages == envelope([]) && failure?.code == .internal)
    }

    @Test func `without descriptors JSON is not served`() throws {
        let head = try Self.head("application/json", HealthMethods.check)
        let error = #expect(throws: RPCError.self) { try Self.read(head, [Array("{}".utf8)]) }
        #expect(error?.code == .internal)
    }

    @Test func `the message of a query is the request`() throws {
        let method = RoutedMethod(HealthMethods.check, allowsGet: true)
        for codec in MessageCodec.allCases {
            let message = codec == .json ? Array(#"{"service":"a"}"#.utf8) : HealthMethods.request("a")
            let head = try RequestRoutingTests.call(
                RequestEncoder.get(path: HealthMethods.check.path, codec: codec, message: message), method)
            var decoder = RequestDecoder(
                head, maxMessageBytes: 100, compression: .gzip, transcoder: try HealthMethods.transcoder())
            var messages: [UInt8] = []
            try decoder.receive(queryMessage: try #require(head.queryMessage), into: &messages)
            try decoder.end(into: &messages)
            #expect(messages == envelope(HealthMethods.request("a")))
        }
    }

    @Test func `a query's message over the limit is refused`() throws {
        let head = try Self.head("application/proto", HealthMethods.check)
        var decoder = RequestDecoder(head, maxMessageBytes: 3, compression: .gzip, transcoder: nil)
        var messages: [UInt8] = []
        var failure: RPCError?
        do throws(RPCError) { try decoder.receive(queryMessage: [1, 2, 3, 4], into: &messages) } catch {
            failure = error
        }
        #expect(failure?.code == .resourceExhausted)
    }
}

extension RequestDecoderTests {
    private static func head(_ type: String, _ method: MethodDescriptor) throws -> CallHead {
        try head(type, [:], method)
    }
}
