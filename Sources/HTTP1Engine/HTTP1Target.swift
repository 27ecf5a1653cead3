/// What a request line asks for (RFC 9112 section 3.2).
struct HTTP1Target: Hashable {
    let path: String
    let query: String?
    /// That of a target in absolute form.
    let authority: String?

    /// - Throws: ``HTTP1Violation/unsupportedConnect`` for CONNECT, which only proxies serve;
    ///   ``HTTP1Violation/malformedTarget`` for bytes that no URI has, a fragment, an authority with user information
    ///   (RFC 9110 section 4.2.4), `*` without OPTIONS, and every other form.
    init(_ text: ArraySlice<UInt8>, method: String) throws(HTTP1Violation) {
        if method == "CONNECT" { throw .unsupportedConnect }
        // Browsers leave characters unencoded that RFC 3986 does not allow, as in `?a=|`.
        guard text.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw .malformedTarget
        }
        if text.elementsEqual("*".utf8) {
            guard method == "OPTIONS" else { throw .malformedTarget }
            self.init(path: "*", query: nil, authority: nil)
        } else if text.first == UInt8(ascii: "/") {
            self.init(pathAndQuery: text, authority: nil)
        } else {
            let rest = try Self.afterScheme(text)
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
            let authority = String(decoding: rest[..<end], as: UTF8.self)
            guard HTTP1Authority.isValid(rest[..<end]) else { throw .malformedTarget }
            if end == rest.endIndex, method == "OPTIONS" {
                // Section 3.2.4: the server as a whole is asked for.
                self.init(path: "*", query: nil, authority: authority)
            } else {
                self.init(pathAndQuery: rest[end...], authority: authority)
            }
        }
    }

    private init(path: String, query: String?, authority: String?) {
        self.path = path
        self.query = query
        self.authority = authority
    }

    /// - Parameter text: from the first `/` or `?`; the path of an authority alone is `/` (RFC 9110 section 4.2.3).
    private init(pathAndQuery text: ArraySlice<UInt8>, authority: String?) {
        let mark = text.firstIndex(of: UInt8(ascii: "?")) ?? text.endIndex
        self.init(
            path: mark == text.startIndex ? "/" : String(decoding: text[..<mark], as: UTF8.self),
            query: mark == text.endIndex ? nil : String(decoding: text[(mark + 1)...], as: UTF8.self),
            authority: authority)
    }

    private static func afterScheme(_ text: ArraySlice<UInt8>) throws(HTTP1Violation) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://"]
        where HTTP1Characters.equals(text.prefix(scheme.utf8.count), scheme.utf8) {
            return text.dropFirst(scheme.utf8.count)
        }
        throw .malformedTarget
    }
}

/// Host and port, as `Host` and absolute targets have them (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
enum HTTP1Authority {
    private static let portDigitsMax = 5
    /// That of an IPv6 address with an IPv4 address in it.
    private static let addressBytesMax = 45

    /// Whether it is a name, an IPv4 address or an IPv6 address in brackets, with or without a port.
    ///
    /// Names are narrower than RFC 3986's: letters, digits and `-._~`. Nothing else is a DNS name, and commas, user
    /// information and percent signs would be read differently by different servers.
    static func isValid(_ text: ArraySlice<UInt8>) -> Bool {
        let host: ArraySlice<UInt8>
        let rest: ArraySlice<UInt8>
        if text.first == UInt8(ascii: "[") {
            guard let end = text.firstIndex(of: UInt8(ascii: "]")) else { return false }
            host = text[(text.startIndex + 1)..<end]
            rest = text[(end + 1)...]
            guard host.count <= addressBytesMax, host.contains(UInt8(ascii: ":")), host.allSatisfy(isAddressByte)
            else { return false }
        } else {
            let end = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
            host = text[..<end]
            rest = text[end...]
            guard host.allSatisfy(isNameByte) else { return false }
        }
        guard !host.isEmpty else { return false }
        guard let colon = rest.first else { return true }
        let port = rest.dropFirst()
        return colon == UInt8(ascii: ":") && port.count <= portDigitsMax && port.allSatisfy(HTTP1Characters.isDigit)
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        HTTP1Characters.hexValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        // - . _ ~
        case 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }
}
