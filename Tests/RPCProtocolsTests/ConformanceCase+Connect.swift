import RPCModel
import RPCProtocols

extension ConformanceCase {
    static let connectUnexpected: [ConformanceCase] = {
        let suite = "Connect Unexpected Responses"
        let oops = envelope(#"{"code":"out_of_range","message":"oops"}"#, flags: 2)
        let jsonMessage = #"{"payload": {"data": "dGVzdCByZXNwb25zZQ"}}"#
        return [
            .init(suite, "unexpected-error-body", .connectUnary, status: 403, proto, [], .permissionDenied),
            .init(
                suite, "client-stream/ok-but-no-response", .connectClientStream, stream, oops, .unimplemented),
            .init(
                suite, "client-stream/multiple-responses", .connectClientStream, stream,
                envelope([]) + envelope([]) + oops, .unimplemented),
            .init(
                suite, "client-stream/no-end-stream", .connectClientStream, stream, envelope([]), .internal,
                .unknown),
            .init(
                suite, "server-stream/no-end-stream", .connectStream, stream, envelope([]), .internal,
                .unknown,
                payloads: [[]]),
            .init(
                suite, "bidi-stream/half-duplex/no-end-stream", .connectStream, stream, envelope([]),
                .internal, .unknown,
                payloads: [[]]),
            .init(
                suite, "unexpected-content-type", .connectUnary, ["content-type": "image/jpeg"], [], .unknown),
            .init(suite, "unexpected-codec", .connectUnary, json, text(jsonMessage), .internal),
            .init(
                suite, "unexpected-stream-codec", .connectStream,
                ["content-type": "application/connect+json"],
                envelope(jsonMessage) + envelope("{}", flags: 2), .internal),
            .init(
                suite, "unexpected-compression", .connectUnary, fields(proto, ["content-encoding": "foo"]),
                [1, 2],
                .internal),
            .init(
                suite, "unexpected-compressed-message", .connectStream,
                fields(stream, ["connect-content-encoding": "identity"]),
                envelope([1], flags: 1) + envelope("{}", flags: 2), .internal),
        ]
    }()

    /// A detail of the type `google.protobuf.FileDescriptorProto`.
    static let detail = [10, 10] + text("test.proto")
    static func details(_ members: String) -> String {
        #"[{"type":"google.protobuf.FileDescriptorProto","value":"Cgp0ZXN0LnByb3Rv"\#(members)}]"#
    }

    static let errorDetails: [(name: String, members: String)] = [
        ("invalid-details-debug", #","debug":"garbage""#), ("missing-details-debug", ""),
    ]

    static let connectErrors: [ConformanceCase] = {
        let suite = "Connect Error and End-Stream"
        func error(
            _ name: String, _ status: Int, _ body: String, _ code: RPCError.Code, message: String? = nil,
            details: [UInt8]? = nil
        ) -> ConformanceCase {
            .init(
                suite, "error/\(name)", .connectUnary, status: status, json, text(body), code,
                message: message,
                details: details)
        }
        let unknown = details(#","frob":"nitz","debug":{"foobar":true}"#)
        let frob = #"{"code":"out_of_range","message":"oops","details":\#(unknown)}"#
        return [
            error("null", 401, "null", .unauthenticated),
            error(
                "null-code", 401, #"{ "code": null, "message": "oops" }"#, .unauthenticated, message: "oops"),
            error("missing-code", 401, #"{ "message": "oops" }"#, .unauthenticated, message: "oops"),
            error(
                "unrecognized-code", 429, #"{ "code": "foobar", "message": "oops" }"#, .unavailable,
                message: "oops"),
            error("missing-message", 401, #"{ "code": "unauthenticated" }"#, .unauthenticated, message: ""),
            error(
                "allow-unrecognized-fields", 422, #"{"code":"out_of_range","message":"oops","foobar":"baz"}"#,
                .outOfRange,
                message: "oops"),
            error("allow-unrecognized-fields-in-details", 422, frob, .outOfRange, message: "oops", details: detail),
        ]
            + errorDetails.map { name, members in
                error(
                    name, 422, #"{"code":"out_of_range","message":"oops","details":\#(details(members))}"#,
                    .outOfRange,
                    message: "oops", details: detail)
            }
    }()

    static let connectEnds: [ConformanceCase] = {
        let suite = "Connect Error and End-Stream"
        func ending(
            _ name: String, _ error: String, _ code: RPCError.Code, message: String? = nil,
            details: [UInt8]? = nil
        ) -> ConformanceCase {
            .init(
                suite, "end-stream/\(name)", .connectStream, stream,
                envelope(#"{ "error": \#(error) }"#, flags: 2), code,
                message: message, details: details)
        }
        return [
            .init(
                suite, "end-stream/null-error", .connectStream, stream,
                envelope(#"{ "error": null }"#, flags: 2),
                payloads: []),
            ending("null-code", #"{ "code": null, "message": "oops" }"#, .unknown, message: "oops"),
            ending("missing-code", #"{ "message": "oops" }"#, .unknown, message: "oops"),
            ending(
                "unrecognized-code", #"{ "code": "foobar", "message": "oops" }"#, .unknown, message: "oops"),
            ending("missing-message", #"{ "code": "unauthenticated" }"#, .unauthenticated, message: ""),
            ending(
                "allow-unrecognized-fields",
                #"{"code":"out_of_range","message":"oops","foobar":"baz","details":\#(details(#","frob":"nitz""#))}"#,
                .outOfRange, message: "oops", details: detail),
        ]
            + errorDetails.map { name, members in
                ending(
                    name, #"{"code":"out_of_range","message":"oops","details":\#(details(members))}"#,
                    .outOfRange,
                    message: "oops", details: detail)
            }
    }()
}
