import EventCore
import Testing

@testable import Transport

@Suite("The PROXY header") struct ProxyHeaderTests {
    private static let signature: [UInt8] = Array("\r\n\r\n\0\r\nQUIT\n".utf8)

    private static func header(_ command: UInt8, _ family: UInt8, _ body: [UInt8], length: Int? = nil) -> [UInt8] {
        let count = length ?? body.count
        return signature + [command, family, UInt8(count >> 8), UInt8(count & 255)] + body
    }

    private static let four: [UInt8] = [198, 51, 100, 7, 10, 0, 0, 5, 0x30, 0x39, 0xC3, 0x83]
    private static let six: [UInt8] =
        [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 0, count: 16) + [0, 7, 0, 8]

    /// Feeds the bytes in pieces; what the last piece leaves unread is added to what was not fed.
    private func read(_ bytes: [UInt8], by size: Int) -> (outcome: ProxyHeader.Outcome, left: Int) {
        var header = ProxyHeader()
        var offset = 0
        while offset < bytes.count {
            let piece = Array(bytes[offset..<min(bytes.count, offset + size)])
            let outcome = piece.withUnsafeBytes { header.receive($0) }
            if case .complete(_, let consumed) = outcome { return (outcome, bytes.count - offset - consumed) }
            if outcome == .invalid { return (outcome, bytes.count - offset) }
            offset += piece.count
        }
        return (.needsMore, 0)
    }

    private func source(_ outcome: ProxyHeader.Outcome) -> SocketAddress?? {
        if case .complete(let source, _) = outcome { source } else { nil }
    }

    @Test(arguments: [1, 7, 15, 16, 17, 1000])
    func `the source is read, and not a byte of what follows`(size: Int) {
        let rest: [UInt8] = [0x16, 3, 1]
        for (body, family, address) in [
            (Self.four, UInt8(0x11), SocketAddress(ipAddress: "198.51.100.7", port: 12345)),
            (Self.four + [4, 0, 1, 9], 0x11, SocketAddress(ipAddress: "198.51.100.7", port: 12345)),
            (Self.six, 0x21, SocketAddress(ipAddress: "2001:db8::1", port: 7)),
        ] {
            let (outcome, left) = read(Self.header(0x21, family, body) + rest, by: size)
            #expect(source(outcome) == .some(address))
            #expect(left == rest.count)
        }
    }

    @Test func `a mapped IPv4 source is IPv4`() {
        let mapped = [UInt8](repeating: 0, count: 10) + [255, 255, 198, 51, 100, 7] + Self.six[16...]
        #expect(
            source(read(Self.header(0x21, 0x21, mapped), by: 99).outcome)
                == .some(SocketAddress(ipAddress: "198.51.100.7", port: 7)))
    }

    @Test(arguments: [
        header(0x20, 0x00, []), header(0x20, 0x11, four), header(0x20, 0xFF, []), header(0x21, 0x00, []),
        header(0x21, 0x00, [1, 2, 3]), header(0x21, 0x31, [UInt8](repeating: 0, count: 216)),
    ])
    func `a check of the proxy's own, and a caller without an address, name no source`(bytes: [UInt8]) {
        for size in [1, 1000] {
            let (outcome, left) = read(bytes, by: size)
            #expect(source(outcome) == .some(nil) && left == 0)
        }
    }

    @Test(arguments: [
        Array("PROXY TCP4 198.51.100.7 10.0.0.5 12345 50051\r\n".utf8), Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8),
        [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0, 0, 0, 0, 0, 0], header(0x22, 0x11, four), header(0x11, 0x11, four),
        header(0x21, 0x12, four), header(0x21, 0x22, six), header(0x21, 0x11, [1, 2, 3, 4]),
        header(0x21, 0x21, four), header(0x21, 0x31, four), header(0x21, 0x41, four),
        header(0x21, 0x11, [], length: 521), header(0x21, 0x11, [], length: 65535),
    ])
    func `anything else is refused as soon as it shows`(bytes: [UInt8]) {
        for size in [1, 7, 1000] { #expect(read(bytes, by: size).outcome == .invalid) }
    }

    @Test func `536 bytes are taken`() {
        let long = Self.header(0x21, 0x11, Self.four + [UInt8](repeating: 4, count: 508))
        #expect(long.count == ProxyHeader.byteCountMax)
        #expect(source(read(long, by: 100).outcome) == .some(SocketAddress(ipAddress: "198.51.100.7", port: 12345)))
        #expect(read(Array(long.dropLast()), by: 100).outcome == .needsMore)
    }
}

@Suite("Silent connections, by age") struct SilentConnectionsTests {
    @Test func `the oldest of those that said least goes first`() {
        var silent = SilentConnections()
        func expect(_ oldest: UInt64?, _ oldestHandshake: UInt64?, handshakes: Int) {
            let found = (silent.oldest, silent.oldestHandshake, silent.handshakeCount)
            #expect(found == (oldest, oldestHandshake, handshakes))
        }
        silent.append(1, .mute)
        silent.append(2, .mutePlain)
        silent.append(3, .mute)
        expect(1, 1, handshakes: 2)
        silent.remove(1, .mute)
        silent.append(1, .handshaking)
        expect(2, 3, handshakes: 2)
        silent.remove(2, .mutePlain)
        silent.append(2, .quiet)
        silent.remove(3, .mute)
        expect(1, 1, handshakes: 1)
        silent.remove(1, .handshaking)
        expect(2, nil, handshakes: 0)
        silent.remove(2, .quiet)
        expect(nil, nil, handshakes: 0)
    }

    @Test func `a queue of ages keeps its order over many that come and go`() {
        var queue = AgeQueue()
        for number in 0..<10_000 as Range<UInt64> {
            queue.append(number)
            // A hundred stay, and every tenth for longer.
            if number >= 100, !(number - 100).isMultiple(of: 10) { _ = queue.remove(number - 100) }
            if number >= 1_000, (number - 1_000).isMultiple(of: 10) { _ = queue.remove(number - 1_000) }
        }
        #expect(queue.count == 190)
        var found: [UInt64] = []
        while let oldest = queue.oldest {
            found.append(oldest)
            let isFirst = queue.remove(oldest)
            let isSecond = queue.remove(oldest)
            #expect(isFirst && !isSecond)
        }
        #expect(found == (9_000..<10_000).filter { $0 >= 9_900 || $0.isMultiple(of: 10) })
    }
}
