internal import COpenSSL

/// Why a context could not be created, or a connection is not trusted.
public struct TLSFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// A file could not be read, or a key does not match its certificate: for the operator to fix.
        case configuration
        /// The peer's certificate was refused, or it refused ours.
        case certificate
        /// The peer does not speak h2, or there is no common version or cipher.
        case negotiation
        /// Anything else the peer sent, or a modified record.
        case `protocol`
        /// The peer did too often what is cheap for it and expensive for us; the reason is the limit's name.
        case limit
    }

    public let kind: Kind
    /// The OpenSSL call that failed, a label for metrics.
    public let call: String
    /// OpenSSL's reason, "certificate verify failed (unable to get local issuer certificate)"; for the log.
    public let reason: String

    public var description: String { "\(call): \(reason)" }

    init(_ kind: Kind, call: String, reason: String) {
        self.kind = kind
        self.call = call
        self.reason = reason
    }

    /// Drains this thread's OpenSSL error queue.
    static func drain(_ kind: Kind, call: String, detail: String = "") -> TLSFailure {
        var reasons: [String] = []
        var isCertificate = false
        while true {
            let code = ERR_get_error()
            if code == 0 { break }
            let reason = Int32(truncatingIfNeeded: telehealth_err_reason(code))
            isCertificate = isCertificate || certificateReasons.contains(reason)
            if let text = ERR_reason_error_string(code) {
                reasons.append(String(cString: text))
            } else {
                reasons.append("code \(code)")
            }
        }
        if !detail.isEmpty { reasons.append("(\(detail))") }
        return TLSFailure(
            kind == .protocol && isCertificate ? .certificate : kind, call: call,
            reason: reasons.isEmpty ? "OpenSSL gave no reason" : reasons.joined(separator: " "))
    }

    private static let certificateReasons: Set<Int32> = [
        SSL_R_CERTIFICATE_VERIFY_FAILED, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
        SSL_R_TLSV1_ALERT_UNKNOWN_CA,
        SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
        SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
        SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
    ]
}
