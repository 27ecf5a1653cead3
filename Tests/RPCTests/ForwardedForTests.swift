import EventCore
import Testing
import Transport

@testable import RPCServer

@Suite("Where a forwarded call comes from") struct ForwardedForTests {
    private let trusted = TrustedProxies(blocks: ["10.0.0.0/8", "2001:db8:aaaa::/48"].compactMap(AddressBlock.init))

    private func origin(_ fields: String..., trusting proxies: TrustedProxies? = nil) -> String? {
        let nearest = SocketAddress(ipAddress: "10.0.0.5", port: 1) ?? .unix(path: "")
        return ForwardedFor.origin(fields, nearest: nearest, proxies ?? trusted)
            .map { "\($0.address.host) via \($0.teller.host)" }
    }

    @Test(arguments: [
        ("198.51.100.7", "198.51.100.7 via 10.0.0.5"),
        // What the caller sent itself stands left of what the proxies appended.
        ("10.9.9.9, 198.51.100.7", "198.51.100.7 via 10.0.0.5"),
        ("127.0.0.1, 198.51.100.7, 10.0.0.6", "198.51.100.7 via 10.0.0.6"),
        ("198.51.100.7,10.0.0.7,2001:db8:aaaa::1", "198.51.100.7 via 10.0.0.7"),
        ("198.51.100.7:443", "198.51.100.7 via 10.0.0.5"), ("[2001:db8::9]:443", "2001:db8::9 via 10.0.0.5"),
        ("[2001:db8::9]", "2001:db8::9 via 10.0.0.5"), ("2001:db8::9", "2001:db8::9 via 10.0.0.5"),
        ("::ffff:198.51.100.7", "198.51.100.7 via 10.0.0.5"), (" 198.51.100.7\t", "198.51.100.7 via 10.0.0.5"),
        ("198.51.100.7,,", "198.51.100.7 via 10.0.0.5"), ("127.0.0.1", "127.0.0.1 via 10.0.0.5"),
        // All of them trusted: the one farthest away that is known.
        ("10.0.0.7, 10.0.0.6", "10.0.0.7 via 10.0.0.6"),
        // After what is not an address nothing counts.
        ("198.51.100.7, unknown, 10.0.0.6", "10.0.0.6 via 10.0.0.5"),
    ])
    func `it is read from the right, past trusted hops only`(field: String, origin: String) {
        #expect(self.origin(field) == origin)
    }

    @Test(arguments: ["", ",", "unknown", "_hidden", "198.51.100", "198.51.100.7:x", "[198.51.100.7]", "[::1", "[::1]x", "::1]"])
    func `what is not an address gives none`(field: String) {
        #expect(origin(field) == nil)
    }

    @Test func `several fields are one list`() {
        #expect(origin("203.0.113.1", "198.51.100.7", "10.0.0.6") == "198.51.100.7 via 10.0.0.6")
        #expect(origin() == nil)
    }

    @Test func `a chain without an end is not followed to its end`() {
        let chain = (["198.51.100.7"] + (0..<5_000).map { "10.0.\($0 / 250).\($0 % 250)" }).joined(separator: ",")
        #expect(origin(chain)?.hasPrefix("10.0.") == true)
    }
}
