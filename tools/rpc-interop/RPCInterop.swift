// The two ends that Tests/Interop holds against other implementations of gRPC.
import ArgumentParser

@main
struct RPCInterop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-interop", abstract: "Serves interop.Test, or calls it and checks the answers.",
        subcommands: [InteropServer.self, InteropClient.self])
}
