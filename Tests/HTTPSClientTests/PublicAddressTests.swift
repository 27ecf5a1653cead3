import Testing

@testable import HTTPSClient

@Suite("Public addresses") struct PublicAddressTests {
    @Test(
        arguments: [
            ([8, 8, 8, 8], true), ([1, 1, 1, 1], true), ([100, 63, 0, 1], true), ([172, 32, 0, 1], true), ([198, 20, 0, 1], true),
            ([0, 0, 0, 0], false), ([10, 1, 2, 3], false), ([100, 64, 0, 1], false), ([127, 9, 9, 9], false),
            ([169, 254, 169, 254], false), ([172, 31, 255, 255], false), ([192, 168, 0, 1], false), ([198, 19, 0, 1], false),
            ([203, 0, 113, 7], false), ([224, 0, 0, 1], false), ([255, 255, 255, 255], false), ([1, 2, 3], false),
        ] as [([UInt8], Bool)])
    func `IPv4 by the registry of special addresses`(bytes: [UInt8], isPublic: Bool) {
        #expect(PublicAddress.isPublic(ipv4: bytes) == isPublic)
        let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + bytes
        #expect(PublicAddress.isPublic(ipv6: mapped) == isPublic)
    }

    @Test(
        arguments: [
            ([0x26, 0x06, 0x47], true), ([0x20, 0x01, 0x48, 0x60], true), ([], false), ([0xfe, 0x80], false), ([0xfd, 0x00], false),
            ([0xfc], false), ([0xff, 0x02], false), ([0x20, 0x01, 0x0d, 0xb8], false), ([0x20, 0x01, 0x00, 0x00], false),
            ([0x20, 0x02, 0x0a, 0x00], false), ([0x3f, 0xff, 0x01], false), ([0x00, 0x64, 0xff, 0x9b], false),
        ] as [([UInt8], Bool)])
    func `IPv6 by the registry of special addresses`(prefix: [UInt8], isPublic: Bool) {
        let bytes = prefix + [UInt8](repeating: 0, count: 15 - prefix.count) + [1]
        #expect(PublicAddress.isPublic(ipv6: bytes) == isPublic)
    }
}
