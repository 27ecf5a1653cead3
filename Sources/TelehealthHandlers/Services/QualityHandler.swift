internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// `QualityService`: measurements of client applications, and their summary.
struct QualityHandler: Telehealth_V1_QualityServiceHandler {
    let quality: QualityUseCases

    func reportClientMetrics(
        _ request: Telehealth_V1_ReportClientMetricsRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_ReportClientMetricsResponse {
        let invocation = try context.changing(request)
        let session = SessionID(request.sessionID)
        let metrics = ClientMetrics(
            joinTime: request.joinDuration?.swiftDuration,
            window: (request.window ?? .init()).swiftDuration,
            videoHeight: Int(request.videoHeight), framesPerSecond: Int(request.framesPerSecond),
            packetLossPercent: request.packetLossPercent, drops: Int(request.drops),
            poorConnections: Int(request.poorConnections))
        let next = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await quality.report(session, metrics, invocation)
        }
        return .with { $0.nextAfter = next.wire }
    }

    func getServiceReport(_ request: Telehealth_V1_GetServiceReportRequest, context: ServerCallContext)
        async throws(RPCError) -> Telehealth_V1_GetServiceReportResponse
    {
        var fields = RequestFields()
        let from = fields.time("start_time", request.startTime)
        let to = fields.time("end_time", request.endTime)
        try fields.finish()
        let invocation = try context.reading()
        let report = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await quality.serviceReport(from: from, to: to, invocation)
        }
        return .with {
            $0.startTime = report.from.wire
            $0.endTime = report.to.wire
            $0.sessionCreationSuccess = report.creationSuccess.wire
            $0.averageJoinSeconds = report.averageJoin.wire
            $0.p95JoinSeconds = report.join95th.wire
            $0.video720pShare = report.video720.wire
            $0.connectionStability = report.connectionStability.wire
            $0.consentCoverage = report.consentCoverage.wire
            $0.recordingConsentCoverage = report.recordingConsentCoverage.wire
            $0.drops = Int32(clamping: report.figures.drops)
            $0.reconnections = Int32(clamping: report.figures.reconnections)
        }
    }
}

extension ServiceMeasure {
    fileprivate var wire: Telehealth_V1_ServiceMeasure {
        .with {
            $0.value = value
            $0.target = target
            $0.met = isMet
            $0.count = Int64(count)
            $0.total = Int64(total)
        }
    }
}
