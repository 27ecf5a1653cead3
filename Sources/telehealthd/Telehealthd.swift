// The daemon: reads its configuration, assembles the parts and serves.

internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import ProgramEdge
internal import TextFormats

/// The program: reads the command line and the configuration, then serves until told to stop.
///
/// Exit codes: 0 after a clean stop, 1 when it could not serve, 2 for a wrong command line or configuration.
@main
struct Telehealthd {
    static func main() async {
        Program.begin(holdsSecrets: true)
        TerminationSignal.takeOver()
        HangupSignal.takeOver()
        let log = LogOutput(descriptor: 2)
        let code = await run(log)
        log.flush()
        exit(code)
    }

    private static func run(_ log: LogOutput) async -> Int32 {
        let environment = ProcessInfo.processInfo.environment
        do {
            let commandLine = try DaemonCommandLine(Array(CommandLine.arguments.dropFirst()))
            if commandLine.request == .help {
                say("\(lines: DaemonCommandLine.help)")
                return 0
            }
            let file = commandLine.file ?? environment["TELEHEALTH_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
            let reader = try SettingReader(
                flags: commandLine.flags, environment: environment, file: file)
            let configuration = try DaemonConfiguration(reader)
            if commandLine.request == .printConfiguration {
                say("\(lines: configuration.description)")
                return 0
            }
            if case .keys(let verb) = commandLine.request {
                say(try KeysCommand.run(
                        verb, configuration.keyRing, receiptKeyFile: configuration.audit.receiptKeyFile))
                return 0
            }
            let level = configuration.logLevel
            LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level, output: log) }
            try await serve(configuration, environment: environment, logger: Logger(label: "telehealthd"))
            return 0
        } catch let failure as ConfigurationFailure {
            for sentence in failure.sentences { complain(sentence) }
            return 2
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private static func say(_ text: DisplayText) { StandardStream.output.write(text.description + "\n") }

    private static func complain(_ sentence: String) {
        StandardStream.error.write("telehealthd: \(sentence.escapedForDisplay())\n")
    }
}
