internal import ArgumentParser
internal import ProgramEdge
internal import TextFormats

@main
struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "telehealth-probe",
        abstract: "Call a telehealth service, or any gRPC server, from a terminal.",
        discussion: """
            First steps, with a service started by tools/run:

              telehealth-probe health
              telehealth-probe visit
              telehealth-probe list
              telehealth-probe describe telehealth.v1.TelehealthService
              telehealth-probe call telehealth.v1.TelehealthService/GetSession \\
                  --as admin -d '{"sessionId": "…"}'

            For a service on this machine, --as ROLE creates a token with the development key in its data directory. For \
            any other, provide a token with --token-file or TELEHEALTH_TOKEN; the probe sends tokens only over TLS, to \
            127.0.0.1 or to a Unix socket.

            Exit status: 0 success; 1 invalid usage, or output that cannot be written; 2 no connection; 3 the call failed; \
            4 unhealthy, or a step of a visit failed.
            """,
        version: "telehealth-probe 1",
        subcommands: [
            VisitCommand.self, CallCommand.self, WatchCommand.self, WatchSessionsCommand.self, HealthCommand.self,
            TokenCommand.self,
            ListCommand.self, DescribeCommand.self, ConsentCommand.self, ReceiptCommand.self,
            RecordingCommand.self, ReportCommand.self, AuditCommand.self, OperateCommand.self,
        ])

    /// Usage errors exit with 1, like grpc-health-probe's, instead of the argument parser's 64.
    static func main() async {
        Program.begin(holdsSecrets: true)
        ProgramEnd.keepLinesWhole()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as ProbeFailure {
            Terminal.complain(failure.message)
            Self.exit(withError: failure.exitCode)
        } catch {
            let code = exitCode(for: error)
            if code.isSuccess || code == .failure { exit(withError: error) }
            Terminal.complain("\(lines: fullMessage(for: error))")
            Self.exit(withError: ExitCode(1))
        }
    }
}

/// Why the probe stops, in words for a person, with the exit status for a script.
struct ProbeFailure: Error {
    var exitCode: ExitCode
    var message: DisplayText

    private init(exitCode: Int32, message: DisplayText) {
        self.exitCode = ExitCode(exitCode)
        self.message = message
    }

    static func usage(_ message: DisplayText) -> ProbeFailure { ProbeFailure(exitCode: 1, message: message) }
    static func connection(_ message: DisplayText) -> ProbeFailure { ProbeFailure(exitCode: 2, message: message) }
    static func call(_ message: DisplayText) -> ProbeFailure { ProbeFailure(exitCode: 3, message: message) }
    static func unhealthy(_ message: DisplayText) -> ProbeFailure { ProbeFailure(exitCode: 4, message: message) }
}
