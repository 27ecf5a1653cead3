/// A block of IP addresses, as CIDR writes it: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
///
/// IPv4 and its mapped form in IPv6 are the same addresses.
public struct AddressBlock: Hashable, Sendable, CustomStringConvertible {
    /// Addresses assigned to one network together: whoever has one IPv6 address has its /64.
    private static let shareLength6 = 64
    private static let length4 = 32
    private static let length6 = 128

    private let isIPv6: Bool
    /// Left-aligned: an IPv4 address fills the first 32 bits of `high`.
    private let high: UInt64
    private let low: UInt64
    /// Leading bits that all addresses of the block have in common.
    public let prefixLength: Int

    private init(isIPv6: Bool, high: UInt64, low: UInt64, prefixLength: Int) {
        self.isIPv6 = isIPv6
        self.high = high & Self.mask(prefixLength)
        self.low = low & Self.mask(prefixLength - 64)
        self.prefixLength = prefixLength
    }

    /// - Returns: nil for an invalid address or block, and for a block whose address has bits after its prefix, as in
    ///   `10.0.0.7/8`: one of the two is a mistake.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = SocketAddress(ipAddress: String(parts[0]), port: 0), let whole = Self(address) else {
            return nil
        }
        guard parts.count == 2 else {
            self = whole
            return
        }
        let isMapped = whole.prefixLength == Self.length4 && parts[0].contains(":")
        guard let written = Int(parts[1]), String(written) == parts[1] else { return nil }
        let length = isMapped ? written - (Self.length6 - Self.length4) : written
        guard (0...whole.prefixLength).contains(length) else { return nil }
        let block = Self(isIPv6: whole.isIPv6, high: whole.high, low: whole.low, prefixLength: length)
        guard block.high == whole.high, block.low == whole.low else { return nil }
        self = block
    }

    /// The one address of a socket; nil for a unix socket.
    private init?(_ address: SocketAddress) {
        switch address {
        case .ipv4(let address, _):
            self.init(isIPv6: false, high: UInt64(address) << 32, low: 0, prefixLength: Self.length4)
        case .ipv6(0, let low, _, _) where low >> 32 == 0xFFFF:
            self.init(isIPv6: false, high: low << 32, low: 0, prefixLength: Self.length4)
        case .ipv6(let high, let low, _, _):
            self.init(isIPv6: true, high: high, low: low, prefixLength: Self.length6)
        case .unix:
            return nil
        }
    }

    /// The addresses that limits count as one: an IPv4 address, or the /64 of an IPv6 address; nil for a unix socket.
    public init?(sharedBy address: SocketAddress) {
        guard let whole = Self(address) else { return nil }
        let length = whole.isIPv6 ? Self.shareLength6 : Self.length4
        self.init(isIPv6: whole.isIPv6, high: whole.high, low: whole.low, prefixLength: length)
    }

    public func contains(_ address: SocketAddress) -> Bool {
        guard let other = Self(address), other.isIPv6 == isIPv6 else { return false }
        return (other.high ^ high) & Self.mask(prefixLength) == 0
            && (other.low ^ low) & Self.mask(prefixLength - 64) == 0
    }

    /// `10.0.0.0/8`; an address alone without its length.
    public var description: String {
        let address: SocketAddress =
            isIPv6
            ? .ipv6(high: high, low: low, port: 0, scope: 0)
            : .ipv4(address: UInt32(truncatingIfNeeded: high >> 32), port: 0)
        let isWhole = prefixLength == (isIPv6 ? Self.length6 : Self.length4)
        return isWhole ? address.host : "\(address.host)/\(prefixLength)"
    }

    /// The first `count` bits of 64; none for a negative count.
    private static func mask(_ count: Int) -> UInt64 {
        count <= 0 ? 0 : count >= 64 ? .max : ~(UInt64.max >> UInt64(count))
    }
}
