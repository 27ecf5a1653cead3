internal import EventCore
internal import Transport

/// The `x-forwarded-for` of a call: addresses separated by commas, each appended by a proxy about its caller.
///
/// Anyone can send the field, so only what a trusted proxy appended counts: it is read from the right, past trusted
/// proxies, up to the first address that is not trusted. Anything to the left is an unverified claim.
/// - Spec: none; the field is older than RFC 7239, whose equivalent `forwarded` is not supported.
enum ForwardedFor {
    /// Maximum number of proxies considered.
    private static let hopsMax = 32

    /// The origin of a call.
    struct Origin: Hashable {
        var address: SocketAddress
        /// The trusted proxy that reported the address.
        var teller: SocketAddress
    }

    /// - Parameters:
    ///   - fields: the values in the order received.
    ///   - nearest: the trusted proxy that called this server.
    /// - Returns: nil when the nearest proxy reported no address.
    static func origin(_ fields: [String], nearest: SocketAddress, _ trusted: TrustedProxies) -> Origin? {
        var origin: Origin?
        let hops = fields.joined(separator: ",").split(separator: ",", omittingEmptySubsequences: true)
        for hop in hops.suffix(hopsMax).reversed() {
            guard let address = address(hop) else { break }
            origin = Origin(address: address, teller: origin?.address ?? nearest)
            guard trusted.contains(address) else { break }
        }
        return origin
    }

    /// `198.51.100.7`, `2001:db8::1`, `[2001:db8::1]`, and the same followed by a port; nil for anything else, such
    /// as `unknown`.
    private static func address(_ text: Substring) -> SocketAddress? {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let hop = text.drop(while: blank).prefix { !blank($0) }
        if hop.hasPrefix("[") {
            guard let end = hop.firstIndex(of: "]") else { return nil }
            let (host, rest) = (hop[hop.index(after: hop.startIndex)..<end], hop[hop.index(after: end)...])
            guard rest.isEmpty || rest.first == ":", host.contains(":") else { return nil }
            return socketAddress(host, port: rest.dropFirst())
        }
        let parts = hop.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? socketAddress(parts[0], port: parts[1]) : socketAddress(hop, port: "")
    }

    private static func socketAddress(_ host: Substring, port: Substring) -> SocketAddress? {
        guard let number = port.isEmpty ? 0 : UInt16(port),
            let address = SocketAddress(ipAddress: String(host), port: number)
        else { return nil }
        // An IPv4-mapped IPv6 address is IPv4, as for accepted sockets.
        guard case .ipv6(0, let low, _, _) = address, low >> 32 == 0xFFFF else { return address }
        return .ipv4(address: UInt32(truncatingIfNeeded: low), port: number)
    }
}
