import InteropMessages
import ProtobufWire
import RPCClient
import RPCModel

// What servers say of their load.
extension InteropCalls {
    /// How long the server's own reports may take to say something new.
    private static let reportPatience = Duration.seconds(30)

    func loadReportOfCall() async throws {
        let load = Grpc_Testing_TestOrcaReport.with {
            $0.cpuUtilization = 0.8210
            $0.memoryUtilization = 0.5847
            $0.requestCost["cost"] = 3456.32
            $0.utilization["util"] = 0.30499
        }
        let request = SimpleRequest.with { $0.orcaPerQueryReport = load }
        let answer = try await unary(Methods.unaryCall, request, as: SimpleResponse.self)
        let report = answer.trailingMetadata.loadReport
        try expect(report == LoadReport(load), "\(report.map(String.init(describing:)) ?? "no report")")
    }

    func loadReportsOfServer() async throws {
        let call = makeDuplexCall()
        var responses = call.responses.makeAsyncIterator()
        for (cpu, memory, util) in [(0.8210, 0.5847, 0.30499), (0.29309, 0.2, 0.2039)] {
            let load = Grpc_Testing_TestOrcaReport.with {
                $0.cpuUtilization = cpu
                $0.memoryUtilization = memory
                $0.utilization["util"] = util
            }
            try await call.write(
                .with {
                    $0.orcaOobReport = load
                    $0.responseParameters = [.init(size: 1)]
                })
            try expect(try await responses.next()?.payload?.body, size: 1)
            try await waitForReport(LoadReport(load))
        }
        call.finishWriting()
        let end = try await responses.next()
        try expect(end == nil, "unexpected extra response")
    }

    private func waitForReport(_ wanted: LoadReport) async throws {
        let reports = channel.loadReports(every: .seconds(1))
        try await withThrowingTaskGroup { group in
            group.addTask { for try await report in reports where report == wanted { return } }
            group.addTask {
                try await Task.sleep(for: Self.reportPatience)
                throw Mismatch(description: "the server did not report \(wanted)")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The server allows two streams for each connection, the channel two connections.
    func connectionScaling() async throws {
        var configuration = configuration
        configuration.maxConnectionsPerSubchannel = 2
        let scaling = try InteropCalls(target: target, configuration: configuration)
        var calls: [BidirectionalCall<StreamingOutputCallRequest, StreamingOutputCallResponse>] = []
        var addresses: [String] = []
        for _ in 1...3 {
            let call = scaling.makeDuplexCall()
            calls.append(call)
            try await call.write(
                .with {
                    $0.responseParameters = [.init(size: 1)]
                    $0.responseParameters[0].fillPeerSocketAddress = .init(true)
                })
            var responses = call.responses.makeAsyncIterator()
            addresses.append(try await responses.next()?.peerSocketAddress ?? "")
        }
        for call in calls { call.finishWriting() }
        for call in calls { for try await _ in call.responses { throw Mismatch(description: "unexpected extra response") } }
        await scaling.channel.shutdown()
        try expect(
            addresses[0] == addresses[1] && addresses[1] != addresses[2] && !addresses.contains(""), "\(addresses)")
    }
}

extension LoadReport {
    init(_ load: Grpc_Testing_TestOrcaReport) {
        self.init()
        self[.cpuUtilization] = load.cpuUtilization
        self[.memoryUtilization] = load.memoryUtilization
        for (name, value) in load.requestCost.pairs { self[.requestCost(name)] = value }
        for (name, value) in load.utilization.pairs { self[.utilization(name)] = value }
    }
}
