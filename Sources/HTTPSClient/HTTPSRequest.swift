/// One request, whole in memory.
public struct HTTPSRequest: Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// Answers of the services spoken to are JSON or XML of a few KiB; ListAttendees with 100 entries is
    /// below 300 KiB.
    public static let responseBytesMaxDefault = 1024 * 1024

    public var method: Method
    public var url: HTTPSURL
    /// `Host` and `Content-Length` are written by the client.
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// The instant at which the request fails, waiting in the queue included.
    public var deadline: ContinuousClock.Instant
    /// Bytes of body accepted; a longer answer fails with ``HTTPSError/Reason/responseTooLarge(limit:)``.
    public var responseBytesMax: Int
    /// Allows the link-local addresses where machines find credentials. Such requests never use a proxy.
    public var mayReachMetadata: Bool
    /// False for addresses that somebody else may have chosen: then only the internet's public addresses are
    /// connected to, judged when the connection is made, and never by a proxy.
    public var mayReachPrivate = true

    public init(
        _ method: Method, _ url: HTTPSURL, headers: HTTPHeaders = [:], body: [UInt8] = [],
        deadline: ContinuousClock.Instant, responseBytesMax: Int = HTTPSRequest.responseBytesMaxDefault,
        mayReachMetadata: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadline = deadline
        self.responseBytesMax = responseBytesMax
        self.mayReachMetadata = mayReachMetadata
    }
}

/// One answer, whole in memory. Any status is an answer, redirects included: they are not followed.
public struct HTTPSResponse: Hashable, Sendable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]

    public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
