/// Makes a head of its lines: host, framing, and what the connection does afterwards.
///
/// Where RFC 9112 lets a server choose between repairing an ambiguous head and refusing it, it is refused: a proxy in
/// front may have chosen differently, and would take a part of one request for another (section 11.2).
enum HTTP1HeadRules {
    /// Digits of a length that cannot overflow 64 bits.
    private static let lengthDigitsMax = 18

    /// - Throws: the violation of the first rule that does not hold, in the order of the functions below.
    static func head(
        _ line: HTTP1RequestLine, _ fields: HTTP1Fields, limits: HTTP1Limits
    ) throws(HTTP1Violation) -> HTTP1RequestHead {
        let authority = try authority(line, fields)
        let body = try body(line, fields, limits)
        return HTTP1RequestHead(
            method: line.method, path: line.target.path, query: line.target.query, version: line.version,
            authority: authority, fields: fields, body: body,
            expectsContinue: try expectsContinue(line, fields, body),
            keepsConnection: line.version == .http11 && !fields.list("connection").contains("close"))
    }

    /// RFC 9112 section 3.2: exactly one valid `Host` in HTTP/1.1, at most one before. An absolute target names the
    /// same one; section 3.2.2 would ignore the field, and whoever trusted it would be misled.
    private static func authority(
        _ line: HTTP1RequestLine, _ fields: HTTP1Fields
    ) throws(HTTP1Violation) -> String? {
        let hosts = fields.values("host")
        guard hosts.count <= 1 else { throw .severalHosts }
        guard let host = hosts.first else {
            if line.version == .http11 { throw .missingHost }
            return line.target.authority
        }
        guard HTTP1Authority.isValid(Array(host.utf8)[...]) else { throw .malformedHost }
        if let named = line.target.authority, !HTTP1Characters.equals(named.utf8, host.utf8) {
            throw .authorityMismatch
        }
        return host
    }

    /// RFC 9112 section 6.3.
    private static func body(
        _ line: HTTP1RequestLine, _ fields: HTTP1Fields, _ limits: HTTP1Limits
    ) throws(HTTP1Violation) -> HTTP1RequestHead.Body {
        let lengths = fields.values("content-length")
        let codings = fields.values("transfer-encoding")
        if !codings.isEmpty {
            guard lengths.isEmpty else { throw .lengthAndCoding }
            // Section 6.1: its framing is faulty.
            guard line.version == .http11 else { throw .codingInHTTP10 }
            try checkCodings(fields.list("transfer-encoding"))
            return .chunked
        }
        guard let length = lengths.first else { return .none }
        guard lengths.count == 1 else { throw .severalContentLengths }
        let digits = Array(length.utf8)
        guard !digits.isEmpty, digits.count <= lengthDigitsMax, digits.allSatisfy(HTTP1Characters.isDigit) else {
            throw .malformedContentLength
        }
        let count = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        guard count <= limits.bodyBytesMax else { throw .bodyTooLarge }
        return count == 0 ? .none : .length(count)
    }

    /// Section 6.1: `chunked` last and once; nothing else is implemented.
    private static func checkCodings(_ codings: [String]) throws(HTTP1Violation) {
        guard codings.last == "chunked", !codings.dropLast().contains("chunked"),
            codings.allSatisfy({ HTTP1Characters.isToken($0.utf8) })
        else { throw .malformedTransferEncoding }
        if codings.count > 1 { throw .unsupportedTransferCoding }
    }

    /// RFC 9110 section 10.1.1. It means nothing in HTTP/1.0, and nothing without content.
    private static func expectsContinue(
        _ line: HTTP1RequestLine, _ fields: HTTP1Fields, _ body: HTTP1RequestHead.Body
    ) throws(HTTP1Violation) -> Bool {
        let expectations = fields.list("expect")
        if line.version == .http10 || expectations.isEmpty { return false }
        guard expectations == ["100-continue"] else { throw .unsupportedExpectation }
        return body != .none
    }
}
