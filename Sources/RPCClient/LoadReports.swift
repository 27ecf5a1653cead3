internal import GRPCStandardAPI
internal import ProtobufWire
public import RPCModel
internal import RPCOverHTTP2

extension Metadata {
    /// The server's report of the call's cost and its load, from trailing metadata; `nil` if absent or unreadable.
    ///
    /// - Spec: grpc/proposal A51.
    public var loadReport: LoadReport? {
        guard let bytes = binary(named: LoadReport.metadataName) else { return nil }
        return (try? Xds_Data_Orca_V3_OrcaLoadReport(decoding: bytes)).map(LoadReport.init)
    }
}

extension CallChannel {
    /// Load reports of a server, sent periodically: of the server that a call would go to.
    ///
    /// - Parameters:
    ///   - interval: requested interval; a server may send less often.
    ///   - backoff: between attempts to get a stream with reports.
    ///   - clock: measures the backoff.
    public func loadReports(
        every interval: Duration, backoff: ConnectionBackoff = ConnectionBackoff(),
        clock: any Clock<Duration> = ContinuousClock()
    ) -> LoadReports {
        LoadReports(channel: self, interval: interval, backoff: backoff, clock: clock)
    }
}

/// Endless load reports: a stream that fails is reopened, at once if it had delivered a report, otherwise after an
/// increasing delay. The stream lives as long as the iterator.
///
/// - Spec: grpc/proposal A51, `xds.service.orca.v3.OpenRcaService`.
public struct LoadReports: AsyncSequence, Sendable {
    public typealias Element = LoadReport
    public typealias Failure = RPCError

    let channel: any CallChannel
    let interval: Duration
    let backoff: ConnectionBackoff
    let clock: any Clock<Duration>

    public struct AsyncIterator: AsyncIteratorProtocol {
        private let reports: LoadReports
        private var backoff: ConnectionBackoff
        /// The open stream.
        private var messages: ResponseStream<Xds_Data_Orca_V3_OrcaLoadReport>.AsyncIterator?
        /// It delivered a report.
        private var hasReported = false

        fileprivate init(_ reports: LoadReports) {
            self.reports = reports
            backoff = reports.backoff
        }

        /// - Throws: `UNIMPLEMENTED` from a server that sends no reports; `CANCELLED` when the task is cancelled;
        ///   `UNAVAILABLE` after the channel was shut down.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> LoadReport? {
            while true {
                do throws(RPCError) {
                    if let report = try await nextOfStream() { return report }
                } catch {
                    guard error.code != .unimplemented, !Task.isCancelled, !reports.isOver else { throw error }
                }
                try await waitForNextStream()
            }
        }

        private mutating func nextOfStream() async throws(RPCError) -> LoadReport? {
            var open = messages ?? reports.open().makeAsyncIterator()
            defer { messages = open }
            guard let message = try await open.next() else { return nil }
            backoff.reset()
            hasReported = true
            return LoadReport(message)
        }

        private mutating func waitForNextStream() async throws(RPCError) {
            messages = nil
            guard !hasReported else { return hasReported = false }
            let delay = backoff.nextDelay(randomUnit: Double.random(in: 0..<1))
            do {
                try await reports.clock.sleep(for: delay)
            } catch {
                throw RPCError(.cancelled, "the task waiting for load reports was cancelled")
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    private var isOver: Bool { (channel as? RPCChannel)?.connectivity == .shutdown }

    private func open() -> ResponseStream<Xds_Data_Orca_V3_OrcaLoadReport> {
        let request = Xds_Service_Orca_V3_OrcaLoadReportRequest.with { $0.reportInterval = .init(interval) }
        return Xds_Service_Orca_V3_OpenRcaServiceClient(channel).streamCoreMetrics(request)
    }
}
