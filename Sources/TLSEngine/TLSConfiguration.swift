/// Which clients a server lets in.
public enum ClientCertificatePolicy: Hashable, Sendable {
    /// Not asked for.
    case none
    /// Asked for; one that is sent must be signed by an authority in the file, none is accepted too.
    case optional(authorityFile: String)
    /// Without a good one there is no connection.
    case required(authorityFile: String)

    var authorityFile: String? {
        switch self {
        case .none: nil
        case .optional(let file), .required(let file): file
        }
    }
}

/// A server's side of TLS. Files are PEM; they are read when a context is made, and again by `reload`.
public struct TLSServerConfiguration: Hashable, Sendable {
    /// Own certificate first, then intermediates.
    public var certificateChainFile: String
    public var privateKeyFile: String
    public var clientCertificates: ClientCertificatePolicy

    public init(
        certificateChainFile: String, privateKeyFile: String,
        clientCertificates: ClientCertificatePolicy = .none
    ) {
        self.certificateChainFile = certificateChainFile
        self.privateKeyFile = privateKeyFile
        self.clientCertificates = clientCertificates
    }
}

/// A client's side of TLS. The server's certificate is always verified, its name included.
public struct TLSClientConfiguration: Hashable, Sendable {
    /// Authorities to trust; nil for the system's.
    public var authorityFile: String?
    /// Own certificate for servers that ask; both files or neither.
    public var certificateChainFile: String?
    public var privateKeyFile: String?

    public init(
        authorityFile: String? = nil, certificateChainFile: String? = nil, privateKeyFile: String? = nil
    ) {
        self.authorityFile = authorityFile
        self.certificateChainFile = certificateChainFile
        self.privateKeyFile = privateKeyFile
    }
}
