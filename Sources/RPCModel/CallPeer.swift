internal import Synchronization

/// Who is at the other end of a connection; one object per connection, shared by its calls.
public final class CallPeer: Sendable {
    /// What the peer proved with its certificate; the transport checked the chain before it says so.
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

    /// Where the calls come from, behind whatever trusted proxies: `127.0.0.1:50051`, `[::1]:50051`, `unix:` for a
    /// unix socket, `in-process`.
    public let address: String
    /// The address without its port, and the proxy that told it: `127.0.0.1`, `[::1]`, `unix`, `in-process`,
    /// `198.51.100.7 via 10.0.0.5`. For the audit log.
    public let source: String
    /// What limits count the calls under: the address without its port, of an IPv6 address its /64.
    public let share: String
    /// The peer has an account on this machine: loopback, a unix socket or this process, and no proxy in between.
    public let isLocal: Bool
    /// Whether the bytes are protected by TLS.
    public let isEncrypted: Bool
    /// `nil` without a client certificate.
    public let verifiedIdentity: VerifiedIdentity?
    /// The connection's peer, when this is a caller behind it.
    private let connection: CallPeer?
    private let refused = Atomic(false)

    /// - Parameters:
    ///   - proxy: the trusted proxy that told the address, without its port.
    ///   - share: nil: the address without its port.
    ///   - isLocal: nil: what the address alone says.
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

    /// Whether a call on this connection was refused for what it came with instead of an identity.
    public var wasRefused: Bool { connection?.wasRefused ?? refused.load(ordering: .relaxed) }

    /// Notes such a call.
    public func noteRefusal() {
        if let connection { connection.noteRefusal() } else { refused.store(true, ordering: .relaxed) }
    }

    private static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address.hasPrefix("[::1]") || address.hasPrefix("unix:")
            || address == "in-process"
    }
}
