import ArgumentParser
import EventCore
import HTTP2Engine
import RPCModel
import RPCServer
import TLSEngine
import Transport

struct InteropServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Serves grpc.testing.TestService on 127.0.0.1 until it is terminated.")

    @Option(help: "Port; 0 picks a free port. The address is printed.")
    var port: UInt16 = 0

    @Option(name: .customLong("use_tls"), help: "Use TLS with the suite's certificate.")
    var useTLS = false

    @Option(help: "Folder with server1.pem and server1.key.")
    var credentials = "tools/.cache/interop/credentials"

    @Option(name: .customLong("max_concurrent_streams"), help: "Maximum number of concurrent calls per connection.")
    var concurrentStreamsMax: UInt32?

    @Flag(name: .customLong("ends_with_input"), help: "Drain and exit when standard input ends.")
    var endsWithInput = false

    func run() async throws {
        var configuration = ServerConfiguration(listeners: [try listener()])
        // Requests say message by message whether the answer shall be compressed.
        configuration.responseCompression = .gzip
        if let concurrentStreamsMax { configuration.transport.http2.concurrentStreamsMax = concurrentStreamsMax }
        let load = LoadScene()
        let server = try RPCServer(
            configuration: configuration, services: [TestService(load: load), load.service])
        print("listening on \(try await server.start()[0])")
        guard endsWithInput else {
            while true { try await Task.sleep(for: .seconds(3600)) }
        }
        // On a separate thread, because it blocks.
        await Task.detached { while readLine() != nil {} }.value
        await server.shutdown(grace: .seconds(5))
    }

    private func listener() throws -> ServerListener {
        guard useTLS else { return .tcp(host: "127.0.0.1", port: port) }
        let files = TLSServerConfiguration(
            certificateChainFile: credentials + "/server1.pem", privateKeyFile: credentials + "/server1.key")
        return .tls(host: "127.0.0.1", port: port, try TLSServerContextSource(files))
    }
}
