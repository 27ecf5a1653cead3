internal import Glibc

/// The parts of an absolute `https` URL (or `http`, for loopback and metadata addresses).
///
/// The grammar is intentionally narrower than RFC 3986: what two parsers could read differently (user names,
/// backslashes, short or hexadecimal IPv4 forms, zone ids, fragments) is refused, so that the host checked here is
/// the host that libcurl connects to.
public struct HTTPSURL: Hashable, Sendable {
    public enum Scheme: String, Hashable, Sendable {
        case http
        case https
    }

    /// The kind of a literal host. Names other than `localhost` are always `other`: their certificate authenticates
    /// them.
    public enum HostKind: Hashable, Sendable {
        case loopback
        /// Link-local (169.254.0.0/16, fe80::/10) and EC2's own IPv6 range (fd00:ec2::/32), where machines get
        /// credentials.
        case instanceMetadata
        case other
    }

    /// Maximum length in bytes. A presigned URL with a session token is below 4 KiB.
    public static let bytesMax = 16 * 1024

    public let scheme: Scheme
    /// Lower case, IPv6 without brackets.
    public let host: String
    public let port: UInt16
    /// Path and query as sent; begins with `/`.
    public let target: String
    public let hostKind: HostKind

    /// - Throws: ``HTTPSError`` with `.invalidURL` when the text does not match the grammar, `.plainHTTPRefused` for
    ///   an `http` URL that is neither loopback nor a metadata address; the caller's or the configuration's fault.
    public init(_ text: String) throws(HTTPSError) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            !text.utf8.contains(where: { "\\#\"<>^`{|}".utf8.contains($0) })
        else { throw HTTPSError(.invalidURL) }
        let schemeEnd = text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        guard let scheme = Scheme(rawValue: text[..<schemeEnd].lowercased()),
            text[schemeEnd...].hasPrefix("://")
        else { throw HTTPSError(.invalidURL) }
        let rest = text[schemeEnd...].dropFirst(3)
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<authorityEnd].lowercased()
        let tail = rest[authorityEnd...]
        let (host, portText) = try Self.split(authority: authority)
        self.scheme = scheme
        self.host = host
        if let portText {
            guard portText.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(portText),
                port > 0
            else { throw HTTPSError(.invalidURL) }
            self.port = port
        } else {
            port = scheme == .https ? 443 : 80
        }
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
        hostKind = try Self.kind(ofHost: host)
        if scheme == .http, hostKind == .other { throw HTTPSError(.plainHTTPRefused) }
    }

    /// `host` or `host:port` as in the `Host` header: without a default port, IPv6 in brackets.
    public var authority: String {
        let shownHost = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        let isDefaultPort = port == (scheme == .https ? 443 : 80)
        return isDefaultPort ? shownHost : "\(shownHost):\(port)"
    }

    public var text: String { "\(scheme.rawValue)://\(authority)\(target)" }

    private static func split(authority: String) throws(HTTPSError) -> (host: String, port: String?) {
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { throw HTTPSError(.invalidURL) }
            let host = String(authority[authority.index(after: authority.startIndex)..<close])
            let rest = authority[authority.index(after: close)...]
            guard host.utf8.contains(UInt8(ascii: ":")), rest.isEmpty || rest.hasPrefix(":")
            else { throw HTTPSError(.invalidURL) }
            return (host, rest.isEmpty ? nil : String(rest.dropFirst()))
        }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let host = String(parts[0])
        let isName =
            !host.isEmpty && host.utf8.count <= 253
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        guard isName else { throw HTTPSError(.invalidURL) }
        return (host, parts.count == 2 ? String(parts[1]) : nil)
    }

    private static func kind(ofHost host: String) throws(HTTPSError) -> HostKind {
        if host.utf8.contains(UInt8(ascii: ":")) {
            var address = in6_addr()
            guard inet_pton(AF_INET6, host, &address) == 1 else { throw HTTPSError(.invalidURL) }
            return kind(ofIPv6: withUnsafeBytes(of: &address) { Array($0) })
        }
        if host == "localhost" { return .loopback }
        // A last label that begins with a digit is a number in some form (WHATWG URL, "ends in a number"): only the
        // plain dotted quad is accepted, on which inet_pton and libcurl agree.
        let lastLabel = host.split(separator: ".").last ?? ""
        guard let first = lastLabel.utf8.first, first >= 0x30, first <= 0x39 else { return .other }
        var address = in_addr()
        guard inet_pton(AF_INET, host, &address) == 1 else { throw HTTPSError(.invalidURL) }
        return kind(ofIPv4: withUnsafeBytes(of: &address) { Array($0) })
    }

    private static func kind(ofIPv4 bytes: [UInt8]) -> HostKind {
        if bytes[0] == 127 { return .loopback }
        return bytes[0] == 169 && bytes[1] == 254 ? .instanceMetadata : .other
    }

    private static func kind(ofIPv6 bytes: [UInt8]) -> HostKind {
        let leadingZeros = bytes.prefix { $0 == 0 }.count
        if leadingZeros == 15, bytes[15] == 1 { return .loopback }
        if leadingZeros == 10, bytes[10] == 0xff, bytes[11] == 0xff {
            return kind(ofIPv4: Array(bytes[12...]))
        }
        let isLinkLocal = bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80
        let isEC2 = bytes[0] == 0xfd && bytes[1] == 0 && bytes[2] == 0x0e && bytes[3] == 0xc2
        return isLinkLocal || isEC2 ? .instanceMetadata : .other
    }
}
