import ArgumentParser
import RPCModel
import RPCServer
import Synchronization
import TLSEngine
import Transport

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Serves bench.Echo until it is terminated, or until bench.Echo/Stop is called.")

    @Option(help: "Port on 127.0.0.1; 0 picks a free port and prints it.")
    var port: UInt16 = 0

    @Option(help: "Number of event loops.")
    var loops = 1

    @Option(help: "Use TLS with this certificate chain (PEM file); needs --key.")
    var cert: String?

    @Option(help: "Private key of --cert (PEM file).")
    var key: String?

    @Option(help: "A limit name=value; repeatable. Names: \(ServerLimit.names).")
    var limit: [ServerLimit] = []

    @Flag(help: "Answers gRPC-Web and Connect too.")
    var webProtocols = false

    @Option(help: "Seconds until the loss of a silent peer with an open Watch is detected. Default: never.")
    var watchPeerLostAfter: Double?

    func validate() throws {
        guard (1...256).contains(loops), (0.001...86_400).contains(watchPeerLostAfter ?? 1) else {
            throw ValidationError("--loops must be 1 to 256, --watch-peer-lost-after 0.001 to 86400")
        }
    }

    func run() async throws {
        var configuration = ServerConfiguration(listeners: [try listener()])
        configuration.loopCount = loops
        configuration.offersWebProtocols = webProtocols
        for limit in limit { limit.set(&configuration) }
        DescriptorLimit.raise(to: configuration.transport.connectionsMax + 64)
        let echo = EchoService()
        let care = CallCare(endsWithServer: true, peerLostAfter: watchPeerLostAfter.map { .seconds($0) })
        let server = try RPCServer(
            configuration: configuration, services: [echo.with(care, for: EchoService.watch)],
            interceptors: [echo.journal])
        echo.server.withLock { $0 = server }
        let addresses = try await server.start()
        print("listening on \(addresses[0])")
        for await grace in echo.stops.stream {
            let start = ContinuousClock.now
            await server.shutdown(grace: grace)
            let milliseconds = start.duration(to: .now) / .milliseconds(1)
            print("stopped after \(Int(milliseconds)) ms")
        }
    }

    private func listener() throws -> ServerListener {
        guard let cert, let key else { return .tcp(host: "127.0.0.1", port: port) }
        let source = try TLSServerContextSource(
            TLSServerConfiguration(certificateChainFile: cert, privateKeyFile: key, clientCertificates: .none)
        )
        return .tls(host: "127.0.0.1", port: port, source)
    }
}
