internal import EventCore
internal import FoundationEssentials
internal import HTTPSClient
internal import Identity
internal import Logging
internal import Storage
internal import StorageSQLite
internal import TelehealthHandlers
internal import TelehealthRules
internal import Webhooks

/// The whole configuration of the daemon, checked. It comes from a ``SettingReader`` alone.
struct DaemonConfiguration: Sendable {
    /// Places of the audit log's secrets and signed heads: never inside the data folder.
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
    var guestKeyFile: String
    var listeners: [Listener]
    var tls: TLS?
    /// Address of the monitoring endpoint; nil: none.
    var monitoring: (host: String, port: UInt16)?
    /// nil: in the data folder.
    var backupDirectory: String?
    /// Percentage of the disk that must stay free; 0: no alarm.
    var spaceAlarm: Int
    /// 0: one per CPU core.
    var loops: Int
    var offersReflection: Bool
    var logLevel: Logger.Level
    var shutdownGrace: Duration
    var connections: Connections
    var identity: Identity
    var cloud: Cloud
    var audit: Audit
    var policy: Policy
    /// The settings in force with their sources, for `--print-config`.
    var effective: [SettingReader.Effective]
    /// Sentences for the log about settings that are accepted and should be changed.
    var advice: [String]

    /// - Throws: ``ConfigurationFailure`` with a sentence for everything that is wrong.
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
        audit = Self.audit(&reader, dataDirectory: dataDirectory)
        policy = Policy(&reader)
        cloud = Cloud(&reader, mediaRegions: policy.allowedMediaRegions)
        policy.webhooks = webhooks.map(\.target)
        // A capture takes one place of the meeting.
        policy.rosterMax = max(2, cloud.attendeesMax - 1)
        if !access.services.isEmpty, tls?.clientAuthorities == nil {
            reader.refuse(
                "telehealth.serviceCertificates",
                "needs --tls-client-authorities: the authorities that issue those certificates")
        }
        if tls == nil, let open = listeners.first(where: { !$0.isLocal }) {
            reader.refuse(
                "telehealth.listen",
                "\(open.host) can be reached from other machines, which takes TLS: set --tls-certificate and --tls-key")
        }
        if listeners.contains(where: \.isProxied), !admission.hasProxies {
            reader.refuse("telehealth.listen", "a proxy: listener needs --trusted-proxies: the proxies that may connect to it")
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
                "no token would be accepted: set --issuer, or keep listeners, front end and proxies on this machine, where"
                    + " development tokens are accepted")
        }
        // Most are refused above, in the words of their settings.
        if reader.sentences.isEmpty {
            for sentence in policy.violations { reader.refuse("policy", sentence) }
        }
        guard reader.sentences.isEmpty else { throw ConfigurationFailure(sentences: reader.sentences) }
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

    /// Only this machine can reach it. Files that development needs are then created when they are missing.
    var isLocal: Bool { listeners.allSatisfy(\.isLocal) }

    private static func keyRing(_ reader: inout SettingReader, dataDirectory: String) -> KeyRingFile {
        let path = reader.text("telehealth.keyRingFile")
        if path.isEmpty { return KeyRingFile(besideDirectory: dataDirectory) }
        let inside = URL(fileURLWithPath: dataDirectory).standardizedFileURL.path + "/"
        if URL(fileURLWithPath: path).standardizedFileURL.path.hasPrefix(inside) {
            reader.refuse(
                "telehealth.keyRingFile",
                "'\(path)' must be outside the data folder, so that a copy of the data does not hold its keys")
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

    /// One line per setting, in the order of `--help`: name, value, source.
    var description: String {
        let lines = effective.map { row in
            (row.setting.key, "\(row.setting.environmentName)=\(row.text)  # \(row.source.rawValue)")
        }
        let byKey = Dictionary(lines) { first, _ in first }
        return SettingTable.all.compactMap { byKey[$0.key] }.joined(separator: "\n")
    }
}

extension SettingReader {
    /// An address that calls may go to; refused here, before anything is made, and not at the first call.
    mutating func optionalURL(_ key: String) -> String? {
        guard let text = optionalText(key) else { return nil }
        do throws(HTTPSError) {
            _ = try HTTPSURL(text)
        } catch {
            let shown = text.withoutUserInfo
            refuse(
                key,
                error.reason == .plainHTTPRefused
                    ? "'\(shown)' must be https: plain http is only for this machine"
                    : "'\(shown)' must be an https URL, such as https://login.clinic.example/keys, without a user name")
        }
        return text
    }
}

extension String {
    /// A URL without the user name and password that it may begin with: they must not get into errors.
    fileprivate var withoutUserInfo: String {
        guard let authority = firstRange(of: "://")?.upperBound else { return self }
        let end = self[authority...].firstIndex { "/?#".contains($0) } ?? endIndex
        guard let at = self[authority..<end].lastIndex(of: "@") else { return self }
        return self[..<authority] + "…" + self[at...]
    }
}
