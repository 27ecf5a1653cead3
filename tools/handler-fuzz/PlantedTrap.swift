internal import ProtobufWire
internal import RPCModel
internal import RPCServer
internal import TelehealthAPI

/// A fault put in on purpose, to show that it is found: a rule that takes the absolute value of a peer's duration,
/// which traps at the least integer.
struct PlantedTrap: RPCService {
    let routes: [ServerRoute]
    let fileDescriptors: [FileDescriptorBytes]

    /// - Parameter sound: where the calls go on to.
    init(in service: any RPCService, before sound: InProcessChannel) {
        typealias Method = Telehealth_V1_QualityService_Methods
        let client = Telehealth_V1_QualityServiceClient(sound)
        fileDescriptors = service.fileDescriptors
        routes = service.routes.map { route in
            if route.method != Method.reportClientMetrics { return route }
            // It reads the message itself: a request made by ``ServerRoute/unary(_:_:)`` is held to the schema's rules.
            return ServerRoute(route.method) { (stream, context) async throws(RPCError) in
                let request: Telehealth_V1_ReportClientMetricsRequest = try stream.takeOnlyMessage()
                let seconds = request.window?.seconds ?? 0
                guard (seconds < 0 ? 0 - seconds : seconds) <= 86_400 else {
                    throw RPCError(.invalidArgument, "a window of at most a day")
                }
                _ = try stream.write(
                    try await client.reportClientMetrics(request, options: CallOptions(metadata: context.metadata)))
            }
        }
    }
}
