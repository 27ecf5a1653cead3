internal import COpenSSL

/// One connection's handshake and records: ciphertext in, plaintext out, and vice versa. Without sockets.
///
/// - Isolation: not Sendable; one thread, that of its workspace.
public final class TLSSession {
    /// A record's maximum plaintext (RFC 8446 section 5.1); a partial record may be buffered inside OpenSSL, so a
    /// `receive` can return this much more than it was given.
    public static let recordBytesMax = 16 << 10

    /// Handshake messages after the handshake (in TLS 1.3 a KeyUpdate or a ticket) that a peer may always send: each
    /// makes us derive keys, and may require a response.
    static let lateHandshakeMessages = 32
    /// Received bytes that earn one more. 1 MiB: keys need renewal after hundreds of gigabytes (RFC 8446 section
    /// 5.5), and a peer that renews them every MiB costs us little.
    static let bytesPerLateHandshakeMessage = 1 << 20

    private let handle: OpaquePointer
    /// Plaintext received that has not earned a message yet.
    private var unearnedBytes = 0
    /// Keeps the object that OpenSSL's pointer in the BIO refers to.
    private let pipe: RecordPipe
    private let context: TLSContext

    /// Set when the handshake has completed and h2 was negotiated.
    public private(set) var peer: TLSPeerIdentity?
    /// The peer will send no more (close_notify).
    public private(set) var isPeerDone = false

    /// - Parameter serverName: client: the name or address that the certificate must contain; a name is also sent as
    ///   SNI.
    /// - Throws: `configuration`: out of memory or an unusable name.
    public init(context: TLSContext, serverName: String? = nil, workspace: TLSWorkspace) throws(TLSFailure) {
        ERR_clear_error()
        let pipe = RecordPipe(workspace: workspace)
        guard let handle = SSL_new(context.handle) else {
            throw TLSFailure.drain(.configuration, call: "SSL_new")
        }
        guard let bio = pipe.makeBIO() else {
            SSL_free(handle)
            throw TLSFailure.drain(.configuration, call: "BIO_new")
        }
        SSL_set_bio(handle, bio, bio)  // the SSL owns the BIO now
        switch context.role {
        case .server:
            SSL_set_accept_state(handle)
        case .client:
            SSL_set_connect_state(handle)
            if let failure = Self.expect(serverName, handle) {
                SSL_free(handle)
                throw failure
            }
        }
        self.handle = handle
        self.pipe = pipe
        self.context = context
    }

    deinit { SSL_free(handle) }

    /// Sets the name that the server's certificate must contain (RFC 9525): a DNS name or an IP address.
    private static func expect(_ serverName: String?, _ handle: OpaquePointer) -> TLSFailure? {
        guard let serverName, !serverName.isEmpty else {
            return TLSFailure(
                .configuration, call: "SSL_set1_host", reason: "a client must name the server")
        }
        let parameters = SSL_get0_param(handle)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, serverName) == 1 { return nil }
        ERR_clear_error()  // not an address, which is not an error
        SSL_set_hostflags(handle, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        guard SSL_set1_host(handle, serverName) == 1,
            telehealth_ssl_set_tlsext_host_name(handle, serverName) == 1
        else { return TLSFailure.drain(.configuration, call: "SSL_set1_host") }
        return nil
    }

    public var isHandshakeComplete: Bool { peer != nil }

    /// Client: puts the first flight into the workspace's output. A server has nothing to send yet.
    public func start() throws(TLSFailure) { try handshake() }

    /// Consumes all ciphertext and decrypts complete records. Handshake responses and alerts go to the workspace's
    /// output; send it even when this throws, so that the peer gets the alert.
    ///
    /// - Parameter plaintext: at least `ciphertext.count + recordBytesMax` bytes.
    /// - Returns: bytes of plaintext; 0 during the handshake.
    /// - Throws: `certificate`, `negotiation`, `protocol` or `limit`, the peer's fault: send the output, then close.
    public func receive(
        _ ciphertext: UnsafeRawBufferPointer, plaintext: UnsafeMutableRawBufferPointer
    ) throws(TLSFailure) -> Int {
        precondition(plaintext.count >= ciphertext.count + Self.recordBytesMax, "the plaintext always fits")
        pipe.input = ciphertext
        defer { pipe.input = UnsafeRawBufferPointer(start: nil, count: 0) }
        if !isHandshakeComplete {
            try handshake()
            if !isHandshakeComplete { return 0 }
        }
        var filled = 0
        while filled < plaintext.count {
            ERR_clear_error()
            let room = Int32(clamping: plaintext.count - filled)
            let count = SSL_read(handle, plaintext.baseAddress! + filled, room)
            if count > 0 {
                filled += Int(count)
                earn(Int(count))
                continue
            }
            if pipe.handshakeMessagesLeft < 0 {
                ERR_clear_error()
                throw TLSFailure(.limit, call: "SSL_read", reason: "too_many_key_updates")
            }
            switch SSL_get_error(handle, count) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
                return filled
            case SSL_ERROR_ZERO_RETURN:
                isPeerDone = true
                return filled
            default:
                throw TLSFailure.drain(.protocol, call: "SSL_read")
            }
        }
        return filled
    }

    private func earn(_ byteCount: Int) {
        unearnedBytes += byteCount
        guard unearnedBytes >= Self.bytesPerLateHandshakeMessage else { return }
        unearnedBytes -= Self.bytesPerLateHandshakeMessage
        pipe.allowHandshakeMessages(min(Self.lateHandshakeMessages, pipe.handshakeMessagesLeft + 1))
    }

    /// Encrypts into the workspace's output, in records of 16 KiB.
    ///
    /// - Throws: `protocol`: the session failed before.
    public func send(_ plaintext: UnsafeRawBufferPointer) throws(TLSFailure) {
        precondition(isHandshakeComplete, "the handshake must be complete before data is sent")
        guard plaintext.count > 0 else { return }
        ERR_clear_error()
        let count = SSL_write(handle, plaintext.baseAddress, Int32(plaintext.count))
        // The pipe accepts everything, so there is no "try again".
        guard count == Int32(plaintext.count) else { throw TLSFailure.drain(.protocol, call: "SSL_write") }
    }

    /// Puts close_notify into the output; the socket may be closed once it is sent.
    public func close() {
        guard isHandshakeComplete else { return }
        ERR_clear_error()
        // 0 and 1 both mean "sent"; a failed session has nothing to send, and its errors no longer matter.
        if SSL_shutdown(handle) < 0 { ERR_clear_error() }
    }

    private func handshake() throws(TLSFailure) {
        ERR_clear_error()
        let result = SSL_do_handshake(handle)
        if result == 1 { return try finishHandshake() }
        switch SSL_get_error(handle, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            return
        default:
            let verdict = SSL_get_verify_result(handle)
            let detail =
                verdict == Int(X509_V_OK) ? "" : String(cString: X509_verify_cert_error_string(verdict))
            throw TLSFailure.drain(.protocol, call: "SSL_do_handshake", detail: detail)
        }
    }

    private func finishHandshake() throws(TLSFailure) {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(handle, &name, &count)
        // RFC 9113 section 3.2: over TLS, HTTP/2 is negotiated by ALPN only.
        guard let name, UnsafeBufferPointer(start: name, count: Int(count)).elementsEqual("h2".utf8) else {
            throw TLSFailure(.negotiation, call: "ALPN", reason: "the peer did not negotiate h2")
        }
        peer = TLSPeerIdentity(ssl: handle)
        pipe.allowHandshakeMessages(Self.lateHandshakeMessages)
    }
}
