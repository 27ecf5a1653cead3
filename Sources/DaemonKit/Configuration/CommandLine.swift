internal import TextFormats

/// What the daemon's command line asks for.
struct DaemonCommandLine {
    enum Request: Equatable { case serve, printConfiguration, help, keys(KeysCommand.Verb) }

    private(set) var request = Request.serve
    /// Values by key of the setting; of a flag that is given twice the last one.
    private(set) var flags: [String: String] = [:]
    private(set) var file: String?

    /// - Parameter arguments: without the program's name. `--flag value` and `--flag=value` are the same; a
    ///   boolean flag alone means true.
    /// - Throws: ``ConfigurationFailure`` for a flag that is unknown or lacks its value.
    init(_ arguments: [String]) throws(ConfigurationFailure) {
        var rest = arguments[...]
        if rest.first == "keys" {
            rest.removeFirst()
            if rest.first != "--help", rest.first != "-h" { request = .keys(try KeysCommand.Verb(&rest)) }
        }
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            let name = parts[0]
            switch name {
            case "--help", "-h": request = .help
            case "--print-config": request = .printConfiguration
            case "--config": file = try Self.value(of: name, parts, &rest)
            default:
                guard let setting = SettingTable.all.first(where: { $0.flag == name }) else {
                    throw ConfigurationFailure(sentences: [Self.unknown(name)])
                }
                if case .boolean = setting.kind, parts.count == 1,
                    rest.first.map({ $0.hasPrefix("--") }) ?? true
                {
                    flags[setting.key] = "true"
                } else {
                    flags[setting.key] = try Self.value(of: name, parts, &rest)
                }
            }
        }
    }

    private static func unknown(_ argument: String) -> String {
        guard argument.hasPrefix("-") else {
            return "unexpected argument '\(argument)': settings are given as --flag VALUE; see telehealthd --help"
        }
        let known = SettingTable.all.map(\.flag) + ["--help", "--print-config", "--config"]
        let hint = NearestWord.of(argument, among: known).map { "did you mean \($0)? See" } ?? "see"
        return "unknown flag \(argument); \(hint) telehealthd --help"
    }

    private static func value(of name: String, _ parts: [String], _ rest: inout ArraySlice<String>)
        throws(ConfigurationFailure) -> String
    {
        if parts.count == 2 { return parts[1] }
        guard let value = rest.popFirst() else {
            throw ConfigurationFailure(sentences: ["\(name): needs a value, as in \(name) VALUE; see telehealthd --help"])
        }
        return value
    }
}
