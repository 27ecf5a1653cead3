// Both ends of gRPC's interoperability suite, with the flags that every language's programs share.
import ArgumentParser
import Glibc

@main
struct RPCInterop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-interop", abstract: "Serves grpc.testing.TestService, or plays one of the suite's cases.",
        subcommands: [InteropServer.self, InteropClient.self])

    /// Prints a line that a reader on a pipe gets at once.
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
