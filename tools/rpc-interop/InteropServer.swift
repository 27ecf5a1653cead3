import ArgumentParser
import EventCore
import RPCModel
import RPCServer

struct InteropServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Serves interop.Test on 127.0.0.1 until standard input ends, then drains.")

    @Option(help: "0 takes a free port, which is printed.")
    var port: UInt16 = 0

    @Flag(help: "Packs responses for clients that can unpack them.")
    var gzip = false

    func run() async throws {
        var configuration = ServerConfiguration(listeners: [.tcp(host: "127.0.0.1", port: port)])
        configuration.responseCompression = gzip ? .gzip : .none
        let server = try RPCServer(configuration: configuration, services: [InteropService()])
        // Flushed by hand: standard output is a pipe here, and whoever started us waits for the line.
        FlushedOutput.line("listening on \(try await server.start()[0])")
        await Task.detached { while readLine() != nil {} }.value
        await server.shutdown(grace: .seconds(5))
    }
}
