import ProtobufWire
import RPCModel
import ServiceSimulation
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

@Suite("QualityService", .timeLimit(.minutes(3))) struct QualityHandlerTests {
    private func report(_ service: SimulatedService) throws -> Telehealth_V1_ReportClientMetricsRequest {
        let visit = try service.sessionID
        return .with {
            $0.sessionID = visit
            $0.joinDuration = .with { ($0.seconds, $0.nanos) = (2, 500_000_000) }
            $0.window = .with { $0.seconds = 30 }
            $0.videoHeight = 720
            $0.framesPerSecond = 24
            $0.packetLossPercent = 1.5
            $0.drops = 2
            $0.poorConnections = 3
        }
    }

    @Test func `every measure of a client is kept, and the answer says when the next may come`() async throws {
        let service = try await SimulatedService(stage: .visiting) { $0.clientReportInterval = .seconds(7) }
        let request = try report(service)
        let answer = try await service.once(request) { try await service.patient.quality.reportClientMetrics($0) }
        #expect(answer == .with { $0.nextAfter = .with { $0.seconds = 7 } })
        let participant = ParticipantID(try service.participantID(.client))
        let kept = try #require(service.clinic.quality(of: participant))
        #expect(kept.reportCount == 1 && kept.joinCount == 1)
        #expect(kept.observed == .seconds(30) && kept.videoAt720 == .seconds(30))
        #expect(kept.framesMilliseconds == 24 * 30_000 && kept.lossPercentMilliseconds == 45_000)
        #expect(kept.drops == 2 && kept.connectionClass == .poor)
    }

    @Test func `a report that comes too soon is told when to come again`() async throws {
        let service = try await SimulatedService(stage: .visiting) { $0.clientReportInterval = .seconds(7) }
        let request = try report(service)
        _ = try await service.patient.quality.reportClientMetrics(request)
        await service.clinic.live(for: .seconds(3))
        let error = await #expect(throws: RPCError.self) {
            try await service.patient.quality.reportClientMetrics(request)
        }
        #expect(error.map(Refusal.init) == Refusal(.resourceExhausted, "METRICS_TOO_OFTEN"))
        #expect(error?.retryDelay == .seconds(4))
    }

    @Test func `whoever is in no visit reports nothing`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let request = try report(service)
        let early = await refusal {
            try await service.patient.quality.reportClientMetrics(request)
        }
        #expect(early == Refusal(.failedPrecondition, "NOT_JOINED"))
        let stranger = await refusal {
            try await service.stranger.quality.reportClientMetrics(request)
        }
        #expect(stranger == .noSession)
    }

    @Test func `a report of a time says which time it is of, and what was aimed at`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (start, end) = (service.now, Google_Protobuf_Timestamp.with { $0.seconds = service.now.seconds + 3600 })
        let answer = try await service.admin.quality.getServiceReport(
            .with { ($0.startTime, $0.endTime) = (start, end) })
        #expect(answer.startTime == start && answer.endTime == end)
        let measures = [
            answer.sessionCreationSuccess, answer.averageJoinSeconds, answer.p95JoinSeconds, answer.video720pShare,
            answer.connectionStability, answer.consentCoverage, answer.recordingConsentCoverage,
        ].compactMap(\.self)
        #expect(measures.count == 7 && measures.allSatisfy { $0.target > 0 })
        // Nothing was measured: no value is made up.
        #expect(measures.allSatisfy { $0.value == nil && $0.total == 0 })
        #expect(answer.drops == 0 && answer.reconnections == 0)
    }

    @Test func `each figure of the database is in its own field`() async throws {
        let service = try await SimulatedService(stage: .empty)
        var figures = ServiceFigures()
        (figures.sessionsCreated, figures.sessionsWithFailedMeeting, figures.creationFailures) = (15, 1, 1)
        (figures.joins, figures.joinTotal, figures.join95th) = (4, .seconds(10), .seconds(6))
        (figures.video, figures.videoAt720) = (.seconds(100), .seconds(75))
        (figures.presence, figures.disconnected) = (.seconds(60), .seconds(20))
        (figures.intervals, figures.drops, figures.reconnections) = (9, 3, 2)
        (figures.visits, figures.visitsCovered) = (5, 5)
        (figures.recordings, figures.recordingsCovered) = (2, 1)
        service.clinic.measure(figures)
        let (start, end) = (service.now, Google_Protobuf_Timestamp.with { $0.seconds = service.now.seconds + 3600 })
        let answer = try await service.admin.quality.getServiceReport(
            .with { ($0.startTime, $0.endTime) = (start, end) })
        func measure(_ value: Double, _ target: Double, _ met: Bool, _ count: Int64, _ total: Int64)
            -> Telehealth_V1_ServiceMeasure
        {
            .with { ($0.value, $0.target, $0.met, $0.count, $0.total) = (value, target, met, count, total) }
        }
        #expect(
            answer
                == .with {
                    $0.startTime = start
                    $0.endTime = end
                    $0.sessionCreationSuccess = measure(0.875, 0.99, false, 14, 16)
                    $0.averageJoinSeconds = measure(2.5, 5, true, 4, 4)
                    $0.p95JoinSeconds = measure(6, 5, false, 4, 4)
                    $0.video720pShare = measure(0.75, 0.5, true, 75, 100)
                    $0.connectionStability = measure(0.75, 0.95, false, 6, 9)
                    $0.consentCoverage = measure(1, 1, true, 5, 5)
                    $0.recordingConsentCoverage = measure(0.5, 1, false, 1, 2)
                    $0.drops = 3
                    $0.reconnections = 2
                })
    }

    @Test func `a report without times, or that ends before it begins, is refused`() async throws {
        let service = try await SimulatedService(stage: .empty)
        let bare = await refusal { try await service.admin.quality.getServiceReport(.init()) }
        #expect(bare == .fields("start_time", "end_time"))
        let now = service.now
        let backwards = await refusal {
            try await service.admin.quality.getServiceReport(.with { ($0.startTime, $0.endTime) = (now, now) })
        }
        #expect(backwards?.reason == "INVALID_FIELD")
    }
}
