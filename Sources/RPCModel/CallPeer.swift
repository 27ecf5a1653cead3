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

    /// `127.0.0.1:50051`, `[::1]:50051`, `unix:` for a unix socket, `in-process`.
    public let address: String
    /// Whether the bytes are protected by TLS.
    public let isEncrypted: Bool
    /// `nil` without a client certificate.
    public let verifiedIdentity: VerifiedIdentity?

    public init(address: String, isEncrypted: Bool = false, verifiedIdentity: VerifiedIdentity? = nil) {
        self.address = address
        self.isEncrypted = isEncrypted
        self.verifiedIdentity = verifiedIdentity
    }
}
