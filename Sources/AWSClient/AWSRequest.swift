public import HTTPSClient

/// A request to an AWS service before it is signed.
public struct AWSRequest: Sendable {
    public struct QueryItem: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var method: HTTPSRequest.Method
    /// Only scheme, host and port are used, not the path.
    public var endpoint: HTTPSURL
    /// As sent: percent-encoded once, beginning with `/`.
    public var path: String
    /// Not encoded; order and repetitions are kept on the wire and sorted for the signature.
    public var query: [QueryItem]
    public var headers: HTTPHeaders
    public var body: [UInt8]

    public init(
        _ method: HTTPSRequest.Method, _ endpoint: HTTPSURL, path: String, query: [QueryItem] = [],
        headers: HTTPHeaders = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.endpoint = endpoint
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The complete URL.
    public var urlText: String {
        let base = "\(endpoint.scheme.rawValue)://\(endpoint.authority)\(path)"
        return query.isEmpty ? base : base + "?" + Self.encoded(query)
    }

    static func encoded(_ query: [QueryItem]) -> String {
        query.map { "\(PercentEncoding.component($0.name))=\(PercentEncoding.component($0.value))" }
            .joined(separator: "&")
    }
}
