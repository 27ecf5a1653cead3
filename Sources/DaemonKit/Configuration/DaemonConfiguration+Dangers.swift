internal import EventCore
internal import TelehealthCore
internal import TelehealthHandlers

extension DaemonConfiguration {
    /// Recordings that are deleted sooner were most likely meant to be kept: a unit was forgotten, or the value of a
    /// trial stayed.
    private static let recordingRetentionLeast = Duration.seconds(86_400)

    /// Refuses what is fit for trying things out on one machine, and a fault where others can reach the service, also
    /// by a proxy, unless the operator asks for it by name.
    func refuseWhatIsDangerous(_ reader: inout SettingReader) {
        let allowsUnauditedReads = reader.boolean("telehealth.allowUnauditedReads")
        let allowsUnlimitedCalls = reader.boolean("telehealth.allowUnlimitedCalls")
        let allowsShortRetention = reader.boolean("telehealth.allowShortRetention")
        let allowsOpenMonitoring = reader.boolean("telehealth.allowOpenMonitoring")
        if let (host, _) = monitoring, !SocketAddress.isThisMachine(host: host), !allowsOpenMonitoring {
            reader.refuse(
                "telehealth.monitoringListen",
                "other machines can read what \(host) shows, without saying who they are: listen on 127.0.0.1, or say"
                    + " --allow-open-monitoring where the network keeps strangers out")
        }
        guard let others else { return }
        if !policy.auditsReads, !allowsUnauditedReads {
            reader.refuse(
                "telehealth.auditReads",
                "\(others), so who reads what must stand in the audit log: leave it on, or say --allow-unaudited-reads")
        }
        let unlimited = access.limits.unlimited
        if !unlimited.isEmpty, !allowsUnlimitedCalls {
            reader.refuse(
                "telehealth.rateLimits",
                "\(others), and this leaves \(unlimited.joined(separator: ", ")) without a limit: name each, or say"
                    + " --allow-unlimited-calls")
        }
        if let retention = policy.recordingRetention, retention < Self.recordingRetentionLeast, !allowsShortRetention {
            reader.refuse(
                "telehealth.recordingRetention",
                "\(others), and recordings would be deleted less than a day after their stop: keep them longer, or say"
                    + " --allow-short-retention")
        }
    }
}

extension AccessSettings.Limits {
    /// Who could call without end, in the words of the setting.
    fileprivate var unlimited: [String] {
        // Guests are few: each is let in by name, and goes when the grant ends.
        let roles = Role.allCases.filter { $0 != .guest && byRole[$0] == nil }.map(\.rawValue)
        return roles.sorted() + (refused == nil ? ["refused"] : []) + (open == nil ? ["open"] : [])
    }
}
