import RPCModel
import RPCProtocols

extension ConformanceCase {
    static let empty: [ConformanceCase] = {
        let end = envelope(#"{ "metadata": { "x-custom-trailer": ["bing"] } }"#, flags: 2)
        let webEnd = envelope("grpc-status: 0\r\nx-custom-trailer: bing\r\n", flags: 128)
        func answer(
            _ suite: String, _ name: String, _ kind: Kind, _ base: HTTPFields, _ body: [UInt8],
            unary: HTTPFields = [:]
        ) -> ConformanceCase {
            .init(
                suite, name, kind, fields(fields(base, ["x-custom-header": "foo"]), unary), body,
                trailers: ["x-custom-trailer": "bing"], initial: ["x-custom-header": "foo"], payloads: [[]])
        }
        let (connect, grpcWeb) = ("Connect Empty Responses", "gRPC-Web Empty Responses")
        return [
            answer(
                connect, "unary/empty-response", .connectUnary, proto, [],
                unary: ["trailer-x-custom-trailer": "bing"]),
            answer(connect, "client-stream/empty-response", .connectClientStream, stream, envelope([]) + end),
            answer(connect, "server-stream/empty-response", .connectStream, stream, envelope([]) + end),
            answer(
                connect, "bidi-stream/half-duplex/empty-response", .connectStream, stream, envelope([]) + end),
            answer(grpcWeb, "unary/empty-response", .webUnary, webProto, envelope([]) + webEnd),
            answer(grpcWeb, "client-stream/empty-response", .webUnary, webProto, envelope([]) + webEnd),
            answer(grpcWeb, "server-stream/empty-response", .web, webProto, envelope([]) + webEnd),
            answer(grpcWeb, "bidi-stream/half-duplex/empty-response", .web, webProto, envelope([]) + webEnd),
        ]
    }()

    static let compressed: [ConformanceCase] = {
        let suite = "Connect Compressed Error and End-Stream"
        let error =
            #"{"code":"out_of_range","message":"oops","details":\#(details(#","debug":{"name":"test.proto"}"#))}"#
        let trailers = "grpc-status: 9\r\ngrpc-message: error\r\nx-custom-trailer: bing\r\n"
        return [
            .init(
                suite, "error/compressed", .connectUnary, status: 422,
                fields(json, ["content-encoding": "gzip"]),
                gzipped(text(error)), .outOfRange, message: "oops", details: detail),
            .init(
                suite, "end-stream/compressed", .connectStream,
                fields(stream, ["connect-content-encoding": "gzip"]),
                envelope(gzipped(text(#"{"error":\#(error)}"#)), flags: 3), .outOfRange, message: "oops",
                details: detail),
            .init(
                "gRPC-Web Compressed Trailers", "trailers-in-body/compressed", .webUnary,
                fields(web, ["grpc-encoding": "gzip", "x-custom-header": "foo"]),
                envelope(gzipped(text(trailers)), flags: 129), .failedPrecondition, message: "error",
                trailers: ["x-custom-trailer": "bing"], initial: ["x-custom-header": "foo"]),
        ]
    }()
}
