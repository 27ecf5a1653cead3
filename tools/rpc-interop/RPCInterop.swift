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
        // Before other threads exist: to leave over a wrong word while they run would race with them.
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}
