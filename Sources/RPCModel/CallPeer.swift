internal import Synchronization

/// The other end of a connection; one object per connection, shared by its calls.
public final class CallPeer: Sendable {
    /// The identity proved by the peer's certificate, after the transport has verified the chain.
    public struct VerifiedIdentity: Sendable, Hashable {
        public var commonName: String?
        public var dnsNames: [String]
        public var uris: [String]
        public var emailAddresses: [String]

        public init(
            commonName: String? = nil, dnsNames: [String] = [], uris: [String] = [],
            emailAddresses: [String] = []
        ) {
            self.commonName = commonName
            self.dnsNames = dnsNames
            self.uris = uris
            self.emailAddresses = emailAddresses
        }
    }

    /// The caller's address, also behind trusted proxies: `127.0.0.1:50051`, `[::1]:50051`, `unix:` for a Unix
    /// socket, `in-process`.
    public let address: String
    /// The address without its port, and the proxy that reported it: `127.0.0.1`, `[::1]`, `unix`, `in-process`,
    /// `198.51.100.7 via 10.0.0.5`. For the audit log.
    public let source: String
    /// The key under which limits count calls: the address without its port, for IPv6 its /64.
    public let share: String
    /// The peer is on this machine: loopback, a Unix socket or this process, without a proxy in between.
    public let isLocal: Bool
    /// Whether TLS protects the connection.
    public let isEncrypted: Bool
    /// `nil` without a client certificate.
    public let verifiedIdentity: VerifiedIdentity?
    /// The connection's peer, when this is a caller behind a proxy.
    private let connection: CallPeer?
    private let refused = Atomic(false)

    /// - Parameters:
    ///   - proxy: the trusted proxy that reported the address, without its port.
    ///   - share: nil: the address without its port.
    ///   - isLocal: nil: decided by the address alone.
    ///   - connection: the peer of the connection, when the address is that of a caller behind it.
    public init(
        address: String, proxy: String? = nil, share: String? = nil, isLocal: Bool? = nil, isEncrypted: Bool = false,
        verifiedIdentity: VerifiedIdentity? = nil, connection: CallPeer? = nil
    ) {
        self.address = address
        let host = address.lastIndex(of: ":").map { String(address[..<$0]) } ?? address
        source = proxy.map { "\(host) via \($0)" } ?? host
        self.share = share ?? host
        self.isLocal = isLocal ?? (proxy == nil && Self.isLoopback(address))
        self.isEncrypted = isEncrypted
        self.verifiedIdentity = verifiedIdentity
        self.connection = connection
    }

    /// Whether a call on this connection was refused because of missing or invalid credentials.
    public var wasRefused: Bool { connection?.wasRefused ?? refused.load(ordering: .relaxed) }

    /// Records such a call.
    public func noteRefusal() {
        if let connection { connection.noteRefusal() } else { refused.store(true, ordering: .relaxed) }
    }

    private static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address.hasPrefix("[::1]") || address.hasPrefix("unix:")
            || address == "in-process"
    }
}
