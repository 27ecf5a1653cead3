internal import TextFormats

/// What the daemon's command line asks for.
struct DaemonCommandLine {
    enum Request: Equatable { case serve, printConfiguration, help, keys(KeysCommand.Verb) }

    private(set) var request = Request.serve
    /// Values by environment name.
    private(set) var flags: [String: String] = [:]
    private(set) var file: String?

    /// - Parameter arguments: without the program's name. `--flag value` and `--flag=value` are the same; a
    ///   boolean flag alone means true.
    init(_ arguments: [String]) throws(ConfigurationFailure) {
        var rest = arguments[...]
        if rest.first == "keys" {
            rest.removeFirst()
            request = .keys(try KeysCommand.Verb(&rest))
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
                    flags[setting.environmentName] = "true"
                } else {
                    flags[setting.environmentName] = try Self.value(of: name, parts, &rest)
                }
            }
        }
    }

    private static func unknown(_ flag: String) -> String {
        let known = SettingTable.all.map(\.flag) + ["--help", "--print-config", "--config"]
        let meant = NearestWord.of(flag, among: known).map { "did you mean \($0)? " } ?? ""
        return "\(flag): is no flag of telehealthd; \(meant)--help lists them"
    }

    private static func value(of name: String, _ parts: [String], _ rest: inout ArraySlice<String>)
        throws(ConfigurationFailure) -> String
    {
        if parts.count == 2 { return parts[1] }
        guard let value = rest.popFirst() else {
            throw ConfigurationFailure(sentences: ["\(name): needs a value"])
        }
        return value
    }

    static var help: String {
        var text = """
            telehealthd serves telehealth visits over gRPC.

            usage: telehealthd [--config FILE] [--print-config] [FLAG VALUE]...
                   telehealthd keys list | create | rotate | remove ID | rotate-receipts [FLAG VALUE]...

            Each setting may come as a flag, from the environment, or from a JSON file (--config, TELEHEALTH_CONFIG),
            in this order of precedence. AWS credentials come from where the AWS tools look for them:
            AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a container's endpoint, a web identity, the instance.

              --config FILE      JSON file; a setting's place in it is its name below, such as {"aws": {"region": …}}
              --print-config     show what is in force and where it comes from, secrets left out, and leave
              --help             this text

            Leaves with 0 after a clean stop (SIGTERM, SIGINT), 1 when it could not serve, 2 for a wrong command line or
            configuration. SIGHUP reads certificates, key sets and key rings anew.


            """
        for setting in SettingTable.all {
            let fallback = setting.fallback.isEmpty ? "" : " (default \(setting.fallback))"
            let range = setting.kind.range.map { "; \($0)" } ?? ""
            text += "  \(setting.flag)   \(setting.environmentName)   \(setting.key)\n"
            text += "      \(setting.meaning)\(range)\(fallback)\n"
        }
        return text
    }
}
