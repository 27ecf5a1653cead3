import ArgumentParser
import EventCore
import Foundation
import TLSEngine

struct Hold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Holds many connections and open calls and prints what each costs the server.",
        discussion: """
            Prints "connections COUNT KIB" and "streams COUNT KIB", the server's growth in resident memory for each, and \
            "events COUNT P50 P99 MAX", milliseconds from the server's first write to the arrival at each stream.
            """)

    @Option(help: "Where the server is: ADDRESS:PORT.")
    var target: String

    @Option(help: "Process id of the server, on this machine.")
    var serverPid: Int

    @Option(help: "Connections.")
    var connections = 1000

    @Option(help: "Open calls on each.")
    var streams = 0

    @Option(help: "Events that go to all calls, one after another.")
    var events = 0

    @Option(help: "Method of the calls, which answers with headers and then goes on.")
    var path = "/bench.Echo/Watch"

    @Option(help: "'name: value', sent with each call; may be repeated.")
    var header: [String] = []

    @Option(help: "File with the request and its length prefix; an empty message unless given.")
    var body: String?

    @Option(help: "Certificate to trust (PEM file): speaks TLS, to localhost.")
    var ca: String?

    func validate() throws {
        guard (1...1_000_000).contains(connections), (0...10_000).contains(streams), (0...1_000_000).contains(events)
        else {
            throw ValidationError("--connections is 1 to 1000000, --streams 0 to 10000, --events 0 to 1000000")
        }
    }

    /// What the server frees late, and what arrives late, is settled by then.
    private static let settling = Duration.milliseconds(1500)

    func run() async throws {
        guard DescriptorLimit.raise(to: connections + 64) else {
            throw ValidationError("this process may not open so many connections (ulimit -n)")
        }
        let holder = try makeHolder()
        let idle = try residentKiB()
        try await holder.connect(connections)
        try await Task.sleep(for: Self.settling)
        let connected = try residentKiB()
        print("connections \(connections) \(kib(connected - idle, each: connections))")
        guard streams > 0 else { return }
        try await holder.open(streams)
        try await Task.sleep(for: Self.settling)
        let count = connections * streams
        print("streams \(count) \(kib(try residentKiB() - connected, each: count))")
        guard events > 0 else { return }
        var latencies: [UInt64] = []
        for _ in 0..<events { latencies += try await holder.publish() }
        latencies.sort()
        let figures = [latencies.count / 2, latencies.count * 99 / 100, latencies.count - 1].map {
            String(format: "%.1f", Double(latencies[$0]) / 1e6)
        }
        print("events \(latencies.count) \(figures.joined(separator: " "))")
    }

    private func makeHolder() throws -> Holder {
        guard let colon = target.lastIndex(of: ":"), let port = UInt16(target[target.index(after: colon)...]),
            let address = SocketAddress(ipAddress: String(target[..<colon]), port: port)
        else { throw ValidationError("not an address with a port: \(target)") }
        let headers = try header.map { header in
            guard let colon = header.firstIndex(of: ":") else {
                throw ValidationError("not 'name: value': \(header)")
            }
            let value = header[header.index(after: colon)...]
            return (String(header[..<colon]), String(value.drop { $0 == " " }))
        }
        let message = try body.map { [UInt8](try Data(contentsOf: URL(filePath: $0))) } ?? [0, 0, 0, 0, 0]
        let tls = try ca.map { try TLSClientContext(TLSClientConfiguration(authorityFile: $0)) }
        let loops = try EventLoopGroup(loopCount: 1, name: "hold")
        return Holder(
            loop: loops.loops[0], address: address, tls: tls,
            call: Holder.Call(path: path, headers: headers, body: message), readsEvents: events > 0)
    }

    private func residentKiB() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(serverPid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let number = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        guard let number else { throw ValidationError("there is no server with the id \(serverPid)") }
        return number
    }

    private func kib(_ difference: Int, each count: Int) -> String {
        String(format: "%.2f", Double(difference) / Double(count))
    }
}
