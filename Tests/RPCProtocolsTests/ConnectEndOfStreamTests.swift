import RPCModel
import RPCProtocols
import Testing

/// Connect protocol, "EndStreamResponse"; suite "Connect Error and End-Stream" of connectrpc/conformance.
@Suite struct ConnectEndOfStreamTests {
    private static func read(_ text: String) throws(RPCError) -> ConnectEndOfStream {
        try ConnectEndOfStream(parsing: Array(text.utf8))
    }

    private static func text(_ end: ConnectEndOfStream) -> String {
        String(decoding: end.bytes, as: UTF8.self)
    }

    @Test func `success without trailers is an empty object`() {
        #expect(Self.text(ConnectEndOfStream(error: nil, trailers: [:])) == "{}")
    }

    @Test func `trailers are arrays under their names`() {
        var trailers: Metadata = ["x-a": "1", "x-b": "3"]
        trailers.append("x-a", "2")
        trailers.append("x-c-bin", binary: [1])
        #expect(
            Self.text(ConnectEndOfStream(error: nil, trailers: trailers))
                == #"{"metadata":{"x-a":["1","2"],"x-b":["3"],"x-c-bin":["AQ"]}}"#)
    }

    @Test func `an error's own trailers come with the call's`() throws {
        let end = ConnectEndOfStream(
            error: RPCError(.aborted, "oops", trailers: ["x-a": "1"]), trailers: ["x-a": "2"])
        #expect(
            Self.text(end) == #"{"error":{"code":"aborted","message":"oops"},"metadata":{"x-a":["1","2"]}}"#)
        let again = try ConnectEndOfStream(parsing: end.bytes)
        #expect(again.error?.code == .aborted && again.error?.message == "oops")
        #expect(again.error?.trailers.values(named: "x-a") == ["1", "2"])
        #expect(again.trailers == end.trailers)
    }

    @Test(
        "end-stream/null-error: a null error is success",
        arguments: [#"{ "error": null }"#, "{}", #"{"metadata":null}"#])
    func success(text: String) throws {
        let end = try Self.read(text)
        #expect(end.error == nil && end.trailers.isEmpty)
    }

    @Test(
        "end-stream/null-code, missing-code, unrecognized-code: UNKNOWN with the message",
        arguments: [
            #"{"error":{"code":null,"message":"oops"}}"#, #"{"error":{"message":"oops"}}"#,
            #"{"error":{"code":"foobar","message":"oops"}}"#,
        ])
    func unknownCode(text: String) throws {
        let error = try #require(try Self.read(text).error)
        #expect(error.code == .unknown && error.message == "oops")
    }

    @Test func `end-stream/missing-message: a message may be absent`() throws {
        #expect(try Self.read(#"{"error":{"code":"unauthenticated"}}"#).error?.code == .unauthenticated)
    }

    @Test func `names of metadata may be of any case`() throws {
        #expect(
            try Self.read(#"{"metadata":{"X-Custom-Trailer":["bing"]}}"#).trailers["x-custom-trailer"]
                == "bing")
    }

    @Test func `names of the protocols are not metadata`() throws {
        let end = try Self.read(
            #"{"metadata":{"grpc-status":["0"],"connect-x":["1"],"":["2"],"content-length":["3"]}}"#)
        #expect(end.trailers.isEmpty)
    }

    @Test(arguments: [
        "", "null", "[]", "{", #"{"error":1}"#, #"{"error":[]}"#, #"{"metadata":[]}"#,
        #"{"metadata":{"a":"b"}}"#,
        #"{"metadata":{"a":[1]}}"#, #"{"error":{},"error":{}}"#, "\u{FEFF}{}",
    ])
    func `anything else is a malformed response`(text: String) {
        let error = #expect(throws: RPCError.self) { try Self.read(text) }
        #expect(error?.code == .internal)
    }
}
