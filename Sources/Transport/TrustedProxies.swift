public import EventCore

/// The peers that are trusted to report where a connection or call comes from.
public struct TrustedProxies: Hashable, Sendable {
    public var blocks: [AddressBlock]
    /// Whoever may open this server's Unix sockets.
    public var includesUnixPeers: Bool

    public init(blocks: [AddressBlock] = [], includesUnixPeers: Bool = false) {
        self.blocks = blocks
        self.includesUnixPeers = includesUnixPeers
    }

    public var isEmpty: Bool { blocks.isEmpty && !includesUnixPeers }

    public func contains(_ address: SocketAddress) -> Bool {
        if case .unix = address { return includesUnixPeers }
        return blocks.contains { $0.contains(address) }
    }
}
