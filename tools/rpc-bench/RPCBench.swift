// A server and a client for measurements: an echo with the smallest useful message.
import ArgumentParser
import ProgramEdge

@main
struct RPCBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-bench", abstract: "Serves, loads and holds bench.Echo.",
        subcommands: [Serve.self, Drive.self, Hold.self])

    static func main() async {
        Program.begin()
        // The words are read before other threads exist: to leave over a wrong one while they run would race with them.
        await main(nil)
    }
}
