internal import GRPCStandardAPI
public import ProtobufWire
public import RPCModel
internal import RPCOverHTTP2
internal import Synchronization

/// `xds.service.orca.v3.OpenRcaService`: tells clients the server's load, again and again.
///
/// ```swift
/// let load = LoadReportService()
/// let server = try RPCServer(configuration: …, services: [service, load])
/// load.update { $0[.cpuUtilization] = 0.4 }
/// ```
/// What one call costs is the handler's to say, in ``RPCModel/ServerCallContext/loadReport``.
/// - Isolation: any thread.
/// - Spec: grpc/proposal A51.
public final class LoadReportService: RPCService {
    /// Streams open at once, over all connections: each is a suspended handler anyone who reaches the server may hold.
    static let streamsMax = 1000
    /// Longer intervals count as this one, so that clocks do not overflow.
    private static let intervalMax = Duration.seconds(365 * 86400)

    private let intervalMin: Duration
    private let clock: any Clock<Duration>
    private let load = Mutex(LoadReport())
    private let streamCount = Atomic(0)

    /// - Parameters:
    ///   - intervalMin: between two reports; also for clients that ask for less, or for nothing.
    ///   - clock: measures it.
    public init(intervalMin: Duration = .seconds(30), clock: any Clock<Duration> = ContinuousClock()) {
        self.intervalMin = intervalMin
        self.clock = clock
    }

    /// What the next reports say. Stays until it is changed.
    public var report: LoadReport { load.withLock { $0 } }

    /// Changes what the next reports say. Costs of requests are not the server's, and left out of them.
    public func update(_ change: (inout LoadReport) -> Void) { load.withLock { change(&$0) } }

    public var fileDescriptors: [FileDescriptorBytes] { [Xds_Service_Orca_V3_Orca_File.descriptor] }

    public var routes: [ServerRoute] { Xds_Service_Orca_V3_OpenRcaServiceService(Reports(service: self)).routes }

    /// Time between the reports of a stream.
    func interval(requested: Google_Protobuf_Duration?) -> Duration {
        guard let requested else { return intervalMin }
        return min(max(requested.swiftDuration, intervalMin), Self.intervalMax)
    }

    fileprivate func stream(
        every interval: Duration, to responses: ResponseWriter<Xds_Data_Orca_V3_OrcaLoadReport>
    ) async throws(RPCError) {
        let count = streamCount.add(1, ordering: .relaxed).newValue
        defer { streamCount.subtract(1, ordering: .relaxed) }
        guard count <= Self.streamsMax else {
            throw RPCError(.resourceExhausted, "too many load report streams are open; try again later")
        }
        while true {
            var message = report.message
            message.requestCost = MapField()
            try await responses.write(message)
            do {
                try await clock.sleep(for: interval)
            } catch {
                throw RPCError(.cancelled, "the client cancelled the call or disconnected")
            }
        }
    }
}

/// The call, over a service that does not keep itself alive through its routes.
private struct Reports: Xds_Service_Orca_V3_OpenRcaServiceHandler {
    let service: LoadReportService

    func streamCoreMetrics(
        _ request: Xds_Service_Orca_V3_OrcaLoadReportRequest,
        responses: ResponseWriter<Xds_Data_Orca_V3_OrcaLoadReport>, context: ServerCallContext
    ) async throws(RPCError) {
        try await service.stream(every: service.interval(requested: request.reportInterval), to: responses)
    }
}

extension ServerCallContext {
    /// What goes with the status: the handler's metadata, and the call's load report when there is one.
    var statusMetadata: Metadata {
        var metadata = trailingMetadata
        let report = loadReport
        if !report.isEmpty { metadata.append(LoadReport.metadataName, binary: report.message.encodedBytes()) }
        return metadata
    }
}
