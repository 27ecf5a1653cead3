/// One response of the monitoring endpoint; the connection is closed after it.
public struct MonitoringResponse: Sendable, Hashable {
    public enum Status: Int, Sendable, Hashable {
        case ok = 200
        case badRequest = 400
        case notFound = 404
        case methodNotAllowed = 405
        case requestTimeout = 408
        case headersTooLarge = 431
        case unavailable = 503
        case versionNotSupported = 505

        var phrase: String {
            switch self {
            case .ok: "OK"
            case .badRequest: "Bad Request"
            case .notFound: "Not Found"
            case .methodNotAllowed: "Method Not Allowed"
            case .requestTimeout: "Request Timeout"
            case .headersTooLarge: "Request Header Fields Too Large"
            case .unavailable: "Service Unavailable"
            case .versionNotSupported: "HTTP Version Not Supported"
            }
        }
    }

    public let status: Status
    public let contentType: String
    public let body: String

    public init(_ status: Status, body: String, contentType: String = "text/plain; charset=utf-8") {
        self.status = status
        self.body = body
        self.contentType = contentType
    }

    /// A response with only its status.
    init(refusal status: Status) { self.init(status, body: status.phrase + "\n") }

    /// HTTP/1.1 on the wire.
    func encoded(isHeadOnly: Bool) -> [UInt8] {
        var text = """
            HTTP/1.1 \(status.rawValue) \(status.phrase)\r
            Content-Type: \(contentType)\r
            Content-Length: \(body.utf8.count)\r
            Cache-Control: no-store\r
            Connection: close\r

            """
        if status == .methodNotAllowed { text += "Allow: GET, HEAD\r\n" }
        text += "\r\n"
        if !isHeadOnly { text += body }
        return Array(text.utf8)
    }
}
