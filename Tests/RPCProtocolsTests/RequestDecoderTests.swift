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
        _ head: CallHead, _ parts: [[UInt8]], maxMessageBytes: Int = 100
    ) throws(RPCError) -> [UInt8] {
        var decoder = RequestDecoder(head, maxMessageBytes: maxMessageBytes)
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

    @Test func `a unary body over the limit is refused when it arrives`() throws {
        let head = try Self.head("application/proto", HealthMethods.check)
        #expect(try Self.read(head, [[UInt8](repeating: 1, count: 100)]).count == 105)
        var decoder = RequestDecoder(head, maxMessageBytes: 100)
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

    @Test(
        "streams pass unchanged",
        arguments: [
            "application/connect+proto", "application/connect+json", "application/grpc-web",
            "application/grpc",
        ])
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

    @Test func `bytes before text that is not base64 are delivered`() throws {
        let head = try Self.head("application/grpc-web-text", HealthMethods.watch)
        var decoder = RequestDecoder(head, maxMessageBytes: 100)
        var messages: [UInt8] = []
        var failure: RPCError?
        do throws(RPCError) {
            try Self.receive(Array("AAAA****".utf8), &decoder, into: &messages)
        } catch {
            failure = error
        }
        #expect(messages == [0, 0, 0] && failure?.code == .internal)
    }

    @Test func `the message of a query is the request`() throws {
        let method = RoutedMethod(HealthMethods.check, allowsGet: true)
        let head = try RequestRoutingTests.call(
            RequestEncoder.get(path: HealthMethods.check.path, codec: .proto, message: [1, 2, 3, 4]), method)
        #expect(try Self.read(head, []) == envelope([1, 2, 3, 4]))
        let error = #expect(throws: RPCError.self) { try Self.read(head, [], maxMessageBytes: 3) }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func `a compressed message of a query is a compressed message`() throws {
        let packed = gzipped([1, 2, 3])
        let query = ConnectQuery.write(codec: .json, message: packed, compression: .gzip)
        let head = try RequestRoutingTests.call(
            RequestRoutingTests.head(
                "GET", nil, target: "\(HealthMethods.check.path)?\(query)", hasBody: false),
            RoutedMethod(HealthMethods.check, allowsGet: true))
        #expect(try Self.read(head, []) == envelope(packed, flags: 1))
    }
}

extension RequestDecoderTests {
    private static func head(_ type: String, _ method: MethodDescriptor) throws -> CallHead {
        try head(type, [:], method)
    }
}
