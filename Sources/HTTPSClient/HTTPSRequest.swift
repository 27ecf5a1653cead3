/// One request, held in memory.
public struct HTTPSRequest: Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// Responses of the services used are JSON or XML of a few KiB; ListAttendees with 100 entries is below 300 KiB.
    public static let responseBytesMaxDefault = 1024 * 1024

    public var method: Method
    public var url: HTTPSURL
    /// The client adds `Host` and `Content-Length`.
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// When the request fails, including time in the queue.
    public var deadline: ContinuousClock.Instant
    /// Maximum size of the response body; a longer one fails with ``HTTPSError/Reason/responseTooLarge(limit:)``.
    public var responseBytesMax: Int
    /// Allows the link-local addresses of cloud metadata services. Such requests never use a proxy.
    public var mayReachMetadata: Bool
    /// Set to false for URLs that someone else may have chosen: then only public internet addresses are allowed,
    /// checked when connecting, and never through a proxy.
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

/// One response, held in memory. It may have any status, including redirects, which are not followed.
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
