internal import Pacing
internal import TelehealthHandlers
internal import TelehealthModel

extension AccessSettings {
    /// Which services are known by certificate, how often callers may call, and how long emergency access lasts.
    init(_ reader: inout SettingReader) {
        self.init()
        services = Self.services(&reader)
        limits = Self.limits(&reader)
        let lasts = reader.duration("telehealth.emergencyAccess")
        emergencyLasts = lasts > .zero ? lasts : nil
    }

    private static func services(_ reader: inout SettingReader) -> [String: Service] {
        let key = "telehealth.serviceCertificates"
        var services: [String: Service] = [:]
        for entry in reader.list(key) {
            guard let equals = entry.lastIndex(of: "="), entry.hasPrefix("dns:") || entry.hasPrefix("uri:") else {
                reader.refuse(key, "'\(entry)' must have the form dns:NAME=SUBJECT or uri:URI=SUBJECT")
                continue
            }
            var subject = String(entry[entry.index(after: equals)...])
            var role = Role.service
            if subject.hasSuffix(":scheduler") {
                role = .scheduler
                subject.removeLast(":scheduler".count)
            }
            let name = String(entry[..<equals])
            guard SubjectID.isValid(subject) else {
                reader.refuse(key, "invalid subject '\(subject)': use 1 to 64 characters of A-Z a-z 0-9 . _ : -")
                continue
            }
            let known = name.hasPrefix("dns:") ? name.lowercased() : name
            if services.updateValue(Service(subject: Subject(subject), role: role), forKey: known) != nil {
                reader.refuse(key, "\(name) is listed twice: keep one entry")
            }
        }
        return services
    }

    private static func limits(_ reader: inout SettingReader) -> Limits {
        let key = "telehealth.rateLimits"
        var limits = Limits()
        let entries = reader.list(key)
        if entries == ["none"] { return limits }
        for entry in entries {
            let parts = entry.split(separator: "=")
            let numbers = parts.last?.split(separator: "/").compactMap { Double($0) } ?? []
            guard parts.count == 2, numbers.count == 2, (0.001...1_000_000).contains(numbers[0]),
                (1...1_000_000).contains(numbers[1])
            else {
                reader.refuse(
                    key, "'\(entry)' must have the form WHO=PER_SECOND/BURST, from 0.001 to 1000000 and from 1 to 1000000")
                continue
            }
            let limit = RateLimit(perSecond: numbers[0], burst: numbers[1])
            if parts[0] == "refused" {
                limits.refused = limit
            } else if parts[0] == "open" {
                limits.open = limit
            } else if let role = Role(rawValue: String(parts[0])) {
                limits.byRole[role] = limit
            } else {
                let names = Role.allCases.map(\.rawValue) + ["refused", "open"]
                reader.refuse(key, "unknown role '\(parts[0])': use one of \(names.joined(separator: ", "))")
            }
        }
        return limits
    }
}
