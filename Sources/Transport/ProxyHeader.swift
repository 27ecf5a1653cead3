internal import EventCore

/// The PROXY protocol's header, version 2, from its first byte: bytes in, at most one outcome out.
///
/// | offset | size | what |
/// |---|---|---|
/// | 0 | 12 | signature `\r\n\r\n\0\r\nQUIT\n` |
/// | 12 | 1 | version 2 in the high four bits; command, 0 LOCAL or 1 PROXY, in the low ones |
/// | 13 | 1 | family in the high four bits, transport in the low ones |
/// | 14 | 2 | bytes after this field, most significant first |
/// | 16 | | source address, destination address, source port, destination port, then extensions |
///
/// Version 1, which is text, is refused: it states no length, so the sender decides where it ends. Extensions
/// are not read: TLS and tokens identify the caller, not the proxy.
/// - Spec: haproxy.org/download/2.6/doc/proxy-protocol.txt, sections 2 and 2.2.
struct ProxyHeader {
    enum Outcome: Hashable {
        case needsMore
        /// The header ends after this many bytes of the latest input. `source` is nil if it names none: a check by
        /// the proxy itself (LOCAL), or a family that is not IP.
        case complete(source: SocketAddress?, consumed: Int)
        case invalid
    }

    /// The size that the protocol requires receivers to accept, and the maximum accepted here.
    static let byteCountMax = 536

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let headByteCount = 16

    private var bytes: [UInt8] = []

    /// Receives input; must not be called again after any outcome but `needsMore`.
    mutating func receive(_ input: UnsafeRawBufferPointer) -> Outcome {
        var consumed = take(input, from: 0, upTo: Self.headByteCount)
        // A stranger's first bytes show at once that they are not a proxy's.
        guard bytes.starts(with: Self.signature.prefix(bytes.count)) || bytes.count > Self.signature.count,
            bytes.prefix(Self.signature.count).elementsEqual(Self.signature.prefix(bytes.count))
        else { return .invalid }
        guard bytes.count >= Self.headByteCount else { return .needsMore }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard bytes[12] == 0x20 || bytes[12] == 0x21, Self.headByteCount + length <= Self.byteCountMax else {
            return .invalid
        }
        consumed += take(input, from: consumed, upTo: Self.headByteCount + length)
        guard bytes.count == Self.headByteCount + length else { return .needsMore }
        return finish(consumed)
    }

    /// - Returns: how many bytes were consumed.
    private mutating func take(_ input: UnsafeRawBufferPointer, from start: Int, upTo total: Int) -> Int {
        let count = max(0, min(input.count - start, total - bytes.count))
        bytes.append(contentsOf: input[start..<start + count])
        return count
    }

    private func finish(_ consumed: Int) -> Outcome {
        let isLocal = bytes[12] == 0x20
        switch bytes[13] {
        // The address of a LOCAL connection must be ignored.
        case _ where isLocal:
            return .complete(source: nil, consumed: consumed)
        case 0x11 where bytes.count >= Self.headByteCount + 12:
            let address = UInt32(truncatingIfNeeded: number(at: 16, byteCount: 4))
            let port = UInt16(truncatingIfNeeded: number(at: 24, byteCount: 2))
            return .complete(source: .ipv4(address: address, port: port), consumed: consumed)
        case 0x21 where bytes.count >= Self.headByteCount + 36:
            let (high, low) = (number(at: 16, byteCount: 8), number(at: 24, byteCount: 8))
            let port = UInt16(truncatingIfNeeded: number(at: 48, byteCount: 2))
            // An IPv4-mapped IPv6 address is IPv4, as for accepted sockets.
            let source: SocketAddress =
                high == 0 && low >> 32 == 0xFFFF
                ? .ipv4(address: UInt32(truncatingIfNeeded: low), port: port)
                : .ipv6(high: high, low: low, port: port, scope: 0)
            return .complete(source: source, consumed: consumed)
        // Not known to the proxy, or a unix socket in front of it.
        case 0x00:
            return .complete(source: nil, consumed: consumed)
        case 0x31 where bytes.count >= Self.headByteCount + 216:
            return .complete(source: nil, consumed: consumed)
        default:
            return .invalid
        }
    }

    /// Most significant byte first.
    private func number(at offset: Int, byteCount: Int) -> UInt64 {
        bytes[offset..<offset + byteCount].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
