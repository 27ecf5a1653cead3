internal import EventCore
internal import Transport

/// Who may come to the door, how many at a time, and whose word about others is taken.
struct Admission: Sendable {
    var trustedProxies = TrustedProxies()
    var connectionsMax: Int
    var connectionsPerAddress: Int
    var handshakesMax: Int
    var handshakesPerAddress: Int
    var helloTimeout: Duration
    var handshakeTimeout: Duration

    init(_ reader: inout SettingReader) {
        connectionsMax = reader.integer("telehealth.connectionsMax")
        connectionsPerAddress = reader.integer("telehealth.connectionsPerAddress")
        handshakesMax = reader.integer("telehealth.handshakesMax")
        handshakesPerAddress = reader.integer("telehealth.handshakesPerAddress")
        helloTimeout = reader.duration("telehealth.helloTimeout")
        handshakeTimeout = reader.duration("telehealth.handshakeTimeout")
        trustedProxies = Self.trustedProxies(&reader)
        if connectionsPerAddress > connectionsMax {
            reader.refuse("telehealth.connectionsPerAddress", "is above the connections of all addresses")
        }
        if handshakesPerAddress > handshakesMax {
            reader.refuse("telehealth.handshakesPerAddress", "is above the handshakes of all addresses")
        }
        if handshakeTimeout < helloTimeout {
            reader.refuse("telehealth.handshakeTimeout", "must be at least the time to the ClientHello")
        }
    }

    var hasProxies: Bool { !trustedProxies.isEmpty }

    func apply(to transport: inout ServerTransportConfiguration) {
        transport.trustedProxies = trustedProxies
        transport.connectionsMax = connectionsMax
        transport.connectionsPerAddressMax = connectionsPerAddress
        transport.handshakesMax = handshakesMax
        transport.handshakesPerAddressMax = handshakesPerAddress
        transport.helloTimeout = helloTimeout
        transport.handshakeTimeout = handshakeTimeout
    }

    private static func trustedProxies(_ reader: inout SettingReader) -> TrustedProxies {
        let key = "telehealth.trustedProxies"
        var proxies = TrustedProxies()
        for word in reader.list(key) {
            if word == "unix" {
                proxies.includesUnixPeers = true
            } else if let block = AddressBlock(word) {
                if block.prefixLength == 0 { reader.refuse(key, "'\(word)' trusts everybody") }
                proxies.blocks.append(block)
            } else {
                reader.refuse(
                    key, "'\(word)' is no address, block of addresses (10.0.0.0/8, with nothing behind its prefix) or 'unix'")
            }
        }
        return proxies
    }
}
