import ArgumentParser
import ProtobufWire
import RPCClient
import RPCModel

struct Drive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Calls bench.Echo as fast as possible and prints the cost.")

    @Option(help: "The server's address: HOST:PORT.")
    var target: String

    @Option(help: "Number of channels, each with its own connection.")
    var channels = 1

    @Option(help: "Concurrent calls per channel.")
    var concurrency = 10

    @Option(help: "Total number of calls.")
    var calls = 100_000

    @Option(help: "Payload size in bytes.")
    var payload = 100

    @Flag(help: "Run the callers on their channel's executor instead of the shared pool.")
    var onChannel = false

    @Flag(help: "Call the streaming method instead of the unary one.")
    var stream = false

    func validate() throws {
        guard (1...1000).contains(channels), (1...10_000).contains(concurrency),
            (channels * concurrency...1_000_000_000).contains(calls), (0...1 << 24).contains(payload)
        else {
            throw ValidationError(
                "--channels must be 1 to 1000, --concurrency 1 to 10000, --calls at least their product, --payload 0 to 16777216")
        }
    }

    func run() async throws {
        let request = EchoService.Echo.with { $0.value = Array(repeating: 97, count: payload) }
        let perWorker = calls / (channels * concurrency)
        let channels = try (0..<channels).map { _ in try RPCChannel(target: target) }
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for channel in channels {
                for _ in 0..<concurrency {
                    guard onChannel else {
                        group.addTask { try await work(on: channel, request, count: perWorker) }
                        continue
                    }
                    group.addTask(executorPreference: channel.executor) {
                        try await work(on: channel, request, count: perWorker)
                    }
                }
            }
            let clock = ContinuousClock()
            let started = clock.now
            var all: [Duration] = []
            for try await part in group { all += part }
            let elapsed = clock.now - started
            let perSecond = Int(Double(all.count) / (elapsed / .seconds(1)))
            print("\(all.count) calls in \(elapsed): \(perSecond) a second")
            return all.sorted()
        }
        for channel in channels { await channel.shutdown() }
        print("p50 \(latencies[latencies.count / 2]), p99 \(latencies[latencies.count * 99 / 100])")
    }

    private func work(
        on channel: RPCChannel, _ request: EchoService.Echo, count: Int
    ) async throws -> [Duration] {
        let clock = ContinuousClock()
        var latencies: [Duration] = []
        latencies.reserveCapacity(count)
        // Read once: a property that the command line sets is looked up by name.
        let stream = stream
        for _ in 0..<count {
            let started = clock.now
            if stream {
                let responses: ResponseStream<EchoService.Echo> = channel.serverStreaming(
                    EchoService.serverStream, request, options: CallOptions())
                for try await _ in responses {}
            } else {
                let _: EchoService.Echo = try await channel.unary(
                    EchoService.unary, request, options: CallOptions())
            }
            latencies.append(clock.now - started)
        }
        return latencies
    }
}
