internal import ArgumentParser
internal import GRPCStandardAPI
internal import ProgramEdge
internal import ProtobufWire
internal import RPCClient
internal import RPCModel
internal import TextFormats

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Check a server with grpc.health.v1.",
        discussion: "Exit status: 0 SERVING, 1 invalid usage, 2 no connection, 3 the call failed, 4 any other state.")

    @OptionGroup var target: TargetOptions

    @Argument(help: "The service to check. Default: the whole server.")
    var service: String = ""

    @Flag(help: "Keep watching, and print every change of the state.")
    var watch = false

    func run() async throws {
        let channel = try target.makeChannel()
        let health = Grpc_Health_V1_HealthClient(channel)
        let request = Grpc_Health_V1_HealthCheckRequest.with { $0.service = service }
        do {
            if watch {
                ProgramEnd.endWithReader()
                for try await answer in health.watch(request) { Terminal.say("\(name(of: answer.status))") }
            } else {
                let answer = try await health.check(request, options: CallOptions(timeout: target.callTimeout))
                Terminal.say("\(name(of: answer.status))")
                if answer.status != .serving { throw ProbeFailure.unhealthy("not serving") }
            }
        } catch let error as RPCError {
            throw target.failure(error, doing: "health")
        }
        await channel.shutdown()
    }

    private func name(of status: Grpc_Health_V1_HealthCheckResponse.ServingStatus) -> String {
        switch status {
        case .unknown: "UNKNOWN"
        case .serving: "SERVING"
        case .notServing: "NOT_SERVING"
        case .serviceUnknown: "SERVICE_UNKNOWN"
        case .unrecognized(let number): "\(number)"
        }
    }
}
