// Load on a running telehealth service, made with the client library. tools/bench starts the service and reads what the
// load cost it.
import ArgumentParser
import ProgramEdge

@main
struct TelehealthBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "telehealth-bench",
        abstract: "Puts load on a telehealth service and prints its latencies.",
        subcommands: [
            VisitsCommand.self, JoinsCommand.self, StormCommand.self, ReadRequestCommand.self, SiegeCommand.self,
            AttackCommand.self,
        ])

    static func main() async {
        Program.begin(holdsSecrets: true)
        // The words are read before other threads exist: to leave over a wrong one while they run would race with them.
        await main(nil)
    }
}
