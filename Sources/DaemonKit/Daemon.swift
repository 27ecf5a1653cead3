internal import FoundationEssentials
internal import Logging
internal import ProgramEdge
internal import TextFormats

/// The telehealth service as one call.
public enum Daemon {
    /// Reads the command line and the configuration and does what they ask for: serve until SIGTERM or SIGINT, or print
    /// and return.
    ///
    /// Takes over SIGTERM, SIGINT, SIGHUP and SIGPIPE, logs to standard error and announces itself on standard output.
    /// - Returns: the exit code: 0 after a clean stop, 1 when the service could not start or serve, 2 for a wrong
    ///   command line or configuration.
    public static func run() async -> Int32 {
        TerminationSignal.takeOver()
        HangupSignal.takeOver()
        let log = LogOutput(descriptor: 2)
        defer { log.flush() }
        let environment = ProcessInfo.processInfo.environment
        switch DaemonTask(arguments: Array(CommandLine.arguments.dropFirst()), environment: environment) {
        case .say(let text):
            StandardStream.output.write(text.description + "\n")
            return 0
        case .refuse(let sentences, let code):
            for sentence in sentences { complain(sentence) }
            return code
        case .serve(let configuration):
            let level = configuration.logLevel
            LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level, output: log) }
            do {
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
    }

    private static func complain(_ sentence: String) {
        StandardStream.error.write("telehealthd: \(sentence.escapedForDisplay())\n")
    }
}
