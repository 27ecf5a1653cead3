import RPCProtocols
import Testing

/// Connect protocol, "Unary-Content-Type" and "Streaming-Content-Type"; gRPC PROTOCOL-WEB.md, "Content-Type".
@Suite struct RPCContentTypeTests {
    @Test(arguments: [
        ("application/grpc", RPCProtocol.grpc, MessageCodec.proto), ("application/grpc+proto", .grpc, .proto),
        ("application/grpc;charset=utf-8", .grpc, .proto),
        ("application/grpc-web", .grpcWeb(isText: false), .proto),
        ("application/grpc-web+proto", .grpcWeb(isText: false), .proto),
        ("application/grpc-web+json", .grpcWeb(isText: false), .json),
        ("application/grpc-web-text", .grpcWeb(isText: true), .proto),
        ("application/grpc-web-text+proto", .grpcWeb(isText: true), .proto),
        ("application/json", .connectUnary, .json), ("application/proto", .connectUnary, .proto),
        ("application/connect+json", .connectStream, .json),
        ("application/connect+proto", .connectStream, .proto),
        ("Application/JSON; Charset=UTF-8", .connectUnary, .json),
        ("application/json;charset=\"utf-8\"", .connectUnary, .json),
    ])
    func `a content type names a protocol and a codec`(
        value: String, wireProtocol: RPCProtocol, codec: MessageCodec
    ) {
        let type = RPCContentType(value)
        #expect(type?.wireProtocol == wireProtocol)
        #expect(type?.codec == codec)
    }

    @Test(arguments: [
        "", "application/", "image/jpeg", "application/foo", "application/grpc-web+foo",
        "application/connect",
        "application/connect+xml", "application/jsonp", "text/json", "application/json; charset=latin1",
        "application/json; v=1", "application/grpc-webs", "application/grpc-web-text+xml",
        "application/x-protobuf",
    ])
    func `every other content type is of no protocol`(value: String) {
        #expect(RPCContentType(value) == nil)
    }

    @Test func `a response has the content type of its request`() {
        for type in [
            "application/grpc-web", "application/grpc-web+proto", "application/connect+json",
            "application/proto",
        ] {
            #expect(RPCContentType(type)?.text == type)
        }
        #expect(RPCContentType("application/JSON; charset=utf-8")?.text == "application/json")
    }

    @Test func `accept-post lists what the kind of method takes`() {
        let unary = RPCContentType.acceptPost(isStreaming: false).split(separator: ", ")
        let stream = RPCContentType.acceptPost(isStreaming: true).split(separator: ", ")
        #expect(unary.contains("application/json") && !unary.contains("application/connect+json"))
        #expect(stream.contains("application/connect+json") && !stream.contains("application/json"))
        for types in [unary, stream] {
            #expect(types.contains("application/grpc") && types.contains("application/grpc-web-text"))
            #expect(types.allSatisfy { RPCContentType(String($0)) != nil })
        }
    }

    @Test func `a protocol and a codec have a content type`() {
        let protocols: [RPCProtocol] = [
            .grpcWeb(isText: false), .grpcWeb(isText: true), .connectUnary, .connectStream,
        ]
        for wireProtocol in protocols {
            for codec in MessageCodec.allCases {
                let type = RPCContentType(wireProtocol, codec)
                #expect(RPCContentType(type.text) == type)
            }
        }
        #expect(RPCContentType(.grpc, .proto).text == "application/grpc")
    }
}
