import Testing

@testable import EventCore

@Suite("Blocks of addresses") struct AddressBlockTests {
    private func address(_ text: String) throws -> SocketAddress {
        try #require(SocketAddress(ipAddress: text, port: 4711))
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "203.0.113.9", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false), ("192.0.2.4/30", "192.0.2.7", true),
        ("192.0.2.4/30", "192.0.2.8", false), ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false), ("2001:db8::/65", "2001:db8::7fff:0:0:1", true),
        ("2001:db8::/65", "2001:db8::8000:0:0:1", false), ("::1", "::1", true), ("::/0", "10.0.0.1", false),
        ("0.0.0.0/0", "::1", false), ("::ffff:10.0.0.0/104", "10.1.2.3", true), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
    ])
    func `a block holds the addresses that begin as it does`(block: String, address: String, isIn: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(self.address(address)) == isIn)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.7/8", "10.0.0",
        "2001:db8::/129", "2001:db8::1/32", "::ffff:10.0.0.0/95", "fe80::1%eth0", "localhost", "10.0.0.0/8/8", " 10.0.0.1",
    ])
    func `what is not a block, or a block with an address behind its prefix, is none`(text: String) {
        #expect(AddressBlock(text) == nil)
    }

    @Test func `a unix socket is in no block and shares none`() throws {
        #expect(try !#require(AddressBlock("0.0.0.0/0")).contains(.unix(path: "/s")))
        #expect(AddressBlock(sharedBy: .unix(path: "/s")) == nil)
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::1", "::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ])
    func `limits count an IPv4 address alone and an IPv6 address with its network`(text: String, share: String) throws {
        let block = try #require(AddressBlock(sharedBy: address(text)))
        #expect(block.description == share)
        #expect(try block == AddressBlock(sharedBy: address(text).withPort(1)))
    }
}
