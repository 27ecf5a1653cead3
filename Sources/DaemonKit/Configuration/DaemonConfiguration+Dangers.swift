internal import EventCore
internal import TelehealthHandlers
internal import TelehealthModel
internal import TelehealthRules

extension DaemonConfiguration {
    /// A shorter retention is most likely a wrong unit, or a value left over from a trial.
    private static let recordingRetentionLeast = Duration.seconds(86_400)

    /// Refuses settings that are fit for a trial on one machine and dangerous where others can reach the service,
    /// directly or through a proxy, unless the operator permits each by its name.
    func refuseWhatIsDangerous(_ reader: inout SettingReader) {
        let allowsUnauditedReads = reader.boolean("telehealth.allowUnauditedReads")
        let allowsUnlimitedCalls = reader.boolean("telehealth.allowUnlimitedCalls")
        let allowsShortRetention = reader.boolean("telehealth.allowShortRetention")
        let allowsOpenMonitoring = reader.boolean("telehealth.allowOpenMonitoring")
        if let (host, _) = monitoring, !SocketAddress.isThisMachine(host: host), !allowsOpenMonitoring {
            reader.refuse(
                "telehealth.monitoringListen",
                "other machines could read \(host) without a token: listen on 127.0.0.1, or add --allow-open-monitoring"
                    + " if the network keeps strangers out")
        }
        guard let others else { return }
        if !policy.auditsReads, !allowsUnauditedReads {
            reader.refuse(
                "telehealth.auditReads",
                "\(others), so reads must be in the audit log: leave it true, or add --allow-unaudited-reads")
        }
        let unlimited = access.limits.unlimited
        if !unlimited.isEmpty, !allowsUnlimitedCalls {
            reader.refuse(
                "telehealth.rateLimits",
                "\(others), and there is no limit for \(unlimited.joined(separator: ", ")): set one for each, or add"
                    + " --allow-unlimited-calls")
        }
        if let retention = policy.recordingRetention, retention < Self.recordingRetentionLeast, !allowsShortRetention {
            reader.refuse(
                "telehealth.recordingRetention",
                "\(others), and recordings would be deleted less than a day after their stop: keep them longer, or add"
                    + " --allow-short-retention")
        }
    }
}

extension AccessSettings.Limits {
    /// Callers without a limit, by the names that the setting uses.
    fileprivate var unlimited: [String] {
        // There are few guests: each is admitted by name and has a grant that ends.
        let roles = Role.allCases.filter { $0 != .guest && byRole[$0] == nil }.map(\.rawValue)
        return roles.sorted() + (refused == nil ? ["refused"] : []) + (open == nil ? ["open"] : [])
    }
}
