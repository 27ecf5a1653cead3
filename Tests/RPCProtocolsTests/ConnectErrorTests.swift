import GRPCStandardAPI
import ProtobufWire
import RPCModel
import RPCProtocols
import Testing
import TextFormats

/// Connect protocol, "Error Codes"; suites "Connect Error and End-Stream" and "Connect Unexpected Responses" of
/// connectrpc/conformance.
@Suite struct ConnectErrorTests {
    /// `google.rpc.ErrorInfo` with the reason `R`.
    private static let details: [UInt8] = {
        var info = Google_Rpc_ErrorInfo()
        info.reason = "R"
        var detail = Google_Protobuf_Any()
        detail.typeURL = "type.googleapis.com/google.rpc.ErrorInfo"
        detail.value = info.encodedBytes()
        var status = Google_Rpc_Status()
        status.code = 9
        status.message = "not now"
        status.details = [detail]
        return status.encodedBytes()
    }()

    private static func read(_ text: String, status: Int = 401) -> RPCError {
        RPCError(
            connectResponse: ResponseHead(status: status, fields: ["content-type": "application/json"]),
            body: Array(text.utf8))
    }

    @Test func `an error is written with its code, message and details`() {
        let error = RPCError(.failedPrecondition, "not now", statusDetails: Self.details)
        // The detail is field 1, one byte of text: 0A 01 52, and base64 of that without padding is CgFS.
        let details = #"[{"type":"google.rpc.ErrorInfo","value":"CgFS"}]"#
        #expect(
            error.connectJSON.text
                == #"{"code":"failed_precondition","details":\#(details),"message":"not now"}"#)
    }

    @Test func `base64 in details has no padding`() {
        var detail = Google_Protobuf_Any()
        detail.typeURL = "type.googleapis.com/a.B"
        detail.value = [1]
        var status = Google_Rpc_Status()
        status.details = [detail]
        let json = RPCError(.unknown, "", statusDetails: status.encodedBytes()).connectJSON
        #expect(json.text == #"{"code":"unknown","details":[{"type":"a.B","value":"AQ"}]}"#)
    }

    @Test func `an error without a message or details has neither member`() {
        #expect(RPCError(.cancelled, "").connectJSON.text == #"{"code":"canceled"}"#)
        #expect(RPCError(.unknown, "", statusDetails: [0xFF]).connectJSON.text == #"{"code":"unknown"}"#)
    }

    @Test func `text of every kind survives`() {
        let message = "é \u{1F600} \"\\\n\u{0}</script>"
        let error = Self.read(RPCError(.aborted, message).connectJSON.text)
        #expect(error.message == message)
        #expect(error.code == .aborted)
    }

    @Test func `what is written is read again`() {
        let error = RPCError(.failedPrecondition, "not now", statusDetails: Self.details)
        let again = Self.read(error.connectJSON.text)
        #expect(again.code == error.code && again.message == error.message)
        #expect(again.statusDetails == error.statusDetails)
        #expect(again.isFromPeer)
    }

    @Test(
        "error/null, null-code, missing-code: the HTTP status has the code",
        arguments: [
            "null", #"{"code": null, "message": "oops"}"#, #"{"message": "oops"}"#,
            #"{"code": 5, "message": "oops"}"#,
            #"{"code": "foobar", "message": "oops"}"#, "", "[]", "{", #""x""#,
            #"{"code":"aborted","code":"aborted"}"#,
        ])
    func codeOfStatus(text: String) {
        let error = Self.read(text)
        #expect(error.code == .unauthenticated)
        #expect(!text.contains("oops") || error.message == "oops")
    }

    @Test func `error/unrecognized-code: a status of a proxy has its code`() {
        let error = Self.read(#"{ "code": "foobar", "message": "oops" }"#, status: 429)
        #expect(error.code == .unavailable && error.message == "oops" && !error.isBrokenConnection)
    }

    @Test func `error/missing-message: a message may be absent`() {
        let error = Self.read(#"{ "code": "unauthenticated" }"#)
        #expect(error.code == .unauthenticated && error.message.isEmpty)
    }

    @Test(
        "error/allow-unrecognized-fields and details-debug: what is unknown is ignored",
        arguments: [
            #""debug": "garbage""#, #""frob": "nitz", "debug": {"name": "test.proto", "x": 1.5e3}"#,
            #""debug": null"#,
        ])
    func ignoresDebug(member: String) throws {
        let details = #"[{"type":"a.B","value":"CgFS",\#(member)}]"#
        let error = Self.read(
            #"{"code":"out_of_range","message":"oops","foobar":"baz","details":\#(details)}"#, status: 422)
        #expect(error.code == .outOfRange && error.message == "oops")
        let status = try Google_Rpc_Status(decoding: error.statusDetails)
        #expect(status.details.map(\.typeURL) == ["type.googleapis.com/a.B"])
        #expect(status.details.map(\.value) == [[10, 1, 82]])
    }

    @Test func `a detail that is not base64 does not hide the code`() {
        let error = Self.read(#"{"code":"aborted","details":[{"type":"a.B","value":"*"},{"type":1},7]}"#)
        #expect(error.code == .aborted && error.statusDetails.isEmpty)
    }

    @Test func `details may be padded`() throws {
        let error = Self.read(#"{"code":"aborted","details":[{"type":"a.B","value":"AQ=="}]}"#)
        #expect(try Google_Rpc_Status(decoding: error.statusDetails).details.first?.value == [1])
    }

    @Test func `unexpected-error-body: the status counts when the body is not JSON`() {
        let head = ResponseHead(status: 403, fields: ["content-type": "application/proto"])
        #expect(
            RPCError(connectResponse: head, body: Array(#"{"code":"aborted"}"#.utf8)).code
                == .permissionDenied)
    }

    @Test func `a proxy that cannot reach the service is a broken connection`() {
        let head = ResponseHead(status: 503, fields: ["content-type": "text/html"])
        let error = RPCError(connectResponse: head, body: Array("<html>".utf8))
        #expect(error.code == .unavailable && error.isBrokenConnection && !error.isFromPeer)
    }

    @Test func `an error has the trailing metadata of its headers`() {
        let head = ResponseHead(
            status: 409,
            fields: [
                "content-type": "application/json", "x-a": "1", "trailer-x-b": "2", "trailer-x-c-bin": "AQ",
            ])
        let error = RPCError(connectResponse: head, body: Array(#"{"code":"aborted"}"#.utf8))
        #expect(error.trailers["x-b"] == "2" && error.trailers.binary(named: "x-c-bin") == [1])
        #expect(error.trailers["x-a"] == nil)
    }
}
