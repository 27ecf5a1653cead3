import ArgumentParser
import RPCServer
import Synchronization
import TLSEngine
import Transport

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Serves bench.Echo until it is killed.")

    @Option(help: "Port on 127.0.0.1; 0 takes a free one, which is printed.")
    var port: UInt16 = 0

    @Option(help: "Event loops.")
    var loops = 1

    @Option(help: "Certificate chain (PEM file): speaks TLS; with --key.")
    var cert: String?

    @Option(help: "Private key of --cert (PEM file).")
    var key: String?

    @Option(help: "name=value; may be repeated. Names: \(ServerLimit.names).")
    var limit: [ServerLimit] = []

    func run() async throws {
        var configuration = ServerConfiguration(listeners: [try listener()])
        configuration.loopCount = loops
        for limit in limit { limit.set(&configuration) }
        DescriptorLimit.raise(to: configuration.transport.connectionsMax + 64)
        let echo = EchoService()
        let server = try RPCServer(configuration: configuration, services: [echo])
        echo.server.withLock { $0 = server }
        let addresses = try await server.start()
        print("listening on \(addresses[0])")
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    private func listener() throws -> ServerListener {
        guard let cert, let key else { return .tcp(host: "127.0.0.1", port: port) }
        let source = try TLSServerContextSource(
            TLSServerConfiguration(certificateChainFile: cert, privateKeyFile: key, clientCertificates: .none)
        )
        return .tls(host: "127.0.0.1", port: port, source)
    }
}
