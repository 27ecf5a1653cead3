import ArgumentParser
import EventCore
import FoundationEssentials
import TLSEngine

struct Hold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Opens many connections and calls, and prints the server's memory for each.",
        discussion: """
            Prints "connections COUNT KIB" and "streams COUNT KIB", the server's resident memory for each, and \
            "events COUNT P50 P99 MAX", the milliseconds from the server's first write to the arrival at each stream.
            """)

    @Option(help: "The server's address: ADDRESS:PORT.")
    var target: String

    @Option(help: "The server's process id on this machine.")
    var serverPid: Int

    @Option(help: "Connections.")
    var connections = 1000

    @Option(help: "Open calls per connection.")
    var streams = 0

    @Option(help: "Number of events sent to all calls.")
    var events = 0

    @Option(help: "Method to call; it must send headers and keep the call open.")
    var path = "/bench.Echo/Watch"

    @Option(help: "Metadata 'name: value' for each call; repeatable.")
    var header: [String] = []

    @Option(help: "File with the length-prefixed request. Default: an empty message.")
    var body: String?

    @Option(help: "Use TLS to localhost, trusting this certificate (PEM file).")
    var ca: String?

    func validate() throws {
        guard (1...1_000_000).contains(connections), (0...10_000).contains(streams), (0...1_000_000).contains(events)
        else {
            throw ValidationError("--connections must be 1 to 1000000, --streams 0 to 10000, --events 0 to 1000000")
        }
    }

    /// What the server frees late, and what arrives late, is settled by then.
    private static let settling = Duration.milliseconds(1500)

    func run() async throws {
        guard DescriptorLimit.raise(to: connections + 64) else {
            throw ValidationError("the limit of open files is too low for so many connections (ulimit -n)")
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
            "\((Double(latencies[$0]) / 1e5).rounded() / 10)"
        }
        print("events \(latencies.count) \(figures.joined(separator: " "))")
    }

    private func makeHolder() throws -> Holder {
        guard let colon = target.lastIndex(of: ":"), let port = UInt16(target[target.index(after: colon)...]),
            let address = SocketAddress(ipAddress: String(target[..<colon]), port: port)
        else { throw ValidationError("invalid address \(target): must be ADDRESS:PORT") }
        let headers = try header.map { header in
            guard let colon = header.firstIndex(of: ":") else {
                throw ValidationError("invalid --header '\(header)': must be 'name: value'")
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
        guard let number else { throw ValidationError("no process has the id \(serverPid)") }
        return number
    }

    private func kib(_ difference: Int, each count: Int) -> String {
        "\((Double(difference) * 100 / Double(count)).rounded() / 100)"
    }
}
