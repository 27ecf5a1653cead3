internal import Configuration
internal import Synchronization
internal import TextFormats

/// Why the configuration cannot be used: sentences for the operator, each naming its setting and its source.
struct ConfigurationFailure: Error {
    let sentences: [String]
}

/// Reads the settings from their layers: flags over environment over file over defaults.
struct SettingReader {
    /// A setting as it is in force.
    struct Effective: Sendable {
        let setting: Setting
        let text: String
        let source: String
    }

    private let reader: ConfigReader
    private let faults = ConversionFaults()
    private let sources: [(name: String, reader: ConfigReader)]
    private(set) var effective: [Effective] = []
    private(set) var sentences: [String] = []
    /// What is taken as it is and should be changed.
    private(set) var advice: [String] = []

    /// - Parameters:
    ///   - flags: values by environment name.
    ///   - file: path of a JSON file; nil for none.
    /// - Throws: ``ConfigurationFailure`` when the file is not there or not JSON.
    init(flags: [String: String], environment: [String: String], file: String?)
        throws(ConfigurationFailure)
    {
        // An environment variable that is set but empty is as good as not set: shells and service managers do that.
        let known = Set(SettingTable.all.map(\.environmentName))
        sentences = EnvironmentNames.unknown(in: environment).map { name in
            let meant = NearestWord.of(name, among: SettingTable.all.map(\.environmentName))
            return "\(name): is no setting of telehealthd\(meant.map { "; did you mean \($0)?" } ?? "")"
        }
        var providers: [(String, any ConfigProvider)] = [
            ("flag", EnvironmentVariablesProvider(environmentVariables: flags)),
            (
                "environment",
                EnvironmentVariablesProvider(
                    environmentVariables: environment.filter { known.contains($0.key) && !$0.value.isEmpty })
            ),
        ]
        if let file {
            do {
                let settings = try SettingsFile(path: file)
                providers.append(("file", settings.provider))
                sentences += settings.faults.map { "\($0), from \(file)" }
            } catch {
                throw ConfigurationFailure(sentences: [
                    "--config \(file): is not a readable JSON file (\(error))"
                ])
            }
        }
        reader = ConfigReader(providers: providers.map(\.1), accessReporter: faults)
        sources = providers.map { ($0.0, ConfigReader(providers: [$0.1])) }
    }

    mutating func text(_ key: String) -> String { value(key) ?? "" }

    mutating func list(_ key: String) -> [String] {
        text(key).split(separator: ",").map { $0.trimmingSpaces }.filter { !$0.isEmpty }
    }

    mutating func integer(_ key: String) -> Int { Int(text(key)) ?? 0 }

    mutating func boolean(_ key: String) -> Bool { text(key) == "true" }

    mutating func duration(_ key: String) -> Duration { Duration(setting: text(key)) ?? .zero }

    /// Whether a setting that was read was set, and not left to its default.
    func isChosen(_ key: String) -> Bool { effective.contains { $0.setting.key == key && $0.source != "default" } }

    /// Notes what is wrong with a value that has the right form.
    mutating func refuse(_ key: String, _ sentence: String) {
        let name = SettingTable.row(key)?.environmentName ?? key
        sentences.append("\(name): \(sentence)")
    }

    /// Notes what is taken this time and should be changed.
    mutating func advise(_ key: String, _ sentence: String) {
        advice.append("\(SettingTable.row(key)?.environmentName ?? key): \(sentence)")
    }

    private mutating func value(_ key: String) -> String? {
        guard let setting = SettingTable.row(key) else {
            sentences.append("\(key): is no setting")
            return nil
        }
        let text = Self.read(setting, from: reader)
        if faults.took() {
            refuse(key, "has the wrong type for \(Self.expectation(setting.kind))")
        }
        let source = sources.first { Self.read(setting, from: $0.reader) != nil }?.name ?? "default"
        let used = text ?? setting.fallback
        effective.append(Effective(setting: setting, text: used, source: text == nil ? "default" : source))
        if !Self.fits(used, setting.kind) {
            refuse(key, "must be \(Self.expectation(setting.kind)), from \(source)")
        }
        return used
    }

    private static func read(_ setting: Setting, from reader: ConfigReader) -> String? {
        let key = ConfigKey(setting.key)
        switch setting.kind {
        case .text, .list, .duration, .choice: return reader.string(forKey: key, isSecret: setting.isSecret)
        case .integer: return reader.int(forKey: key, isSecret: setting.isSecret).map(String.init)
        case .boolean: return reader.bool(forKey: key, isSecret: setting.isSecret).map(String.init)
        }
    }

    private static func fits(_ text: String, _ kind: Setting.Kind) -> Bool {
        switch kind {
        case .text, .list, .boolean: true
        case .integer(let range): Int(text).map(range.contains) ?? false
        case .duration(let least, let greatest):
            Duration(setting: text).map { value in
                value >= Duration(setting: least) ?? .zero && value <= Duration(setting: greatest) ?? .zero
            } ?? false
        case .choice(let words): words.contains(text)
        }
    }

    private static func expectation(_ kind: Setting.Kind) -> String {
        switch kind {
        case .text: "a text"
        case .list: "words separated by commas, or in the file a list of words"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .duration(let least, let greatest):
            "a whole number with a unit, such as 200ms, 15s, 15m, 24h or 365d, from \(least) to \(greatest)"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        }
    }
}

extension String.SubSequence {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension Duration {
    /// `200ms`, `15s`, `15m`, `24h`, `365d`; nil for anything else.
    init?(setting text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": self = .milliseconds(count)
        case "s": self = .seconds(count)
        case "m": self = .seconds(count * 60)
        case "h": self = .seconds(count * 3_600)
        case "d": self = .seconds(count * 86_400)
        default: return nil
        }
    }
}

/// Notes values that are there but of another type: the reader alone would take the default in silence.
private final class ConversionFaults: AccessReporter {
    private let happened = Mutex(false)

    func report(_ event: AccessEvent) {
        var isFault = event.conversionError != nil
        if case .failure = event.result { isFault = true }
        // A provider that has the key but not in this type fails by itself, and the next one is asked.
        for answer in event.providerResults {
            if case .failure = answer.result { isFault = true }
        }
        if isFault { happened.withLock { $0 = true } }
    }

    func took() -> Bool {
        happened.withLock { value in
            defer { value = false }
            return value
        }
    }
}
