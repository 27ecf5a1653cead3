/// What a response begins with. The engine adds `Date`, `Connection` and what divides the response from the next one.
public struct HTTP1ResponseHead: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// 200 to 599.
    public var status: Int
    /// In this order; names may repeat.
    public var fields: [Field]
    /// The connection ends with this response.
    public var closesConnection: Bool

    public init(status: Int, fields: [Field] = [], closesConnection: Bool = false) {
        self.status = status
        self.fields = fields
        self.closesConnection = closesConnection
    }
}

/// A response that cannot be sent as it was made; the server's fault. Nothing of it was sent.
public enum HTTP1ResponseError: Error, Hashable, Sendable {
    /// Not a final status, from 200 to 599.
    case invalidStatus(Int)
    /// A name that is not a token (RFC 9110 section 5.6.2).
    case invalidFieldName
    /// A value with CR, LF, NUL or another control character, which would end the field early (RFC 9110 section 5.5).
    case invalidFieldValue(name: String)
    /// A field that the engine writes itself.
    case reservedField(name: String)
    /// Content for a status that has none (RFC 9110 sections 15.3.5 and 15.4.5).
    case contentForbidden(status: Int)
    /// More content than was announced, or less at the end: the connection ends, because the client cannot tell where
    /// the response does.
    case wrongLength
}

/// The words after a status code. They mean nothing to a client (RFC 9112 section 4).
public enum HTTP1ReasonPhrase {
    /// - Returns: empty for a status that is not in the table.
    public static func of(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}
