internal import EventCore

extension DaemonConfiguration {
    indirect enum Listener: Sendable, Hashable, CustomStringConvertible {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
        /// For trusted proxies, which begin each connection with a PROXY header (version 2).
        case proxied(Listener)

        /// Only this machine can reach it.
        var isLocal: Bool {
            switch self {
            case .unix: true
            case .tcp(let host, _): SocketAddress.isThisMachine(host: host)
            case .proxied(let listener): listener.isLocal
            }
        }

        var isProxied: Bool {
            if case .proxied = self { true } else { false }
        }

        /// As the setting names it.
        var host: String {
            switch self {
            case .tcp(let host, _): host
            case .unix(let path): path
            case .proxied(let listener): listener.host
            }
        }

        /// As the operator wrote it.
        var description: String {
            switch self {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): "unix:\(path)"
            case .proxied(let listener): "proxy:\(listener)"
            }
        }
    }

    struct TLS: Sendable, Hashable {
        var certificate: String
        var key: String
        var clientAuthorities: String?
        var requiresClientCertificate: Bool
    }

    static func listeners(_ reader: inout SettingReader) -> [Listener] {
        let key = "telehealth.listen"
        let texts = reader.list(key)
        if texts.isEmpty { reader.refuse(key, "must name at least one listener, such as 127.0.0.1:50051") }
        return texts.compactMap { text in
            let isProxied = text.hasPrefix("proxy:")
            guard let listener = listener(isProxied ? text.dropFirst("proxy:".count) : text[...]) else {
                reader.refuse(
                    key, "'\(text)' must be HOST:PORT, unix:PATH or unix:@NAME, with or without proxy: in front of it")
                return nil
            }
            return isProxied ? .proxied(listener) : listener
        }
    }

    private static func listener(_ text: Substring) -> Listener? {
        if text.hasPrefix("unix:"), text.utf8.count > 5, text != "unix:@" {
            return .unix(path: String(text.dropFirst(5)))
        }
        return hostAndPort(String(text)).map { .tcp(host: $0.host, port: $0.port) }
    }

    static func monitoring(_ reader: inout SettingReader) -> (host: String, port: UInt16)? {
        let key = "telehealth.monitoringListen"
        guard let text = reader.optionalText(key) else { return nil }
        guard let address = hostAndPort(text) else {
            reader.refuse(key, "'\(text)' must be HOST:PORT, such as 127.0.0.1:9464")
            return nil
        }
        return address
    }

    /// "127.0.0.1:9464" or "[::1]:9464".
    private static func hostAndPort(_ text: String) -> (host: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return (String(host), port)
    }

    static func tls(_ reader: inout SettingReader) -> TLS? {
        let certificate = reader.text("telehealth.tlsCertificate")
        let key = reader.text("telehealth.tlsKey")
        let authorities = reader.optionalText("telehealth.tlsClientAuthorities")
        let required = reader.text("telehealth.tlsClientCertificates") == "required"
        if certificate.isEmpty, key.isEmpty {
            if authorities != nil {
                reader.refuse("telehealth.tlsClientAuthorities", "needs --tls-certificate and --tls-key")
            }
            return nil
        }
        if certificate.isEmpty { reader.refuse("telehealth.tlsCertificate", "missing: --tls-key needs its certificate") }
        if key.isEmpty { reader.refuse("telehealth.tlsKey", "missing: --tls-certificate needs its private key") }
        return TLS(
            certificate: certificate, key: key, clientAuthorities: authorities,
            requiresClientCertificate: required)
    }
}
