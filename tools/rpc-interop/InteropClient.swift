import ArgumentParser
import RPCClient
import TLSEngine

struct InteropClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Runs one case; exits with status 0 if it passes.")

    @Option(name: .customLong("server_host"))
    var serverHost = "localhost"

    @Option(name: .customLong("server_port"))
    var serverPort: UInt16

    @Option(
        name: .customLong("server_host_override"), help: "The server name to send and to expect in the certificate.")
    var serverHostOverride: String?

    @Option(name: .customLong("test_case"))
    var testCase: InteropCase

    @Option(name: .customLong("use_tls"))
    var useTLS = false

    @Option(name: .customLong("use_test_ca"), help: "Trust the suite's certificate authority instead of the system's.")
    var useTestCA = false

    @Option(help: "Folder with ca.pem.")
    var credentials = "tools/.cache/interop/credentials"

    @OptionGroup var soak: SoakOptions

    func run() async throws {
        var configuration = ChannelConfiguration()
        configuration.serverName = serverHostOverride
        if useTLS {
            configuration.tls = try TLSClientContext(
                TLSClientConfiguration(authorityFile: useTestCA ? credentials + "/ca.pem" : nil))
        }
        let calls = try InteropCalls(target: "\(serverHost):\(serverPort)", configuration: configuration)
        do {
            try await testCase.play(calls, soak: soak)
        } catch {
            print("FAILED \(testCase.rawValue): \(error)")
            throw ExitCode.failure
        }
        await calls.channel.shutdown()
        print("passed \(testCase.rawValue)")
    }
}

/// The flags of the two soak cases, and of `long_lived_channel`.
struct SoakOptions: ParsableArguments {
    @Option(name: .customLong("soak_iterations"))
    var iterations = 10

    @Option(name: .customLong("soak_max_failures"))
    var maxFailures = 0

    @Option(name: .customLong("soak_per_iteration_max_acceptable_latency_ms"))
    var maxLatencyMilliseconds = 1000

    @Option(name: .customLong("soak_overall_timeout_seconds"))
    var overallTimeoutSeconds = 60

    @Option(name: .customLong("soak_min_time_ms_between_rpcs"))
    var minMillisecondsBetweenCalls = 0

    @Option(name: .customLong("soak_request_size"))
    var requestSize = 271_828

    @Option(name: .customLong("soak_response_size"))
    var responseSize = 314_159

    @Option(name: .customLong("soak_num_threads"))
    var threadCount = 1

    @Option(name: .customLong("iteration_interval"), help: "Seconds between the calls of long_lived_channel.")
    var secondsBetweenIterations = 10
}
