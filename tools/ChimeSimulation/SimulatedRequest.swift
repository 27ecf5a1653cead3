/// One HTTP request, as far as the simulated services look at it.
public struct SimulatedRequest: Sendable {
    /// In upper case.
    public var method: String
    /// As on the request line: percent-encoded, without the query.
    public var path: String
    /// As on the request line, without the question mark.
    public var query: String
    /// By lower-case name.
    public var headers: [String: String]
    /// `nil` when it was longer than ``SimulatedChime/bodyBytesMax`` and was left unread.
    public var body: [UInt8]?

    public init(method: String, path: String, query: String, headers: [String: String], body: [UInt8]?) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// Names and values of the query, decoded, in their order.
    var queryItems: [(name: String, value: String)] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (PercentCoding.decoded(parts[0]), parts.count > 1 ? PercentCoding.decoded(parts[1]) : "")
        }
    }

    func queryValue(_ name: String) -> String? {
        query.isEmpty ? nil : queryItems.first { $0.name == name }?.value
    }
}

/// One HTTP response, and how it reaches the client.
public struct SimulatedResponse: Sendable {
    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String
    }

    /// The longest ``delay``: longer than any patient client waits, short for a server that keeps a timer for
    /// it.
    public static let delayMax: Duration = .seconds(10)

    public var status: Int
    public var headers: [Header] = []
    public var body: [UInt8] = []
    /// The response leaves this much later.
    public var delay: Duration = .zero
    /// Nothing was there: the request may be asked again until so much time has passed (a long poll).
    public var waitsForMore: Duration = .zero
    /// No byte of the response leaves: the connection closes instead.
    public var dropsConnection = false

    init(status: Int, headers: [Header] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    init(status: Int, json: JSONValue) {
        self.init(
            status: status, headers: [Header(name: "Content-Type", value: "application/json")],
            body: json.serialized())
    }

    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    mutating func setHeader(_ name: String, _ value: String) {
        headers.append(Header(name: name, value: value))
    }
}
