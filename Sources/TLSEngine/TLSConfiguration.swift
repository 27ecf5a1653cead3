/// Which client certificates a server requires.
public enum ClientCertificatePolicy: Hashable, Sendable {
    /// Not asked for.
    case none
    /// Requested; a certificate must be signed by an authority in the file, but none is also accepted.
    case optional(authorityFile: String)
    /// Required: a connection without a valid certificate is refused.
    case required(authorityFile: String)

    var authorityFile: String? {
        switch self {
        case .none: nil
        case .optional(let file), .required(let file): file
        }
    }
}

/// A server's TLS settings. Files are PEM; they are read when a context is created, and again by `reload`.
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

/// A client's TLS settings. The server's certificate and its name are always verified.
public struct TLSClientConfiguration: Hashable, Sendable {
    /// Certificate authorities to trust; nil for the system's.
    public var authorityFile: String?
    /// Own certificate for servers that require one; both files or neither.
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
