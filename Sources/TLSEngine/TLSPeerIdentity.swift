internal import COpenSSL

/// What the handshake established about the other side.
public struct TLSPeerIdentity: Hashable, Sendable {
    /// "TLSv1.3".
    public let version: String
    /// "TLS_AES_256_GCM_SHA384".
    public let cipher: String
    /// The name the client asked for (SNI); nil on the client's side or when it sent none.
    public let serverName: String?
    /// Verified against the configured authorities; nil when the peer sent none.
    public let certificate: PeerCertificate?

    init(ssl: OpaquePointer) {
        version = SSL_get_version(ssl).map { String(cString: $0) } ?? ""
        cipher =
            SSL_get_current_cipher(ssl).flatMap { SSL_CIPHER_get_name($0) }.map { String(cString: $0) } ?? ""
        serverName =
            SSL_is_server(ssl) == 1 ? telehealth_ssl_get_servername(ssl).map { String(cString: $0) } : nil
        certificate = PeerCertificate(verifiedPeerOf: ssl)
    }
}

/// A certificate whose chain was verified.
public struct PeerCertificate: Hashable, Sendable {
    /// RFC 2253 text, "CN=frontdesk,O=Clinic": for logs and display only; use the names below for decisions.
    public let subject: String
    /// Subject alternative names; a name with a zero byte in it is left out.
    public let dnsNames: [String]
    public let uris: [String]
    /// SHA-256 of the DER form, 32 bytes.
    public let sha256: [UInt8]

    /// Further names are ignored: a certificate is small, but its issuer may be careless.
    static let namesMax = 64

    init?(verifiedPeerOf ssl: OpaquePointer) {
        guard let certificate = telehealth_ssl_get1_peer_certificate(ssl) else { return nil }
        defer { X509_free(certificate) }
        // A server that requests no certificate gets none; one that does has already refused an invalid one. Checked
        // nevertheless.
        guard SSL_get_verify_result(ssl) == Int(X509_V_OK) else { return nil }
        subject = Self.subject(of: certificate)
        (dnsNames, uris) = Self.alternativeNames(of: certificate)
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 32
        guard X509_digest(certificate, EVP_sha256(), &digest, &count) == 1 else { return nil }
        sha256 = digest
    }

    private static func subject(of certificate: OpaquePointer) -> String {
        guard let memory = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(memory) }
        X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, UInt(telehealth_xn_flag_rfc2253))
        var bytes: UnsafeMutablePointer<CChar>?
        let count = telehealth_bio_get_mem_data(memory, &bytes)
        guard let bytes, count > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private static func alternativeNames(of certificate: OpaquePointer) -> (dns: [String], uris: [String]) {
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return ([], []) }
        let names = OpaquePointer(raw)
        defer { telehealth_general_names_free(names) }
        var dns: [String] = []
        var uris: [String] = []
        for index in 0..<min(telehealth_general_names_count(names), Int32(namesMax)) {
            var type: Int32 = 0
            var count: Int32 = 0
            guard
                let text = telehealth_general_name_text(
                    telehealth_general_names_value(names, index), &type, &count),
                count > 0
            else { continue }
            let bytes = UnsafeBufferPointer(start: text, count: Int(count))
            // "clinic.test\0.evil.test" must not be taken for "clinic.test".
            guard !bytes.contains(0) else { continue }
            let name = String(decoding: bytes, as: UTF8.self)
            if type == GEN_DNS { dns.append(name) }
            if type == GEN_URI { uris.append(name) }
        }
        return (dns, uris)
    }
}
