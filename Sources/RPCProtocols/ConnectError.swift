internal import GRPCStandardAPI
internal import ProtobufWire
public import RPCModel
public import TextFormats

// Errors as Connect's JSON: `{"code", "message", "details": [{"type", "value"}]}`.
// Spec: Connect protocol, "Error Codes" and "Unary-Response".

extension RPCError {
    private static let typeURLPrefix = "type.googleapis.com/"

    /// The error as Connect writes it, without its trailers.
    public var connectJSON: JSONText {
        .object(present: [
            "code": .string(code.connectName),
            "message": message.isEmpty ? nil : .string(message),
            "details": connectDetails.map(JSONText.array),
        ])
    }

    /// The details of the status; `nil` without any.
    private var connectDetails: [JSONText]? {
        guard !statusDetails.isEmpty, let status = try? Google_Rpc_Status(decoding: statusDetails),
            !status.details.isEmpty
        else { return nil }
        return status.details.map { detail in
            let type = detail.typeURL.split(separator: "/").last.map(String.init) ?? detail.typeURL
            return .object(["type": .string(type), "value": .string(Base64.unpadded.text(detail.value))])
        }
    }

    /// Reads an error.
    ///
    /// `debug` and unknown members are ignored. Details that are not base64 are left out: they must not hide the code.
    ///
    /// - Parameters:
    ///   - json: the error's object.
    ///   - code: the code when the object has none, or one that is not in the protocol.
    ///   - trailers: the trailing metadata received with the error.
    /// - Returns: `nil` when `json` is not an object.
    public init?(connectJSON json: JSONText, otherwise code: Code, trailers: Metadata) {
        guard case .object = json else { return nil }
        let code = json["code"]?.stringValue.flatMap(Code.init(connectName:)) ?? code
        let message = json["message"]?.stringValue ?? ""
        let details = (json["details"]?.arrayValue ?? []).compactMap(Self.detail)
        var status = Google_Rpc_Status()
        if !details.isEmpty {
            status.code = Int32(code.rawValue)
            status.message = message
            status.details = details
        }
        self.init(
            code, message, statusDetails: details.isEmpty ? [] : status.encodedBytes(), trailers: trailers,
            isFromPeer: true)
    }

    private static func detail(_ json: JSONText) -> Google_Protobuf_Any? {
        guard let type = json["type"]?.stringValue, let text = json["value"]?.stringValue,
            let value = Base64.unpadded.decode(Array(text.utf8))
        else { return nil }
        var detail = Google_Protobuf_Any()
        detail.typeURL = typeURLPrefix + type
        detail.value = value
        return detail
    }

    /// The error of a unary Connect response whose HTTP status is not 200.
    ///
    /// - Parameters:
    ///   - head: the response's head.
    ///   - body: the body, decompressed; the code of one that is not an error of Connect's follows from the HTTP
    ///     status, and if that is a proxy's for an unreachable service, the error is a broken connection.
    public init(connectResponse head: ResponseHead, body: [UInt8]) {
        let code = Code(connectHTTPStatus: head.status)
        let trailers = Metadata(connectTrailersOf: head.fields)
        let isJSON = head.fields["content-type"].flatMap(RPCContentType.init)?.text == "application/json"
        if isJSON, let json = try? JSONText(parsing: body, fractions: true),
            let error = RPCError(connectJSON: json, otherwise: code, trailers: trailers)
        {
            self = error
            return
        }
        let message = "the server answered with HTTP status \(head.status)"
        let isBroken = head.status != 200 && Code.isBrokenConnection(httpStatus: head.status)
        self =
            isBroken
            ? .brokenConnection(code, message, trailers: trailers)
            : RPCError(code, message, trailers: trailers)
    }
}
