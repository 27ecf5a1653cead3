import RPCModel
import RPCProtocols
import Testing

/// Connect protocol, "Error Codes" and "HTTP to Error Code"; suites "Connect to HTTP Code Mapping" and "HTTP to RPC
/// Code Mapping" of connectrpc/conformance.
@Suite struct ConnectCodeTests {
    @Test(
        "each code has its name and HTTP status",
        arguments: [
            (RPCError.Code.cancelled, "canceled", 499), (.unknown, "unknown", 500),
            (.invalidArgument, "invalid_argument", 400), (.deadlineExceeded, "deadline_exceeded", 504),
            (.notFound, "not_found", 404), (.alreadyExists, "already_exists", 409),
            (.permissionDenied, "permission_denied", 403), (.resourceExhausted, "resource_exhausted", 429),
            (.failedPrecondition, "failed_precondition", 400), (.aborted, "aborted", 409),
            (.outOfRange, "out_of_range", 400), (.unimplemented, "unimplemented", 501),
            (.internal, "internal", 500),
            (.unavailable, "unavailable", 503), (.dataLoss, "data_loss", 500),
            (.unauthenticated, "unauthenticated", 401),
        ])
    func namesAndStatuses(code: RPCError.Code, name: String, status: Int) {
        #expect(code.connectName == name)
        #expect(RPCError.Code(connectName: name) == code)
        #expect(code.httpStatus == status)
    }

    @Test(arguments: ["cancelled", "CANCELED", "Unknown", "ok", "", "internal ", "1"])
    func `another spelling is not a code`(name: String) {
        #expect(RPCError.Code(connectName: name) == nil)
    }

    @Test(arguments: [
        (400, RPCError.Code.internal), (401, .unauthenticated), (403, .permissionDenied),
        (404, .unimplemented),
        (409, .unknown), (412, .unknown), (413, .unknown), (415, .unknown), (429, .unavailable),
        (431, .unknown),
        (500, .unknown), (502, .unavailable), (503, .unavailable), (504, .unavailable), (505, .unknown),
        (0, .unknown),
        (-1, .unknown),
    ])
    func `an HTTP status without an error of the protocol's has a code`(status: Int, code: RPCError.Code) {
        #expect(RPCError.Code(connectHTTPStatus: status) == code)
    }

    @Test(
        "a timeout has one to ten digits",
        arguments: [
            ("0", Duration.zero), ("1", .milliseconds(1)), ("0000000007", .milliseconds(7)),
            ("9999999999", .milliseconds(9_999_999_999)),
        ])
    func timeouts(text: String, timeout: Duration) {
        #expect(ConnectTimeout.parse(text) == timeout)
    }

    @Test(arguments: ["", "10000000000", "00000000000", "-1", "+1", " 1", "1 ", "1.5", "1s", "٣", "1\u{0}"])
    func `another text is not a timeout`(text: String) {
        #expect(ConnectTimeout.parse(text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0"), (.seconds(-1), "0"), (.nanoseconds(1), "1"), (.milliseconds(1), "1"),
        (.microseconds(1001), "2"), (.seconds(1), "1000"), (.seconds(9_999_998), "9999998000"),
        (.seconds(9_999_999), "9999999000"), (.milliseconds(9_999_999_998), "9999999998"),
        (.seconds(10_000_000), "9999999999"), (.seconds(Int64.max), "9999999999"), (.seconds(Int64.min), "0"),
    ])
    func `a timeout is written in milliseconds, rounded up`(timeout: Duration, text: String) {
        #expect(ConnectTimeout.format(timeout) == text)
        #expect(ConnectTimeout.parse(text) != nil)
    }
}
