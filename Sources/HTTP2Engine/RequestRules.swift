/// HTTP's rules for the fields of a request (RFC 9113 section 8): given a header block field by field, says whether
/// the request is malformed.
///
/// Replaces nghttp2's own rules, which are too strict in one place: they refuse a request without `:authority` and
/// `host`, and one whose authority is not a host and port. Nothing here depends on the authority, and legitimate
/// clients send none (health checks of load balancers) or a socket's path (gRPC over Unix sockets); so any valid
/// field value is accepted, and none at all.
struct RequestRules {
    private struct Seen: OptionSet {
        let rawValue: UInt8
        static let method = Seen(rawValue: 1)
        static let scheme = Seen(rawValue: 2)
        static let path = Seen(rawValue: 4)
        static let authority = Seen(rawValue: 8)
        /// A regular field: no pseudo-header may follow.
        static let regular = Seen(rawValue: 16)
    }

    private enum Method { case connect, options, other }
    private enum Path { case absolute, asterisk, other }

    private let areTrailers: Bool
    private var seen: Seen = []
    private var method = Method.other
    private var path = Path.other
    private var isWeb = false
    private(set) var isMalformed = false
    /// What `content-length` announced.
    private(set) var contentLength: Int64?

    init(areTrailers: Bool) { self.areTrailers = areTrailers }

    mutating func add(_ known: KnownHeader, name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        guard Self.isValue(value) else { return refuse() }
        if name.first == UInt8(ascii: ":") { return addPseudoHeader(known, value) }
        seen.insert(.regular)
        switch known {
        case .other:
            if !Self.isName(name) || Self.isOfConnection(name) { refuse() }
        case .te:
            // Section 8.2.2.
            if !Self.equals(value, "trailers") { refuse() }
        case .contentLength:
            guard contentLength == nil, let length = Self.number(value) else { return refuse() }
            contentLength = length
        default: break
        }
    }

    /// The block is complete.
    ///
    /// - Returns: whether it is valid.
    mutating func end(endsStream: Bool) -> Bool {
        if areTrailers {
            // Section 8.1: nothing follows trailers.
            if !endsStream { refuse() }
        } else if method == .connect {
            // Section 8.5.
            if seen.isDisjoint(with: .authority) || !seen.isDisjoint(with: [.scheme, .path]) { refuse() }
        } else {
            // Section 8.3.1.
            if !seen.isSuperset(of: [.method, .scheme, .path]) { refuse() }
            if isWeb, path == .other || path == .asterisk && method != .options { refuse() }
        }
        return !isMalformed
    }

    private mutating func refuse() { isMalformed = true }

    private mutating func addPseudoHeader(_ known: KnownHeader, _ value: UnsafeBufferPointer<UInt8>) {
        if areTrailers || seen.contains(.regular) { return refuse() }
        let kind: Seen
        switch known {
        case .method:
            kind = .method
            if !Self.isToken(value) { return refuse() }
            method = Self.equals(value, "CONNECT") ? .connect : Self.equals(value, "OPTIONS") ? .options : .other
        case .scheme:
            kind = .scheme
            if value.isEmpty { return refuse() }
            isWeb = Self.equals(value, "http") || Self.equals(value, "https")
        case .path:
            kind = .path
            if value.isEmpty || value.contains(UInt8(ascii: " ")) { return refuse() }
            path = value[0] == UInt8(ascii: "/") ? .absolute : Self.equals(value, "*") ? .asterisk : .other
        case .authority: kind = .authority
        default: return refuse()
        }
        if !seen.isDisjoint(with: kind) { return refuse() }
        seen.insert(kind)
    }

    // MARK: - Characters

    /// RFC 9110 section 5.6.2.
    private static func isToken(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { isLowerTokenByte($0) || $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
    }

    /// RFC 9113 section 8.2.1: a token without upper case.
    private static func isName(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        !name.isEmpty && name.allSatisfy(isLowerTokenByte)
    }

    @inline(__always)
    private static func isLowerTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        // - . ^ _ ` | ~
        case 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        // ! # $ % & ' * +
        case 0x21, 0x23...0x27, 0x2A, 0x2B: true
        default: false
        }
    }

    /// RFC 9113 section 8.2.1, and the rest of RFC 9110 section 5.5: no control characters except tabs, and no blanks
    /// at either end.
    private static func isValue(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = value.first, let last = value.last else { return true }
        // Without an early exit, so that many bytes are checked at a time.
        var bad: UInt8 = 0
        for byte in value { bad |= (byte < 0x20 ? 1 : 0) & (byte != 0x09 ? 1 : 0) | (byte == 0x7F ? 1 : 0) }
        return bad == 0 && first != 0x20 && first != 0x09 && last != 0x20 && last != 0x09
    }

    /// RFC 9113 section 8.2.2: fields of a single connection in HTTP/1.1.
    private static func isOfConnection(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        switch name.count {
        case 7: equals(name, "upgrade")
        case 10: equals(name, "connection") || equals(name, "keep-alive")
        case 16: equals(name, "proxy-connection")
        case 17: equals(name, "transfer-encoding")
        default: false
        }
    }

    private static func equals(_ text: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
        text.count == word.utf8CodeUnitCount
            && text.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    /// RFC 9110 section 8.6.
    private static func number(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard !text.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in text {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (tens, tooMany) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooLarge) = tens.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            if tooMany || tooLarge { return nil }
            value = sum
        }
        return value
    }
}

/// The length of a body whose `content-length` was announced.
struct AnnouncedLength {
    let expected: Int64
    private(set) var received: Int64 = 0
    /// The stream was reset because of it.
    private(set) var isExceeded = false

    init(expected: Int64) { self.expected = expected }

    /// - Returns: whether the body is within the announced length.
    mutating func receive(_ count: Int) -> Bool {
        received += Int64(count)
        isExceeded = received > expected
        return !isExceeded
    }

    /// RFC 9113 section 8.1.1: at the end they are equal.
    var isComplete: Bool { received == expected }
}

/// The ``AnnouncedLength`` of each slot that has one. Takes no memory until a client announces one, which clients of
/// gRPC rarely do.
struct AnnouncedLengths {
    private var lengths = ContiguousArray<AnnouncedLength?>()
    private var count = 0

    var isEmpty: Bool { count == 0 }

    subscript(slot: Int32) -> AnnouncedLength? {
        get { Int(slot) < lengths.count ? lengths[Int(slot)] : nil }
        set {
            if Int(slot) >= lengths.count {
                guard newValue != nil else { return }
                lengths.append(contentsOf: repeatElement(nil, count: Int(slot) + 1 - lengths.count))
            }
            count += (newValue == nil ? 0 : 1) - (lengths[Int(slot)] == nil ? 0 : 1)
            lengths[Int(slot)] = newValue
        }
    }
}
