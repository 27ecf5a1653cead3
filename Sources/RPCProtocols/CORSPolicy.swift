/// Which pages of other origins may call this server from a browser.
///
/// Origins are exact and credentials are never allowed: a page of another origin authenticates by a token of its own.
/// - Spec: WHATWG Fetch, "HTTP CORS protocol"; RFC 6454 section 6.1.
public struct CORSPolicy: Sendable, Hashable {
    /// Why a text is not an origin; the fault of whoever configured it.
    public struct InvalidOrigin: Error, Sendable, Hashable, CustomStringConvertible {
        public let origin: String
        public let problem: String

        public var description: String { "the origin \"\(origin)\" \(problem)" }
    }

    /// How to answer a preflight.
    public enum Preflight: Sendable, Hashable {
        /// 204 with these fields and without a body.
        case allowed(HTTPFields)
        /// 403 with these fields: the origin is not listed.
        case refused(HTTPFields)

        public var head: ResponseHead {
            switch self {
            case .allowed(let fields): ResponseHead(status: 204, fields: fields)
            case .refused(let fields): ResponseHead(status: 403, fields: fields)
            }
        }
    }

    /// A scheme, a host in lower case and a port unless it is the scheme's own, such as `https://clinic.example`.
    public let origins: Set<String>

    private static let allowedMethods = "GET, POST"
    private static let allowedHeaders = [
        "Content-Type", "Connect-Protocol-Version", "Connect-Timeout-Ms", "Grpc-Timeout", "X-Grpc-Web",
        "X-User-Agent",
        "Authorization", "Traceparent", "Tracestate", "Telehealth-Emergency-Reason",
    ].joined(separator: ", ")
    private static let exposedHeaders = [
        "Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin", "Retry-After",
    ]
    /// Two hours, which is the most that Chromium keeps.
    private static let maxAgeSeconds = 7200
    private static let preflightVary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"

    /// - Parameter origins: exact; none means that no page of another origin may call.
    /// - Throws: ``InvalidOrigin`` for one that no browser sends, or that would admit more than one.
    public init(origins: [String]) throws(InvalidOrigin) {
        for origin in origins {
            if let problem = Self.problem(of: origin) {
                throw InvalidOrigin(origin: origin, problem: problem)
            }
        }
        self.origins = Set(origins)
    }

    /// Whether the request asks what it may send: `OPTIONS` with `origin` and `access-control-request-method`.
    public static func isPreflight(_ head: RequestHead) -> Bool {
        head.method == "OPTIONS" && head.fields["origin"] != nil
            && head.fields["access-control-request-method"] != nil
    }

    /// The answer to a preflight, which needs no authentication.
    public func preflight(_ head: RequestHead) -> Preflight {
        var fields: HTTPFields = ["vary": Self.preflightVary]
        guard let origin = allowedOrigin(of: head) else { return .refused(fields) }
        fields.append("access-control-allow-origin", origin)
        fields.append("access-control-allow-methods", Self.allowedMethods)
        fields.append("access-control-allow-headers", Self.allowedHeaders)
        fields.append("access-control-max-age", String(Self.maxAgeSeconds))
        if head.fields["access-control-request-private-network"] == "true" {
            fields.append("access-control-allow-private-network", "true")
        }
        return .allowed(fields)
    }

    /// What every other answer to the request has besides its own fields, also one that refuses it.
    ///
    /// - Parameter response: the answer's own fields; its trailing metadata is exposed by name.
    public func fields(for head: RequestHead, response: HTTPFields) -> HTTPFields {
        // Also without an origin: a cache must not give that answer to a page of a listed one.
        var fields: HTTPFields = ["vary": "Origin"]
        guard let origin = allowedOrigin(of: head) else { return fields }
        fields.append("access-control-allow-origin", origin)
        var names = Self.exposedHeaders
        for field in response.all
        where field.name.hasPrefix(ReservedNames.trailerPrefix) && !names.contains(field.name) {
            names.append(field.name)
        }
        fields.append("access-control-expose-headers", names.joined(separator: ", "))
        return fields
    }

    private func allowedOrigin(of head: RequestHead) -> String? {
        let sent = head.fields.values(named: "origin")
        guard sent.count == 1, let origin = sent.first, origins.contains(origin) else { return nil }
        return origin
    }

    // MARK: Origins

    private static func problem(of origin: String) -> String? {
        if origin == "null" { return "is what sandboxed and local pages of anyone send" }
        if origin.utf8.contains(where: { $0 == UInt8(ascii: "*") }) {
            return "has a wildcard; list each origin in full"
        }
        guard let scheme = ["https://", "http://"].first(where: { origin.hasPrefix($0) }) else {
            return "must begin with https:// or http://, in lower case"
        }
        let authority = origin.dropFirst(scheme.count)
        if authority.contains("@") { return "must not have a user" }
        if authority.hasSuffix("/") { return "must not end with a slash" }
        if authority.contains(where: { "/?#".contains($0) }) {
            return "must not have a path, a query or a fragment"
        }
        if authority.hasPrefix(".") { return "begins with a dot; list each host in full" }
        return problem(ofAuthority: authority, isHTTPS: scheme == "https://")
    }

    private static func problem(ofAuthority authority: Substring, isHTTPS: Bool) -> String? {
        var host = authority
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                return "has an IPv6 address without a closing bracket"
            }
            host = authority[...end]
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
        }
        if let problem = problem(ofHost: host) { return problem }
        let rest = authority.dropFirst(host.count)
        guard !rest.isEmpty else { return nil }
        let digits = rest.dropFirst()
        guard rest.first == ":", digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits),
            port > 0,
            String(port) == digits
        else { return "must have a port from 1 to 65535 after the colon" }
        if port == (isHTTPS ? 443 : 80) { return "names the default port, which browsers leave out" }
        return nil
    }

    private static func problem(ofHost host: Substring) -> String? {
        if host.isEmpty { return "has no host" }
        if host.hasPrefix("[") {
            let isAddress = host.utf8.dropFirst().dropLast().allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                    UInt8(ascii: ":"):
                    true
                default: false
                }
            }
            return isAddress && host.count > 2
                ? nil : "has an IPv6 address that is not in lower-case hexadecimal"
        }
        for byte in host.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): return "must be in lower case, as browsers send it"
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "_"):
                break
            default:
                return
                    "has a character that a host cannot have; write international names in their ASCII form"
            }
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        if labels.contains(where: \.isEmpty) { return "has an empty label in its host" }
        return nil
    }
}
