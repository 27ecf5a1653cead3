internal import TextFormats

/// What a command line and an environment ask the daemon to do.
enum DaemonTask {
    /// Print this and exit with 0.
    case say(DisplayText)
    /// Print these sentences as errors and exit with `code`.
    case refuse([String], code: Int32)
    case serve(DaemonConfiguration)

    /// Reads the configuration, and for `keys` also reads or changes key files.
    ///
    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - environment: all variables of the process; `TELEHEALTH_CONFIG` names a file where `--config` does not.
    init(arguments: [String], environment: [String: String]) {
        do {
            let commandLine = try DaemonCommandLine(arguments)
            if commandLine.request == .help {
                self = .say("\(lines: DaemonCommandLine.help)")
                return
            }
            let file = commandLine.file ?? environment["TELEHEALTH_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
            let configuration = try DaemonConfiguration(
                SettingReader(flags: commandLine.flags, environment: environment, file: file))
            switch commandLine.request {
            case .help, .serve: self = .serve(configuration)
            case .printConfiguration: self = .say("\(lines: configuration.description)")
            case .keys(let verb):
                self = .say(
                    try KeysCommand.run(
                        verb, configuration.keyRing, receiptKeyFile: configuration.audit.receiptKeyFile))
            }
        } catch let failure as ConfigurationFailure {
            self = .refuse(failure.sentences, code: 2)
        } catch {
            self = .refuse(["\(error)"], code: 1)
        }
    }
}
