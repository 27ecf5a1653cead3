/// The head of a request, checked: the framing is unambiguous, and the target belongs to the host.
public struct HTTP1RequestHead: Hashable, Sendable {
    public enum Version: Hashable, Sendable {
        /// The connection ends with the response.
        case http10
        /// Also for later minor versions, which may only add to it (RFC 9110 section 2.5).
        case http11
    }

    /// The request's content (RFC 9112 section 6).
    public enum Body: Hashable, Sendable {
        case none
        /// Above 0.
        case length(Int)
        case chunked
    }

    /// A token, as sent; case-sensitive.
    public let method: String
    /// Begins with `/`, or is `*` for OPTIONS. As sent: percent-encoded, and with its dots.
    public let path: String
    /// What follows the first `?`; nil without one.
    public let query: String?
    public let version: Version
    /// Host and port as `Host` names them; nil only for HTTP/1.0.
    public let authority: String?
    public let fields: HTTP1Fields
    public let body: Body
    /// The client waits for a word before it sends its content: see ``HTTP1Session/acceptBody(now:)``.
    public let expectsContinue: Bool
    /// Whether the client lets the connection go on after the response.
    let keepsConnection: Bool
}

/// The first line of a request (RFC 9112 section 3).
struct HTTP1RequestLine: Hashable {
    let method: String
    let target: HTTP1Target
    let version: HTTP1RequestHead.Version

    /// - Throws: ``HTTP1Violation/malformedRequestLine`` for anything but three words with one space between each;
    ///   ``HTTP1Violation/unsupportedVersion`` for another major version; what ``HTTP1Target`` throws.
    init(line: ArraySlice<UInt8>) throws(HTTP1Violation) {
        let words = line.split(
            separator: HTTP1Characters.space, maxSplits: 3, omittingEmptySubsequences: false)
        guard words.count == 3, HTTP1Characters.isToken(words[0]) else { throw .malformedRequestLine }
        version = try Self.version(words[2])
        method = String(decoding: words[0], as: UTF8.self)
        target = try HTTP1Target(words[1], method: method)
    }

    /// `HTTP/` in upper case, a digit, a point, a digit (RFC 9112 section 2.3).
    private static func version(_ text: ArraySlice<UInt8>) throws(HTTP1Violation) -> HTTP1RequestHead.Version {
        let bytes = Array(text)
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), HTTP1Characters.isDigit(bytes[5]),
            bytes[6] == UInt8(ascii: "."), HTTP1Characters.isDigit(bytes[7])
        else { throw .malformedRequestLine }
        guard bytes[5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        return bytes[7] == UInt8(ascii: "0") ? .http10 : .http11
    }
}
