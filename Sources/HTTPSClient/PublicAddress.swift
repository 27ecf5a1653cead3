/// Whether an IP address is on the public internet, for requests to URLs from someone else's configuration.
/// Everything that the registries reserve is not (IANA IPv4 and IPv6 Special-Purpose Address Registries).
enum PublicAddress {
    /// - Parameter bytes: 4 bytes in network order.
    static func isPublic(ipv4 bytes: [UInt8]) -> Bool {
        guard bytes.count == 4 else { return false }
        switch (bytes[0], bytes[1], bytes[2]) {
        case (0, _, _), (10, _, _), (127, _, _): return false
        case (100, 64...127, _): return false  // shared address space
        case (169, 254, _), (172, 16...31, _), (192, 168, _): return false
        case (192, 0, 0), (192, 0, 2), (198, 51, 100), (203, 0, 113): return false  // protocols, documentation
        case (192, 88, 99): return false  // 6to4 relays
        case (198, 18...19, _): return false  // benchmarks
        case (224..., _, _): return false  // multicast, reserved, broadcast
        default: return true
        }
    }

    /// - Parameter bytes: 16 bytes.
    static func isPublic(ipv6 bytes: [UInt8]) -> Bool {
        guard bytes.count == 16 else { return false }
        if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
            return isPublic(ipv4: Array(bytes[12...]))
        }
        // Global unicast is 2000::/3; reserved in it are 2001::/23 (Teredo and protocols), documentation, 6to4 (which
        // contains an arbitrary IPv4 address), and 3fff::/20.
        guard bytes[0] & 0xe0 == 0x20 else { return false }
        if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] < 0x02 { return false }
        if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] == 0x0d, bytes[3] == 0xb8 { return false }
        if bytes[0] == 0x20, bytes[1] == 0x02 { return false }
        if bytes[0] == 0x3f, bytes[1] == 0xff, bytes[2] & 0xf0 == 0 { return false }
        return true
    }
}
