// A server and a client for measurements: an echo with the smallest useful message.
import ArgumentParser

@main
struct RPCBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-bench", abstract: "Serves, drives and holds bench.Echo.",
        subcommands: [Serve.self, Drive.self, Hold.self])
}
