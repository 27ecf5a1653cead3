/// How the content of a response is divided from what follows (RFC 9112 section 6).
public enum HTTP1Framing: Hashable, Sendable {
    /// `Content-Length`: exactly so many bytes.
    case length(Int)
    /// Of unknown length: one chunk for each write. A client of HTTP/1.0 reads to the end of the connection.
    case chunked
}

/// Writes one response.
struct HTTP1ResponseWriter: Sendable {
    /// What a response must know of its request.
    struct Request: Sendable {
        let isHead: Bool
        let version: HTTP1RequestHead.Version
        let keepsConnection: Bool
        var expectsContinue: Bool

        init(_ head: HTTP1RequestHead) {
            isHead = head.method == "HEAD"
            version = head.version
            keepsConnection = head.keepsConnection
            expectsContinue = head.expectsContinue
        }
    }

    private enum Content {
        /// HEAD, 204 and 304: what is written is dropped.
        case none
        case length(missing: Int)
        case chunked
        case toTheEnd
    }

    private static let reserved = [
        "connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    private var content: Content
    /// The next request may follow.
    let keepsConnection: Bool
    /// Status line and fields.
    let head: [UInt8]

    /// - Parameter keepsConnection: the request is complete, so that the next one can be told from it.
    /// - Throws: see ``HTTP1ResponseError``.
    init(
        _ response: HTTP1ResponseHead, _ framing: HTTP1Framing, to request: Request, keepsConnection: Bool,
        unixSeconds: Int64
    ) throws(HTTP1ResponseError) {
        guard (200...599).contains(response.status) else { throw .invalidStatus(response.status) }
        if case .length(let count) = framing, count < 0 { throw .wrongLength }
        let isWithout = response.status == 204 || response.status == 304
        if isWithout, framing != .length(0) { throw .contentForbidden(status: response.status) }
        var text = "HTTP/1.1 \(response.status) \(HTTP1ReasonPhrase.of(response.status))\r\n"
        for field in response.fields {
            try Self.check(field)
            text += "\(field.name): \(field.value)\r\n"
        }
        text += "Date: \(HTTPDate.text(unixSeconds: unixSeconds))\r\n"
        var content = Content.none
        switch framing {
        // RFC 9110 section 8.6: none with 204, and with 304 it would speak of another response.
        case .length where isWithout: break
        case .length(let count):
            text += "Content-Length: \(count)\r\n"
            content = .length(missing: count)
        case .chunked where request.version == .http10: content = .toTheEnd
        case .chunked:
            text += "Transfer-Encoding: chunked\r\n"
            content = .chunked
        }
        let keeps = keepsConnection && request.keepsConnection && !response.closesConnection
        self.keepsConnection = keeps
        if !keeps { text += "Connection: close\r\n" }
        head = Array((text + "\r\n").utf8)
        self.content = request.isHead ? .none : content
    }

    private static func check(_ field: HTTP1ResponseHead.Field) throws(HTTP1ResponseError) {
        guard HTTP1Characters.isToken(field.name.utf8) else { throw .invalidFieldName }
        guard field.value.utf8.allSatisfy(HTTP1Characters.isFieldValue) else {
            throw .invalidFieldValue(name: field.name)
        }
        if reserved.contains(where: { HTTP1Characters.equals($0.utf8, field.name.utf8) }) {
            throw .reservedField(name: field.name)
        }
    }

    /// Counts content that is about to be written.
    ///
    /// - Returns: the bytes before and after it; nil when it is dropped.
    mutating func frame(_ count: Int) throws(HTTP1ResponseError) -> (before: String, after: String)? {
        switch content {
        case .none: return nil
        case .length(let missing):
            guard count <= missing else { throw .wrongLength }
            content = .length(missing: missing - count)
            return ("", "")
        // An empty chunk would be the last one.
        case .chunked: return count == 0 ? nil : (String(count, radix: 16) + "\r\n", "\r\n")
        case .toTheEnd: return ("", "")
        }
    }

    /// What follows the last content.
    ///
    /// - Throws: ``HTTP1ResponseError/wrongLength`` when some is missing.
    func end() throws(HTTP1ResponseError) -> String {
        switch content {
        case .none, .toTheEnd, .length(missing: 0): return ""
        case .length: throw .wrongLength
        case .chunked: return "0\r\n\r\n"
        }
    }

    /// A whole response of the engine's own, which says nothing of the request and ends the connection.
    static func refusal(_ status: Int, unixSeconds: Int64) -> [UInt8] {
        let phrase = HTTP1ReasonPhrase.of(status)
        return Array(
            """
            HTTP/1.1 \(status) \(phrase)\r
            Content-Type: text/plain; charset=utf-8\r
            Cache-Control: no-store\r
            Date: \(HTTPDate.text(unixSeconds: unixSeconds))\r
            Content-Length: \(phrase.utf8.count + 1)\r
            Connection: close\r
            \r
            \(phrase)

            """.utf8)
    }
}
