import RPCModel
import RPCProtocols
import Testing

/// gRPC PROTOCOL-WEB.md, "Message framing".
@Suite struct GRPCWebTrailersTests {
    @Test func `each field is a line with a lower-case name, and no blank line ends them`() {
        var fields = HTTPFields()
        fields.appendStatus(
            RPCError(.failedPrecondition, "50% é", trailers: ["x-a": "1"]), trailers: ["x-b": "2"])
        #expect(
            String(decoding: GRPCWebTrailers.write(fields), as: UTF8.self)
                == "grpc-status: 9\r\ngrpc-message: 50%25 %C3%A9\r\nx-a: 1\r\nx-b: 2\r\n")
    }

    @Test func `OK has a status too`() {
        var fields = HTTPFields()
        fields.appendStatus(nil, trailers: [:])
        #expect(GRPCWebTrailers.write(fields) == Array("grpc-status: 0\r\n".utf8))
    }

    @Test func `details are base64 without padding, and advice about retrying has its field`() {
        var fields = HTTPFields()
        fields.appendStatus(
            RPCError(.unavailable, "", statusDetails: [8, 14], retryPushback: .retry(after: .seconds(2))),
            trailers: [:])
        #expect(fields["grpc-status-details-bin"] == "CA4")
        #expect(fields["grpc-retry-pushback-ms"] == "2000")
        #expect(fields["grpc-message"] == nil)
    }

    @Test(
        "names may be of any case, lines may end with LF",
        arguments: [
            "Grpc-Status: 9\r\ngRPC-Message: error\r\nx-Custom-Trailer: bing\r\n",
            "grpc-status:9\r\ngrpc-message:\terror \r\nx-custom-trailer:bing\r\n\r\n",
            "grpc-status: 9\ngrpc-message: error\nx-custom-trailer: bing",
        ])
    func reads(block: String) throws {
        let fields = try GRPCWebTrailers.read(Array(block.utf8))
        let error = fields.status(trailers: [:])
        #expect(error?.code == .failedPrecondition && error?.message == "error")
        #expect(fields["x-custom-trailer"] == "bing")
    }

    @Test func `a value may have colons`() throws {
        #expect(try GRPCWebTrailers.read(Array("a: b:c: d\r\n".utf8))["a"] == "b:c: d")
    }

    @Test(arguments: ["grpc-status", ": 9\r\n", "grpc-status: 0\r\nx\r\n"])
    func `a line without a name is the peer's fault`(block: String) {
        let error = #expect(throws: RPCError.self) { try GRPCWebTrailers.read(Array(block.utf8)) }
        #expect(error?.code == .internal)
    }

    @Test func `a block over the limit is refused`() {
        let block = [UInt8](repeating: UInt8(ascii: "a"), count: GRPCWebTrailers.bytesMax + 1)
        let error = #expect(throws: RPCError.self) { try GRPCWebTrailers.read(block) }
        #expect(error?.code == .resourceExhausted)
    }

    @Test(
        "a status that is missing or malformed is UNKNOWN",
        arguments: [
            (HTTPFields(), true), (["grpc-message": "error"], true), (["grpc-status": "17"], false),
            (["grpc-status": "x"], false), (["grpc-status": ""], false), (["grpc-status": "00"], false),
        ] as [(HTTPFields, Bool)])
    func badStatus(fields: HTTPFields, isBroken: Bool) {
        let error = fields.status(trailers: [:])
        #expect(error?.code == .unknown && error?.isBrokenConnection == isBroken)
    }
}
