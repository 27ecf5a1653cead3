import ArgumentParser
import Glibc
import RPCServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Serves bench.Echo until it is killed.")

    @Option(help: "Port on 127.0.0.1; 0 takes a free one, which is printed.")
    var port: UInt16 = 0

    @Option(help: "Event loops.")
    var loops = 1

    func run() async throws {
        var configuration = ServerConfiguration(listeners: [.tcp(host: "127.0.0.1", port: port)])
        configuration.loopCount = loops
        let server = try RPCServer(configuration: configuration, services: [EchoService()])
        let addresses = try await server.start()
        print("listening on \(addresses[0])")
        // Whoever reads this through a pipe waits for it.
        fflush(nil)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
