internal import COpenSSL
internal import Synchronization

/// Settings, keys and trusted authorities shared by many connections; immutable.
///
/// TLS 1.2 or later, h2 by ALPN required, no renegotiation, no compression; session tickets enabled.
///
/// `@unchecked Sendable`: an SSL_CTX counts its references atomically and is not changed after `init`.
public final class TLSContext: @unchecked Sendable {
    public enum Role: Hashable, Sendable { case client, server }

    public let role: Role
    let handle: OpaquePointer

    private init(role: Role, handle: OpaquePointer) {
        self.role = role
        self.handle = handle
    }

    deinit { SSL_CTX_free(handle) }

    /// - Throws: `configuration`: a file is missing, unreadable or not PEM, or the key does not match the
    ///   certificate.
    public static func server(_ configuration: TLSServerConfiguration) throws(TLSFailure) -> TLSContext {
        let context = try make(.server)
        try context.use(chain: configuration.certificateChainFile, key: configuration.privateKeyFile)
        if let file = configuration.clientCertificates.authorityFile {
            try context.trust(file)
            // Tells clients which certificates are accepted; without it some send none.
            guard let names = SSL_load_client_CA_file(file) else {
                throw TLSFailure.drain(.configuration, call: "SSL_load_client_CA_file")
            }
            SSL_CTX_set_client_CA_list(context.handle, names)  // takes ownership
        }
        let mode: Int32 =
            switch configuration.clientCertificates {
            case .none: SSL_VERIFY_NONE
            case .optional: SSL_VERIFY_PEER
            case .required: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            }
        SSL_CTX_set_verify(context.handle, mode, nil)
        // Tickets of one deployment must not be accepted by another that shares the key file.
        let id = Array("telehealth-rpc".utf8)
        SSL_CTX_set_session_id_context(context.handle, id, UInt32(id.count))
        SSL_CTX_set_alpn_select_cb(context.handle, selectH2, nil)
        return context
    }

    /// - Throws: `configuration`: as for `server`.
    public static func client(_ configuration: TLSClientConfiguration = TLSClientConfiguration())
        throws(TLSFailure)
        -> TLSContext
    {
        let context = try make(.client)
        if let file = configuration.authorityFile {
            try context.trust(file)
        } else if SSL_CTX_set_default_verify_paths(context.handle) != 1 {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_set_default_verify_paths")
        }
        if let chain = configuration.certificateChainFile, let key = configuration.privateKeyFile {
            try context.use(chain: chain, key: key)
        }
        SSL_CTX_set_verify(context.handle, SSL_VERIFY_PEER, nil)
        // Returns 0 for success, unlike its neighbors.
        if SSL_CTX_set_alpn_protos(context.handle, h2, UInt32(h2.count)) != 0 {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_set_alpn_protos")
        }
        return context
    }

    private static func make(_ role: Role) throws(TLSFailure) -> TLSContext {
        ERR_clear_error()
        guard let handle = SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_new")
        }
        let context = TLSContext(role: role, handle: handle)
        guard telehealth_ssl_ctx_set_min_proto_version(handle, TLS1_2_VERSION) == 1 else {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_set_min_proto_version")
        }
        SSL_CTX_set_options(
            handle,
            telehealth_ssl_op_no_renegotiation | telehealth_ssl_op_no_compression
                | telehealth_ssl_op_server_preference)
        // Record buffers (34 KiB) are released while a connection is idle; a partial write may be retried from
        // another address, because the loop's scratch does not keep it.
        _ = telehealth_ssl_ctx_set_mode(handle, telehealth_ssl_mode)
        // RFC 9113 section 9.2.2: TLS 1.2 only with ephemeral keys and AEAD.
        guard SSL_CTX_set_cipher_list(handle, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 else {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_set_cipher_list")
        }
        // Tickets carry the session; a server-side cache would be needless shared memory.
        _ = telehealth_ssl_ctx_set_session_cache_mode(handle, Int(SSL_SESS_CACHE_OFF))
        RecordPipe.countHandshakeMessages(of: handle)
        // One ticket, not two: each costs bytes on every handshake, and a client resumes from the last.
        SSL_CTX_set_num_tickets(handle, 1)
        return context
    }

    private func use(chain: String, key: String) throws(TLSFailure) {
        guard SSL_CTX_use_certificate_chain_file(handle, chain) == 1 else {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_use_certificate_chain_file", detail: chain)
        }
        guard SSL_CTX_use_PrivateKey_file(handle, key, SSL_FILETYPE_PEM) == 1 else {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_use_PrivateKey_file", detail: key)
        }
        guard SSL_CTX_check_private_key(handle) == 1 else {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_check_private_key", detail: key)
        }
    }

    private func trust(_ file: String) throws(TLSFailure) {
        guard SSL_CTX_load_verify_locations(handle, file, nil) == 1 else {
            throw TLSFailure.drain(.configuration, call: "SSL_CTX_load_verify_locations", detail: file)
        }
    }

    /// The protocol list as ALPN spells it: a length and the name (RFC 7301 section 3.1).
    static let h2: [UInt8] = [2] + Array("h2".utf8)
}

/// OpenSSL asks which of the client's protocols to use: h2, or the handshake fails with no_application_protocol.
private func selectH2(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let offered, let chosen, let chosenCount else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    var position = 0
    while position < Int(offeredCount) {
        let length = Int(offered[position])
        if length == 2, position + 2 < Int(offeredCount), offered[position + 1] == UInt8(ascii: "h"),
            offered[position + 2] == UInt8(ascii: "2")
        {
            // Points into the client's list, which lives through the handshake.
            chosen.pointee = offered + position + 1
            chosenCount.pointee = 2
            return SSL_TLSEXT_ERR_OK
        }
        position += 1 + length
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

/// A server's context that can be replaced while in use: new connections use the new one, open ones keep theirs.
public final class TLSServerContextSource: Sendable {
    public let configuration: TLSServerConfiguration
    private let context: Mutex<TLSContext>

    public init(_ configuration: TLSServerConfiguration) throws(TLSFailure) {
        self.configuration = configuration
        context = Mutex(try TLSContext.server(configuration))
    }

    public var current: TLSContext { context.withLock { $0 } }

    /// Reads the files again, for renewed certificates. On failure the old context stays in use.
    public func reload() throws(TLSFailure) {
        let fresh = try TLSContext.server(configuration)
        context.withLock { $0 = fresh }
    }
}

/// A client's context.
public struct TLSClientContext: Sendable {
    let context: TLSContext

    /// - Throws: `configuration`: a file is missing, unreadable or not PEM, or the key does not match the
    ///   certificate.
    public init(_ configuration: TLSClientConfiguration = TLSClientConfiguration()) throws(TLSFailure) {
        context = try TLSContext.client(configuration)
    }

    /// A session for one connection to `serverName`.
    public func makeSession(serverName: String?, workspace: TLSWorkspace) throws(TLSFailure) -> TLSSession {
        try TLSSession(context: context, serverName: serverName, workspace: workspace)
    }
}
