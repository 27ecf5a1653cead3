internal import EventCore
internal import FoundationEssentials
internal import HTTPSClient
internal import Identity
internal import Logging
internal import StorageSQLite
internal import TelehealthHandlers
internal import TelehealthRules
internal import Webhooks

/// Everything the daemon needs to know, checked; made from ``SettingReader`` and nothing else.
struct DaemonConfiguration: Sendable {
    indirect enum Listener: Sendable, Hashable, CustomStringConvertible {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
        /// For trusted proxies, which begin each connection with a PROXY header.
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

    struct Cloud: Sendable {
        var region: String
        var bucket: String?
        /// nil = the region itself.
        var bucketRegion: String?
        var recordingKey: RecordingKey?
        /// `AWS_ENDPOINT_URL` and its kin, by name.
        var endpoints: [String: String]
        var echoReduction: Bool
        var videoResolution: String
        var attendeesMax: Int
        var callsPerSecond: Int
        var authoritiesFile: String?
        /// SQS queue of Chime's events.
        var eventsQueue: String?
        var cloudFront: CloudFront?
    }

    /// What Chime encrypts recordings with.
    struct RecordingKey: Sendable, Hashable {
        var kmsKeyID: String
        var sinkRole: String
    }

    struct CloudFront: Sendable, Hashable {
        var distribution: String
        var keyPairID: String
        var keyFile: String
        var usesCustomPolicy: Bool
    }

    /// Where the audit log's secrets and signed heads lie: never in the data directory.
    struct Audit: Sendable {
        var keyFile: String
        /// Signs receipts.
        var receiptKeyFile: String
        var headKeyFile: String
        var headsDirectory: String
        var headInterval: Duration
        var headRows: Int
    }

    var dataDirectory: String
    var keyRing: KeyRingFile
    var access: AccessSettings
    var admission: Admission
    var webhooks: [WebhookEndpoint]
    /// Outside the database, and wherever the operator wants it.
    var guestKeyFile: String
    var listeners: [Listener]
    var tls: TLS?
    /// nil = no endpoint for probers and scrapers.
    var monitoring: (host: String, port: UInt16)?
    /// nil = beside the database.
    var backupDirectory: String?
    /// In percent.
    var spaceAlarm: Int
    /// 0 = one per core.
    var loops: Int
    var offersReflection: Bool
    var logLevel: Logger.Level
    var shutdownGrace: Duration
    var connections: Connections
    var identity: Identity
    var cloud: Cloud
    var audit: Audit
    var policy: Policy
    /// What is in force and from where, for `--print-config`.
    var effective: [SettingReader.Effective]
    /// What is taken as it is and should be changed, for the log.
    var advice: [String]

    /// - Throws: ``ConfigurationFailure`` with every sentence at once.
    init(_ reader: SettingReader) throws(ConfigurationFailure) {
        var reader = reader
        dataDirectory = reader.text("telehealth.dataDir")
        keyRing = Self.keyRing(&reader, dataDirectory: dataDirectory)
        access = AccessSettings(&reader)
        admission = Admission(&reader)
        webhooks = Self.webhooks(&reader)
        guestKeyFile =
            reader.optionalText("telehealth.guestKeyFile") ?? dataDirectory + "/" + GuestKeyFile.fileName
        listeners = Self.listeners(&reader)
        tls = Self.tls(&reader)
        monitoring = Self.monitoring(&reader)
        backupDirectory = reader.optionalText("telehealth.backupDir")
        spaceAlarm = reader.integer("telehealth.storeSpaceAlarm")
        loops = reader.integer("telehealth.loops")
        offersReflection = reader.boolean("telehealth.reflection")
        logLevel = Logger.Level(rawValue: reader.text("telehealth.logLevel")) ?? .info
        shutdownGrace = reader.duration("telehealth.shutdownGrace")
        connections = Connections(&reader)
        identity = Identity(&reader)
        cloud = Self.cloud(&reader)
        audit = Self.audit(&reader, dataDirectory: dataDirectory)
        policy = Policy(&reader)
        policy.webhooks = webhooks.map(\.target)
        // A capture takes a place in the meeting, too.
        policy.rosterMax = max(2, cloud.attendeesMax - 1)
        if !access.services.isEmpty, tls?.clientAuthorities == nil {
            reader.refuse("telehealth.serviceCertificates", "needs the client authorities to trust")
        }
        if tls == nil, let open = listeners.first(where: { !$0.isLocal }) {
            reader.refuse(
                "telehealth.listen",
                "\(open.host) is reached by other machines: set a certificate and its key (TLS)")
        }
        if listeners.contains(where: \.isProxied), !admission.hasProxies {
            reader.refuse("telehealth.listen", "a listener for proxies needs the proxies to trust")
        }
        effective = []
        advice = []
        settleDevelopment(&reader)
        refuseWhatIsDangerous(&reader)
        effective = reader.effective
        advice = reader.advice
        if identity.issuer == nil, !identity.acceptsDevelopmentTokens {
            reader.refuse(
                "telehealth.issuer",
                "no token could be accepted: name an issuer (development tokens count only for people at"
                    + " this machine: on listeners, with a front end and without proxies elsewhere)")
        }
        for sentence in policy.violations { reader.refuse("telehealth policy", sentence) }
        guard reader.sentences.isEmpty else { throw ConfigurationFailure(sentences: reader.sentences) }
    }

    private static func listeners(_ reader: inout SettingReader) -> [Listener] {
        let key = "telehealth.listen"
        let texts = reader.list(key)
        if texts.isEmpty { reader.refuse(key, "must name at least one listener") }
        return texts.compactMap { text in
            let isProxied = text.hasPrefix("proxy:")
            guard let listener = listener(isProxied ? text.dropFirst("proxy:".count) : text[...]) else {
                reader.refuse(
                    key, "'\(text)' is neither HOST:PORT nor unix:PATH nor unix:@NAME, with or without proxy: before it")
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

    private static func monitoring(_ reader: inout SettingReader) -> (host: String, port: UInt16)? {
        let key = "telehealth.monitoringListen"
        guard let text = reader.optionalText(key) else { return nil }
        guard let address = hostAndPort(text) else {
            reader.refuse(key, "'\(text)' is not HOST:PORT")
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

    private static func tls(_ reader: inout SettingReader) -> TLS? {
        let certificate = reader.text("telehealth.tlsCertificate")
        let key = reader.text("telehealth.tlsKey")
        let authorities = reader.optionalText("telehealth.tlsClientAuthorities")
        let required = reader.text("telehealth.tlsClientCertificates") == "required"
        if certificate.isEmpty, key.isEmpty {
            if authorities != nil {
                reader.refuse("telehealth.tlsClientAuthorities", "needs a certificate and its key")
            }
            return nil
        }
        if certificate.isEmpty { reader.refuse("telehealth.tlsCertificate", "is missing beside the key") }
        if key.isEmpty { reader.refuse("telehealth.tlsKey", "is missing beside the certificate") }
        return TLS(
            certificate: certificate, key: key, clientAuthorities: authorities,
            requiresClientCertificate: required)
    }

    private static func cloud(_ reader: inout SettingReader) -> Cloud {
        _ = reader.text("aws.accountId")
        let endpointKeys = [
            "aws.endpointUrl", "aws.endpointUrlChimeSdkMeetings", "aws.endpointUrlChimeSdkMediaPipelines",
            "aws.endpointUrlS3", "aws.endpointUrlSqs",
        ]
        var endpoints: [String: String] = [:]
        for key in endpointKeys {
            if let name = SettingTable.row(key)?.environmentName {
                endpoints[name] = reader.optionalURL(key)
            }
        }
        return Cloud(
            region: reader.text("aws.region"), bucket: reader.optionalText("aws.s3.recordingsBucket"),
            bucketRegion: reader.optionalText("aws.s3.recordingsBucketRegion"), recordingKey: recordingKey(&reader),
            endpoints: endpoints, echoReduction: reader.boolean("telehealth.echoReduction"),
            videoResolution: reader.text("telehealth.videoResolution"),
            attendeesMax: reader.integer("telehealth.attendeesMax"),
            callsPerSecond: reader.integer("telehealth.chimeCallsPerSecond"),
            authoritiesFile: reader.optionalText("telehealth.caFile"),
            eventsQueue: reader.optionalURL("telehealth.eventsQueueUrl"), cloudFront: cloudFront(&reader))
    }

    /// Both of key and role, or none.
    private static func recordingKey(_ reader: inout SettingReader) -> RecordingKey? {
        let key = reader.text("telehealth.recordingKmsKey")
        let role = reader.text("telehealth.recordingSinkRole")
        if key.isEmpty && role.isEmpty { return nil }
        if key.isEmpty { reader.refuse("telehealth.recordingKmsKey", "is missing beside the role that uses it") }
        if role.isEmpty { reader.refuse("telehealth.recordingSinkRole", "is missing beside the key that it uses") }
        return RecordingKey(kmsKeyID: key, sinkRole: role)
    }

    /// All three of address, key and key file, or none.
    private static func cloudFront(_ reader: inout SettingReader) -> CloudFront? {
        let url = reader.text("telehealth.cloudfrontUrl")
        let keyPairID = reader.text("telehealth.cloudfrontKeyPairId")
        let keyFile = reader.text("telehealth.cloudfrontKeyFile")
        let policy = reader.text("telehealth.cloudfrontPolicy")
        if url.isEmpty && keyPairID.isEmpty && keyFile.isEmpty { return nil }
        for (key, text) in [
            ("telehealth.cloudfrontUrl", url), ("telehealth.cloudfrontKeyPairId", keyPairID),
            ("telehealth.cloudfrontKeyFile", keyFile),
        ] where text.isEmpty {
            reader.refuse(key, "is missing beside the other CloudFront settings")
        }
        return CloudFront(
            distribution: url, keyPairID: keyPairID, keyFile: keyFile, usesCustomPolicy: policy == "CUSTOM")
    }

    private static func webhooks(_ reader: inout SettingReader) -> [WebhookEndpoint] {
        let path = reader.text("telehealth.webhooksFile")
        let mayBeLoopback = reader.boolean("telehealth.webhooksOnLoopback")
        if path.isEmpty { return [] }
        do throws(WebhookConfigurationError) {
            return try WebhookFile.read(path, mayBeLoopback: mayBeLoopback)
        } catch {
            reader.refuse("telehealth.webhooksFile", error.description)
            return []
        }
    }

    /// Nobody but this machine reaches it: then what development needs is made by itself.
    var isLocal: Bool { listeners.allSatisfy(\.isLocal) }

    private static func keyRing(_ reader: inout SettingReader, dataDirectory: String) -> KeyRingFile {
        let path = reader.text("telehealth.keyRingFile")
        if path.isEmpty { return KeyRingFile(besideDirectory: dataDirectory) }
        let inside = URL(fileURLWithPath: dataDirectory).standardizedFileURL.path + "/"
        if URL(fileURLWithPath: path).standardizedFileURL.path.hasPrefix(inside) {
            reader.refuse(
                "telehealth.keyRingFile", "must lie outside the data folder: who copies that must not get the keys")
        }
        return KeyRingFile(path: path)
    }

    private static func audit(_ reader: inout SettingReader, dataDirectory: String) -> Audit {
        let data = dataDirectory.last == "/" ? String(dataDirectory.dropLast()) : dataDirectory
        let folder = data + SQLiteStore.auditFolderSuffix
        let interval = reader.duration("telehealth.auditHeadInterval")
        return Audit(
            keyFile: reader.optionalText("telehealth.auditKeyFile") ?? folder + "/chain.key",
            receiptKeyFile: reader.optionalText("telehealth.receiptKeyFile") ?? folder + "/receipts.key",
            headKeyFile: reader.optionalText("telehealth.auditHeadKeyFile") ?? folder + "/heads.key",
            headsDirectory: reader.optionalText("telehealth.auditHeadsDirectory") ?? folder + "/heads",
            headInterval: interval, headRows: reader.integer("telehealth.auditHeadRows"))
    }

    /// One line per setting: name, value, source.
    var description: String {
        effective.map { row in
            let value = row.setting.isSecret && !row.text.isEmpty ? "<redacted>" : row.text
            return "\(row.setting.environmentName)=\(value)  # \(row.source)"
        }.joined(separator: "\n")
    }
}

extension SettingReader {
    /// An address that calls may go to: refused here, before anything is made, and not at the first call.
    mutating func optionalURL(_ key: String) -> String? {
        guard let text = optionalText(key) else { return nil }
        do throws(HTTPSError) {
            _ = try HTTPSURL(text)
        } catch {
            refuse(
                key,
                error.reason == .plainHTTPRefused
                    ? "'\(text)' must be https: plain http stays on this machine" : "'\(text)' is no https URL")
        }
        return text
    }

    mutating func optionalText(_ key: String) -> String? {
        let text = text(key)
        return text.isEmpty ? nil : text
    }
}
