internal import GRPCStandardAPI
public import ProtobufWire
public import RPCModel
internal import RPCOverHTTP2
internal import Synchronization

/// `xds.service.orca.v3.OpenRcaService`: sends clients the server's load periodically.
///
/// ```swift
/// let load = LoadReportService()
/// let server = try RPCServer(configuration: …, services: [service, load])
/// load.update { $0[.cpuUtilization] = 0.4 }
/// ```
/// Handlers report the cost of single calls in ``RPCModel/ServerCallContext/loadReport``.
/// - Isolation: any thread.
/// - Spec: grpc/proposal A51.
public final class LoadReportService: RPCService {
    /// Maximum number of open streams over all connections: each is a suspended handler that anyone who reaches the
    /// server may hold.
    static let streamsMax = 1000
    /// Longer intervals count as this one, to avoid clock overflows.
    private static let intervalMax = Duration.seconds(365 * 86400)

    private let intervalMin: Duration
    private let clock: any Clock<Duration>
    private let load = Mutex(LoadReport())
    private let streamCount = Atomic(0)

    /// - Parameters:
    ///   - intervalMin: minimum interval between reports; also used for clients that request less or none.
    ///   - clock: measures the interval.
    public init(intervalMin: Duration = .seconds(30), clock: any Clock<Duration> = ContinuousClock()) {
        self.intervalMin = intervalMin
        self.clock = clock
    }

    /// The content of the next reports, until changed.
    public var report: LoadReport { load.withLock { $0 } }

    /// Changes the content of the next reports. Request costs belong to calls and are left out.
    public func update(_ change: (inout LoadReport) -> Void) { load.withLock { change(&$0) } }

    public var fileDescriptors: [FileDescriptorBytes] { [Xds_Service_Orca_V3_Orca_File.descriptor] }

    public var routes: [ServerRoute] { Xds_Service_Orca_V3_OpenRcaServiceService(Reports(service: self)).routes }

    /// The interval between the reports of a stream.
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

/// The call, on an object without a reference cycle through the service's routes.
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
    /// Metadata sent with the status: the handler's, and the call's load report if there is one.
    var statusMetadata: Metadata {
        var metadata = trailingMetadata
        let report = loadReport
        if !report.isEmpty { metadata.append(LoadReport.metadataName, binary: report.message.encodedBytes()) }
        return metadata
    }
}
