/// The header or trailer fields of one HTTP message, in order, whichever version carried them.
///
/// Names are lower-case. Pseudo-header fields are not among them.
public struct HTTPFields: Sendable, Hashable {
    public struct Field: Sendable, Hashable {
        public let name: String
        public let value: String
    }

    public private(set) var all: [Field] = []

    public init() {}

    /// Appends a field; its name becomes lower-case.
    public mutating func append(_ name: String, _ value: String) {
        all.append(Field(name: name.lowercased(), value: value))
    }

    public mutating func append(contentsOf other: HTTPFields) { all += other.all }

    /// The first value under `name`, which is lower-case.
    public subscript(name: String) -> String? { all.first { $0.name == name }?.value }

    /// Every value under `name`, in order.
    public func values(named name: String) -> [String] { all.filter { $0.name == name }.map(\.value) }

    /// The values under `name` as one comma-separated list; `nil` without any.
    /// - Spec: RFC 9110 section 5.3.
    public func list(named name: String) -> String? {
        let values = values(named: name)
        return values.isEmpty ? nil : values.joined(separator: ",")
    }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}

extension HTTPFields.Field: CustomStringConvertible {
    public var description: String { "\(name): \(value)" }
}

/// The head of a request, as a transport has read it.
public struct RequestHead: Sendable, Hashable {
    public enum Version: Sendable, Hashable {
        /// HTTP/1.0 or 1.1.
        case http1
        case http2
    }

    public var method: String
    /// Path and query.
    public var target: String
    public var version: Version
    public var fields: HTTPFields
    /// Whether the request has, or may have, a body.
    public var hasBody: Bool

    public init(method: String, target: String, version: Version, fields: HTTPFields, hasBody: Bool) {
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
        self.hasBody = hasBody
    }

    /// The target without its query.
    public var path: Substring { target.prefix { $0 != "?" } }

    /// What follows the first `?`; `nil` without one.
    public var query: Substring? {
        target.firstIndex(of: "?").map { target[target.index(after: $0)...] }
    }
}

/// The head of a response.
public struct ResponseHead: Sendable, Hashable {
    /// Three digits.
    public var status: Int
    public var fields: HTTPFields

    public init(status: Int, fields: HTTPFields) {
        self.status = status
        self.fields = fields
    }
}
