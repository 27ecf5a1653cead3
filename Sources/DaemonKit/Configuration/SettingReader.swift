internal import TextFormats

/// Why the configuration cannot be used: sentences for the operator, each naming its setting and what to do.
struct ConfigurationFailure: Error {
    let sentences: [String]
}

/// Reads the settings from their sources: flags, then environment, then file, then defaults.
struct SettingReader {
    /// A setting as it is in force.
    struct Effective: Sendable {
        let setting: Setting
        let text: String
        let source: Source
    }

    /// In order of precedence.
    enum Source: String, Sendable {
        case flag, environment, file
        case fallback = "default"
    }

    /// By key.
    private let flags: [String: String]
    private let environment: [String: String]
    private let file: SettingsFile?
    private(set) var effective: [Effective] = []
    private(set) var sentences: [String] = []
    /// What is accepted as it is and should be changed.
    private(set) var advice: [String] = []

    /// - Parameters:
    ///   - flags: values by key.
    ///   - environment: all variables; empty ones count as not set, as shells and service managers leave them.
    ///   - file: path of a JSON file; nil for none.
    /// - Throws: ``ConfigurationFailure`` when the file cannot be read or is not JSON.
    init(flags: [String: String], environment: [String: String], file: String?) throws(ConfigurationFailure) {
        self.flags = flags
        var values: [String: String] = [:]
        for setting in SettingTable.all {
            if let text = environment[setting.environmentName], !text.isEmpty { values[setting.key] = text }
        }
        self.environment = values
        sentences = EnvironmentNames.unknown(in: environment).map { name in
            "\(name): unknown setting; \(NearestWord.hint(name, among: SettingTable.all.map(\.environmentName)))"
        }
        guard let file else {
            self.file = nil
            return
        }
        do {
            let settings = try SettingsFile(path: file)
            sentences += settings.faults.map { "\($0) (from \(file))" }
            self.file = settings
        } catch {
            throw ConfigurationFailure(sentences: ["--config \(file): not a readable JSON file: \(error)"])
        }
    }

    mutating func text(_ key: String) -> String { value(key) ?? "" }

    mutating func optionalText(_ key: String) -> String? {
        let text = text(key)
        return text.isEmpty ? nil : text
    }

    mutating func list(_ key: String) -> [String] {
        text(key).split(separator: ",").map { $0.trimmingSpaces }.filter { !$0.isEmpty }
    }

    mutating func integer(_ key: String) -> Int { Int(text(key)) ?? 0 }

    mutating func boolean(_ key: String) -> Bool { text(key) == "true" }

    mutating func duration(_ key: String) -> Duration { Duration(setting: text(key)) ?? .zero }

    /// Whether a setting that was read was set, and not left to its default.
    func isChosen(_ key: String) -> Bool { effective.contains { $0.setting.key == key && $0.source != .fallback } }

    /// Notes what is wrong with a value that has the right form.
    mutating func refuse(_ key: String, _ sentence: String) {
        sentences.append("\(SettingTable.row(key)?.title ?? key): \(sentence)")
    }

    /// Notes what is accepted this time and should be changed.
    mutating func advise(_ key: String, _ sentence: String) {
        advice.append("\(SettingTable.row(key)?.title ?? key): \(sentence)")
    }

    /// - Returns: the default in place of a value that is refused, so that the rest can be judged too.
    private mutating func value(_ key: String) -> String? {
        guard let setting = SettingTable.row(key) else {
            sentences.append("\(key): not in the table of settings")
            return nil
        }
        let kind = setting.kind
        guard let (given, source) = given(key) else {
            effective.append(Effective(setting: setting, text: setting.fallback, source: .fallback))
            return setting.fallback
        }
        var place = "from the command line"
        if source == .environment { place = "from the environment" }
        if source == .file, let file { place = "from \(file.path)" }
        guard let text = given.text(for: kind) else {
            refuse(key, "wrong type (\(place)): must be \(kind.expectation)")
            return setting.fallback
        }
        guard let usual = kind.normalized(text) else {
            refuse(key, "must be \(kind.expectation); '\(text)' \(place) is not")
            return setting.fallback
        }
        effective.append(Effective(setting: setting, text: usual, source: source))
        return usual
    }

    /// A value as its source has it.
    private enum Given {
        case text(String)
        case json(JSONText)

        func text(for kind: Setting.Kind) -> String? {
            switch self {
            case .text(let text): text
            case .json(let value): kind.text(of: value)
            }
        }
    }

    private func given(_ key: String) -> (Given, Source)? {
        if let text = flags[key] { return (.text(text), .flag) }
        if let text = environment[key] { return (.text(text), .environment) }
        if let value = file?.values[key] { return (.json(value), .file) }
        return nil
    }
}

extension NearestWord {
    /// What an operator may have meant by an unknown name, or where to look.
    static func hint(_ word: String, among words: [String]) -> String {
        of(word, among: words).map { "did you mean \($0)?" } ?? "telehealthd --help lists all settings"
    }
}

extension String.SubSequence {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
