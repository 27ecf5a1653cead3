internal import CLinux
internal import Glibc

/// The address that a socket is bound or connected to.
public enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// `address` in host byte order: 127.0.0.1 is 0x7F00_0001.
    case ipv4(address: UInt32, port: UInt16)
    /// `high` and `low` in host byte order: ::1 is (0, 1). `scope` is the interface index of a link-local
    /// address.
    case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// At most 107 bytes; empty for an unnamed peer. With a leading "@" an abstract name, which has no file
    /// (unix(7)); a file with such a name is "./@name".
    case unix(path: String)

    /// Longest path that fits `sockaddr_un` with its terminating zero.
    public static let unixPathBytesMax = 107

    public static func loopback(port: UInt16) -> SocketAddress { .ipv4(address: 0x7F00_0001, port: port) }

    /// Parses a numeric IPv4 or IPv6 address ("127.0.0.1", "::1"); names are not looked up.
    public init?(ipAddress text: String, port: UInt16) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = .ipv4(address: UInt32(bigEndian: four.s_addr), port: port)
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            let (high, low) = Self.halves(of: six)
            self = .ipv6(high: high, low: low, port: port, scope: 0)
        } else {
            return nil
        }
    }

    /// The TCP port; nil for a unix socket.
    public var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): port
        case .unix: nil
        }
    }

    /// The same host with another port; a unix socket stays as it is.
    public func withPort(_ port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address: address, port: port)
        case .ipv6(let high, let low, _, let scope): .ipv6(high: high, low: low, port: port, scope: scope)
        case .unix: self
        }
    }

    /// A unix socket without a file.
    public var isAbstract: Bool {
        if case .unix(let path) = self { path.utf8.first == Self.abstractMark } else { false }
    }

    private static let abstractMark = UInt8(ascii: "@")

    /// Whether only processes of this machine can be the peer: 127/8, ::1, mapped 127/8, or a unix socket.
    public var isLoopback: Bool {
        switch self {
        case .ipv4(let address, _): address >> 24 == 127
        case .ipv6(let high, let low, _, _): high == 0 && (low == 1 || low >> 24 == 0xFFFF_7F)
        case .unix: true
        }
    }

    /// Whether a host name always means this machine: `localhost`, or a loopback address. A name that only looks like
    /// one, such as 127.example.com, does not: whoever resolves names could change the answer.
    /// - Spec: RFC 6761 section 6.3.
    public static func isThisMachine(host: String) -> Bool {
        host.lowercased() == "localhost" || SocketAddress(ipAddress: host, port: 0)?.isLoopback ?? false
    }

    /// "127.0.0.1:50051", "[::1]:50051", "unix:/run/telehealth.sock" or "unix:@telehealth".
    public var description: String {
        switch self {
        case .ipv4(_, let port): "\(host):\(port)"
        case .ipv6(_, _, let port, _): "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The address without the port, or the path.
    public var host: String {
        switch self {
        case .ipv4(let address, _):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .ipv6(let high, let low, _, _):
            var raw = Self.in6(high: high, low: low)
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
                guard inet_ntop(AF_INET6, &raw, text.baseAddress, socklen_t(INET6_ADDRSTRLEN)) != nil else {
                    return "?"
                }
                return String(cString: text.baseAddress!)
            }
        case .unix(let path):
            return path
        }
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Provides the address in the kernel's representation for the duration of `body`.
    ///
    /// - Throws: ENAMETOOLONG for a Unix path that does not fit, EINVAL for an empty one or one with a zero byte,
    ///   which the kernel would take for another address; otherwise what `body` throws.
    func withSockaddr<R>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemCallError) -> R
    ) throws(SystemCallError) -> R {
        var storage = sockaddr_storage()
        let length = try encode(into: &storage)
        return try withUnsafePointer(to: &storage) { (pointer) throws(SystemCallError) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { (raw) throws(SystemCallError) in
                try body(raw, length)
            }
        }
    }

    private func encode(into storage: inout sockaddr_storage) throws(SystemCallError) -> socklen_t {
        switch self {
        case .ipv4(let address, let port):
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            value.sin_addr.s_addr = address.bigEndian
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_in.self) }
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        case .ipv6(let high, let low, let port, let scope):
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = scope
            value.sin6_addr = Self.in6(high: high, low: low)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_in6.self) }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        case .unix(let path):
            var bytes = Array(path.utf8)
            guard !bytes.isEmpty, !bytes.contains(0) else { throw SystemCallError("sockaddr_un", code: EINVAL) }
            guard bytes.count <= Self.unixPathBytesMax else {
                throw SystemCallError("sockaddr_un", code: ENAMETOOLONG)
            }
            if isAbstract { bytes[0] = 0 }
            var value = sockaddr_un()
            value.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &value.sun_path) { $0.copyBytes(from: bytes) }
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_un.self) }
            // Every byte of an abstract name counts, including trailing zeros.
            return socklen_t(isAbstract ? Self.unixPathOffset + bytes.count : MemoryLayout<sockaddr_un>.size)
        }
    }

    /// Reads what accept4, getsockname or getaddrinfo wrote. IPv4-mapped IPv6 addresses become IPv4.
    init?(_ storage: UnsafePointer<sockaddr_storage>, length: socklen_t) {
        let raw = UnsafeRawPointer(storage)
        switch Int32(storage.pointee.ss_family) {
        case AF_INET:
            let value = raw.load(as: sockaddr_in.self)
            self = .ipv4(
                address: UInt32(bigEndian: value.sin_addr.s_addr), port: UInt16(bigEndian: value.sin_port))
        case AF_INET6:
            let value = raw.load(as: sockaddr_in6.self)
            let (high, low) = Self.halves(of: value.sin6_addr)
            if high == 0, low >> 32 == 0xFFFF {
                self = .ipv4(
                    address: UInt32(truncatingIfNeeded: low), port: UInt16(bigEndian: value.sin6_port))
            } else {
                self = .ipv6(
                    high: high, low: low, port: UInt16(bigEndian: value.sin6_port), scope: value.sin6_scope_id
                )
            }
        case AF_UNIX:
            let count = max(0, Int(length) - Self.unixPathOffset)
            let bytes = UnsafeRawBufferPointer(start: raw + Self.unixPathOffset, count: count)
            if count > 1, bytes[0] == 0 {
                self = .unix(path: "@" + String(decoding: bytes.dropFirst(), as: UTF8.self))
            } else {
                self = .unix(path: String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
            }
        default:
            return nil
        }
    }

    private static let unixPathOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!

    private static func in6(high: UInt64, low: UInt64) -> in6_addr {
        var raw = in6_addr()
        withUnsafeMutableBytes(of: &raw) {
            $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return raw
    }

    private static func halves(of raw: in6_addr) -> (UInt64, UInt64) {
        withUnsafeBytes(of: raw) {
            (
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }
}
