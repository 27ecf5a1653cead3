internal import EventCore
internal import Transport

/// Limits of new connections, and the proxies whose word about a caller's address is taken.
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
            reader.refuse(
                "telehealth.connectionsPerAddress",
                "\(connectionsPerAddress) is above --connections-max (\(connectionsMax)): lower it or raise that")
        }
        if handshakesPerAddress > handshakesMax {
            reader.refuse(
                "telehealth.handshakesPerAddress",
                "\(handshakesPerAddress) is above --handshakes-max (\(handshakesMax)): lower it or raise that")
        }
        if handshakeTimeout < helloTimeout {
            reader.refuse("telehealth.handshakeTimeout", "must be at least --hello-timeout, which it includes")
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
                if block.prefixLength == 0 {
                    reader.refuse(key, "'\(word)' would trust every address: name the proxies' own addresses")
                }
                proxies.blocks.append(block)
            } else {
                reader.refuse(
                    key,
                    "'\(word)' must be an address, a block of addresses (10.0.0.0/8, no bits set after the prefix) or unix")
            }
        }
        return proxies
    }
}
