import RPCModel
import RPCProtocols

extension ConformanceCase {
    static let webTrailers: [ConformanceCase] = {
        let suite = "gRPC-Web Trailers"
        let bodies = [
            ("expected", "grpc-status: 9\r\ngrpc-message: error\r\nx-custom-trailer: bing\r\n"),
            ("mixed-case", "Grpc-Status: 9\r\ngRPC-Message: error\r\nx-Custom-Trailer: bing\r\n"),
            (
                "duplicate-metadata",
                "grpc-status: 9\r\ngrpc-message: error\r\nx-custom-trailer: bing\r\nx-custom-trailer: quuz\r\n"
            ),
        ]
        var twice: Metadata = ["x-custom-trailer": "bing"]
        twice.append("x-custom-trailer", "quuz")
        return [("unary", Kind.webUnary), ("server-stream", .web)].flatMap { name, kind in
            bodies.map { body, block in
                ConformanceCase(
                    suite, "\(name)/trailers-in-body/\(body)", kind, fields(web, ["x-custom-header": "foo"]),
                    envelope(block, flags: 128), .failedPrecondition, message: "error",
                    trailers: body == "duplicate-metadata" ? twice : ["x-custom-trailer": "bing"],
                    initial: ["x-custom-header": "foo"])
            } + [
                .init(
                    suite, "\(name)/trailers-only/expected", kind,
                    fields(web, ["x-custom-trailer": "bing", "grpc-status": "9", "grpc-message": "error"]),
                    [],
                    .failedPrecondition, message: "error", trailers: ["x-custom-trailer": "bing"]),
                .init(
                    suite, "\(name)/trailers-only/duplicate-metadata", kind,
                    fields(
                        web,
                        [
                            "x-custom-trailer": "bing", "x-custom-trailer": "quuz", "grpc-status": "9",
                            "grpc-message": "error",
                        ]), [], .failedPrecondition, message: "error", trailers: twice),
            ]
        }
    }()

    static let webUnexpected: [ConformanceCase] = {
        let suite = "gRPC-Web Unexpected Responses"
        let ok = envelope("grpc-status: 0\r\n", flags: 128)
        let one = ["unary", "client-stream"].flatMap { kind in
            [
                ConformanceCase(
                    suite, "trailers-in-body/\(kind)/ok-but-no-response", .webUnary, web, ok, .unimplemented),
                .init(
                    suite, "trailers-in-body/\(kind)/multiple-responses", .webUnary, web,
                    envelope([]) + envelope([]) + ok,
                    .unimplemented),
                .init(
                    suite, "trailers-only/\(kind)/ok-but-no-response", .webUnary,
                    fields(web, ["grpc-status": "0"]), [],
                    .unimplemented),
            ]
        }
        let others: [ConformanceCase] = [
            .init(
                suite, "trailers-in-body/missing-status", .webUnary, web,
                envelope("grpc-message: error\r\n", flags: 128),
                .unknown, .internal),
            .init(
                suite, "trailers-only/missing-status", .webUnary, fields(web, ["grpc-message": "error"]), [],
                .unknown,
                .internal),
            .init(
                suite, "trailers-only/ignore-header-if-body-present", .webUnary,
                fields(web, ["grpc-status": "8"]),
                envelope("grpc-status: 9\r\n", flags: 128), .failedPrecondition),
            .init(suite, "unexpected-content-type", .webUnary, ["content-type": "image/jpeg"], [], .unknown),
            .init(
                suite, "unexpected-codec", .webUnary, ["content-type": "application/grpc-web+json"],
                envelope("{}") + ok,
                .internal, .unknown, .unimplemented),
            .init(
                suite, "unexpected-compression", .webUnary, fields(webProto, ["grpc-encoding": "foo"]),
                envelope([1], flags: 1) + ok, .internal),
            .init(
                suite, "unexpected-compressed-message", .webUnary,
                fields(webProto, ["grpc-encoding": "identity"]),
                envelope([1], flags: 1) + ok, .internal),
        ]
        let message = [10, 13] + text("test response")
        let formats = ["with", "without"].map { name in
            ConformanceCase(
                "gRPC-Web Proto Sub-Format Responses", "\(name)-proto-sub-format", .webUnary,
                name == "with" ? webProto : web, envelope(message) + ok, payloads: [message])
        }
        return one + others + formats
    }()
}
