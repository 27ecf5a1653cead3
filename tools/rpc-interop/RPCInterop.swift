// Both ends of gRPC's interoperability suite, with the flags that every language's programs share.
import ArgumentParser
import ProgramEdge

@main
struct RPCInterop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-interop",
        abstract: "Serves grpc.testing.TestService, or runs one of the suite's cases.",
        subcommands: [InteropServer.self, InteropClient.self])

    static func main() async {
        Program.begin()
        // The words are read before other threads exist: to leave over a wrong one while they run would race with them.
        await main(nil)
    }
}
