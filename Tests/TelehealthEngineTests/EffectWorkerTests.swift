import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("The effect worker") struct EffectWorkerTests {
    private let busy = GatewayError(kind: .throttled, code: "ThrottlingException")

    /// The clinician has asked to join; nobody has called Chime yet.
    private func asked(_ clinic: Clinic) async throws -> SessionID {
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try? await clinic.useCases.sessions.join(
            JoinSession(sessionID: id), clinic.call(Clinic.clinicianCaller, timeout: .zero))
        return id
    }

    @Test func `a call that fails for the moment is tried again with the same token`() async throws {
        let clinic = Clinic()
        let id = try await asked(clinic)
        clinic.chime.fail("createMeeting", .refuse(busy), .refuse(busy))
        await clinic.work(seconds: 10)
        #expect(try clinic.state(id).liveMeeting?.state == .active)
        #expect(clinic.chime.calls.count { $0 == "createMeeting" } == 3)
        #expect(try clinic.state(id).meetings.count == 1)
    }

    @Test func `the server's wish for a pause is kept`() async throws {
        let clinic = Clinic()
        _ = try await asked(clinic)
        clinic.chime.fail(
            "createMeeting", .refuse(GatewayError(kind: .unavailable, code: "503", retryAfter: .seconds(60))))
        await clinic.work(seconds: 59)
        #expect(clinic.chime.liveMeetings.isEmpty)
        await clinic.work(seconds: 2)
        #expect(clinic.chime.liveMeetings.count == 1)
    }

    @Test func `a meeting whose answer was lost is adopted, not made twice`() async throws {
        let clinic = Clinic()
        let id = try await asked(clinic)
        clinic.chime.fail("createMeeting", .loseAnswer)
        await clinic.work(seconds: 3)
        #expect(clinic.chime.liveMeetings.count == 1)
        #expect(try clinic.state(id).liveMeeting?.meetingID == clinic.chime.liveMeetings.first?.id)
        #expect(clinic.chime.calls.contains("meeting"))
    }

    @Test func `a lost answer whose visit is over is found again and deleted`() async throws {
        let clinic = Clinic()
        let id = try await asked(clinic)
        clinic.chime.fail("createMeeting", .loseAnswer)
        await clinic.worker.runDue()
        #expect(clinic.chime.liveMeetings.count == 1)
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 3)
        #expect(clinic.chime.liveMeetings.isEmpty && clinic.pendingEffects.isEmpty)
    }

    @Test func `a lost answer whose meeting died meanwhile leads to the next generation`() async throws {
        let clinic = Clinic()
        let id = try await asked(clinic)
        clinic.chime.fail("createMeeting", .loseAnswer)
        await clinic.worker.runDue()
        clinic.chime.killMeetings()
        await clinic.work(seconds: 3)
        #expect(try clinic.state(id).meetings.map(\.state) == [.ended])
        let media = try await clinic.join(Clinic.clinicianCaller, id).media
        #expect(media?.meeting.generation == 2)
    }

    @Test func `a lasting refusal fails the generation, and the next join tries anew`() async throws {
        let clinic = Clinic()
        let id = try await asked(clinic)
        clinic.chime.fail("createMeeting", .refuse(GatewayError(kind: .quotaExceeded, code: "LimitExceeded")))
        await clinic.worker.runDue()
        #expect(try clinic.state(id).meetings.map(\.state) == [.failed])
        #expect(clinic.kinds(id).contains(.meetingFailed))
        #expect(try await clinic.join(Clinic.clinicianCaller, id).media?.meeting.generation == 2)
    }

    @Test func `the join that waits hears of a refusal`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        clinic.chime.fail(
            "createMeeting", .refuse(GatewayError(kind: .rejected, code: "BadRequestException")))
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.join(Clinic.clinicianCaller, id)
        }
        #expect(reason == .meetingRefused)
    }

    @Test func `what cannot be done is dead after its attempts, raises an alarm and blocks its session only`()
        async throws
    {
        let clinic = Clinic { $0.effectAttemptsMax = 3 }
        let id = try await clinic.visit()
        for _ in 0..<3 {
            clinic.chime.fail("deleteMeeting", .refuse(GatewayError(kind: .notAuthorised, code: "Forbidden")))
        }
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 30)
        #expect(clinic.deadLetters.map(\.effect.kind) == [.meeting(.delete, generation: 1)])
        #expect(clinic.deadLetters.first?.kind == .dead(code: "Forbidden"))
        #expect(clinic.pendingEffects.map(\.state) == [.dead])
        let second = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        #expect(try await clinic.join(Clinic.clinicianCaller, second).media != nil)
    }

    @Test func `a deletion that meets a meeting already gone is done`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        clinic.chime.fail("deleteMeeting", .refuse(GatewayError(kind: .gone, code: "NotFoundException")))
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.worker.runDue()
        #expect(try clinic.state(id).meetings.map(\.state) == [.ended])
    }

    @Test func `a worker whose lease ran out cannot finish what another has taken`() async throws {
        let clinic = Clinic()
        let id = try await asked(clinic)
        let stale = try #require(
            try await clinic.store.operations.claimEffects(limit: 1, now: clinic.time.now, lease: .seconds(60)).first)
        clinic.time.advance(by: .seconds(61))
        let fresh = try await clinic.store.operations.claimEffects(limit: 1, now: clinic.time.now, lease: .seconds(60))
        #expect(fresh.map(\.fence) == [2])
        let runner = EffectRunner(
            store: clinic.store, credentials: clinic.credentials, gateway: clinic.chime, time: clinic.time,
            ids: clinic.ids, policy: clinic.policy, notify: { _ in })
        await runner.perform(stale)
        #expect(try clinic.state(id).liveMeeting?.state == .intent)
        await runner.perform(fresh[0])
        #expect(try clinic.state(id).liveMeeting?.state == .active)
        #expect(clinic.chime.liveMeetings.count == 1)
    }

    @Test func `it works by itself: woken by commits, ended by cancellation`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        let running = Task { await clinic.worker.run() }
        let outcome = try await clinic.useCases.sessions.join(
            JoinSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(outcome.media != nil)
        running.cancel()
        await running.value
    }
}
