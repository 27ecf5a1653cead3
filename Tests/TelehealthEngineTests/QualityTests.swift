import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("What clients measure") struct QualityTests {
    private func report(
        _ clinic: Clinic, _ id: SessionID, _ metrics: ClientMetrics, by caller: Caller = Clinic.clientCaller
    ) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.quality.report(id, metrics, clinic.call(caller))
        }
    }

    private func qualities(_ clinic: Clinic, _ id: SessionID) -> [SessionEvent.Reason?] {
        (clinic.store.snapshot.events[id] ?? []).filter { $0.kind == .connectionQualityChanged }
            .map(\.reason)
    }

    @Test func `reports add up per person, and each join counts once`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let first = ClientMetrics(
            joinTime: .milliseconds(2400), window: .seconds(30), videoHeight: 720, framesPerSecond: 15,
            packetLossPercent: 1)
        #expect(await report(clinic, id, first) == nil)
        clinic.time.advance(by: .seconds(30))
        let second = ClientMetrics(window: .seconds(10), videoHeight: 540, packetLossPercent: 4, drops: 1)
        #expect(await report(clinic, id, second) == nil)
        let quality = try #require(clinic.store.snapshot.quality.values.first)
        #expect(quality.reportCount == 2 && quality.joinCount == 1 && quality.drops == 1)
        #expect(quality.video == .seconds(40) && quality.videoAt720 == .seconds(30))
        #expect(quality.lossPercentMilliseconds == 30_000 + 40_000)
        #expect(clinic.store.snapshot.joinTimes.map(\.duration) == [.milliseconds(2400)])
    }

    @Test func `watchers hear of a changed class only, and seldom`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let losses = [0.5, 0.4, 3, 9, 9, 0, 0]
        for loss in losses {
            let metrics = ClientMetrics(window: .seconds(6), packetLossPercent: loss)
            #expect(await report(clinic, id, metrics) == nil)
            clinic.time.advance(by: .seconds(6))
        }
        // Good from the start is not reported; the first change to POOR came too soon behind FAIR.
        #expect(qualities(clinic, id) == [.connection(.fair), .connection(.poor), .connection(.good)])
    }

    @Test func `a changed class is told, and leaves the session's version as it is`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let before = try clinic.state(id).session
        clinic.time.advance(by: .seconds(1))
        #expect(await report(clinic, id, ClientMetrics(window: .seconds(6), packetLossPercent: 9)) == nil)
        let after = try clinic.state(id).session
        #expect(after.lastEventSequence == before.lastEventSequence + 1)
        #expect(after.version == before.version && after.updatedAt == before.updatedAt)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `a clock that is set back holds no report up`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let report = ClientMetrics(window: .seconds(5))
        #expect(await self.report(clinic, id, report) == nil)
        clinic.time.advance(by: .seconds(-3_600))
        #expect(await self.report(clinic, id, report) == nil)
        #expect(await self.report(clinic, id, report) == .metricsTooOften)
    }

    @Test func `reports that come too fast, too late or out of bounds are refused`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let good = ClientMetrics(window: .seconds(5))
        #expect(await report(clinic, id, good) == nil)
        #expect(await report(clinic, id, good) == .metricsTooOften)
        clinic.time.advance(by: .seconds(5))
        for bad in [
            ClientMetrics(window: .zero), ClientMetrics(window: .seconds(3601)),
            ClientMetrics(joinTime: .seconds(-1), window: .seconds(5)),
            ClientMetrics(joinTime: .seconds(601), window: .seconds(5)),
            ClientMetrics(window: .seconds(5), videoHeight: 4321),
            ClientMetrics(window: .seconds(5), videoHeight: -1),
            ClientMetrics(window: .seconds(5), framesPerSecond: 241),
            ClientMetrics(window: .seconds(5), packetLossPercent: 100.1),
            ClientMetrics(window: .seconds(5), packetLossPercent: .nan),
            ClientMetrics(window: .seconds(5), drops: 1001),
            ClientMetrics(window: .seconds(5), poorConnections: -1),
        ] {
            #expect(await report(clinic, id, bad) == .fieldInvalid)
        }
        #expect(await report(clinic, id, good, by: Clinic.scheduler) == .notAllowed)
        #expect(await report(clinic, id, good, by: Clinic.stranger) == .sessionNotFound)
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(await report(clinic, id, good) == nil)
        clinic.time.advance(by: .seconds(700))
        #expect(await report(clinic, id, good) == .invalidState)
    }

    @Test func `somebody who never came has nothing to report`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        #expect(await report(clinic, id, ClientMetrics(window: .seconds(5))) == .notJoined)
    }

    @Test func `a creation that failed through the service's fault is kept`() async throws {
        let clinic = Clinic()
        _ = try await clinic.useCases.appointments.put(
            clinic.put(start: .seconds(60)), clinic.call(Clinic.scheduler))
        clinic.store.forceConflicts(clinic.policy.conflictRetriesMax)
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler))
        }
        #expect(reason == .versionConflict)
        #expect(clinic.store.snapshot.failures.map(\.reason) == ["VERSION_CONFLICT"])
        let unknown = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.create(
                CreateSession(appointmentID: AppointmentID("nowhere")), clinic.call(Clinic.scheduler))
        }
        #expect(unknown == .appointmentNotFound)
        #expect(clinic.store.snapshot.failures.count == 1)
    }

    @Test func `a figure meets its target by the target's own word`() {
        var figures = ServiceFigures()
        let period = ServiceFiguresQuery(
            from: Timestamp(microseconds: 0), to: Timestamp(microseconds: 1), joinConsents: [])
        let nothing = ServiceReport(figures, period)
        #expect(nothing.creationSuccess.value == nil && !nothing.creationSuccess.isMet)
        figures.sessionsCreated = 99
        figures.creationFailures = 1
        figures.visits = 10
        figures.visitsCovered = 10
        figures.joins = 4
        figures.joinTotal = .seconds(20)
        figures.join95th = .milliseconds(4999)
        figures.presence = .seconds(95)
        figures.disconnected = .seconds(5)
        figures.intervals = 20
        figures.drops = 2
        figures.video = .seconds(100)
        figures.videoAt720 = .seconds(51)
        let report = ServiceReport(figures, period)
        // "Over 99 %" is not 99 %, "under 5 s" is not 5 s, but 100 % is 100 %.
        #expect(report.creationSuccess.value == 0.99 && !report.creationSuccess.isMet)
        #expect(report.averageJoin.value == 5 && !report.averageJoin.isMet)
        #expect(report.join95th.isMet)
        #expect(report.connectionStability.value == 0.95 && !report.connectionStability.isMet)
        #expect(report.consentCoverage.isMet && report.video720.isMet)
    }
}
