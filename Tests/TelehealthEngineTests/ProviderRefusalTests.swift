import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("What AWS says about this account") struct ProviderRefusalTests {
    static let forbidden = GatewayError(kind: .notAuthorised, code: "AccessDenied")
    static let quota = GatewayError(kind: .quotaExceeded, code: "LimitExceededException")
    static let refusals = [
        forbidden, quota, GatewayError(kind: .throttled, code: "ThrottledClientException"),
        GatewayError(kind: .unavailable, code: "503"),
    ]

    private func refuse(_ clinic: Clinic, _ call: String, _ error: GatewayError, times: Int = 1) {
        for _ in 0..<times { clinic.chime.fail(call, .refuse(error)) }
    }

    private func stop(_ clinic: Clinic, _ id: SessionID) async throws {
        _ = try await clinic.useCases.recordings.stop(
            StopRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
    }

    // Recordings

    @Test(arguments: ["startConcatenation", "concatenation", "object", "capture", "stopCapture"], refusals)
    func `says nothing about a recording on its way`(call: String, error: GatewayError) async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        refuse(clinic, call, error, times: 3)
        try await stop(clinic, id)
        await clinic.work(seconds: 240)
        let row = try clinic.state(id).recording(recording)
        #expect(row?.state == .available && row?.failure == nil && row?.waitReason == nil)
        #expect(clinic.pendingEffects.isEmpty && clinic.deadLetters.isEmpty)
    }

    @Test(arguments: refusals)
    func `does not stop a capture that runs`(error: GatewayError) async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grantRecording()
        refuse(clinic, "capture", error, times: 3)
        _ = try await clinic.useCases.recordings.start(
            StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 90)
        #expect(try clinic.state(id).recordings.last?.state == .recording)
        #expect(clinic.chime.runningCaptures.count == 1)
    }

    @Test(arguments: [forbidden, quota])
    func `lets a capture begin as soon as it is over`(error: GatewayError) async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grantRecording()
        refuse(clinic, "startCapture", error, times: 2)
        _ = try await clinic.useCases.recordings.start(
            StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.worker.runDue()
        #expect(try clinic.state(id).recordings.last?.state == .requested)
        #expect(
            try clinic.state(id).recordings.last?.waitReason
                == (error == Self.quota ? .quotaExceeded : .accessRefused))
        await clinic.work(seconds: 20)
        #expect(try clinic.state(id).recordings.last?.state == .recording)
        #expect(try clinic.state(id).recordings.last?.waitReason == nil)
    }

    @Test func `keeps neither the stop of a capture nor the end of a meeting waiting for long`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grantRecording()
        refuse(clinic, "startCapture", Self.forbidden, times: 1000)
        _ = try await clinic.useCases.recordings.start(
            StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 60)
        _ = try await clinic.useCases.sessions.end(EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 10)
        // Nothing ran, and that is now a fact.
        #expect(try clinic.state(id).recordings.last?.failure == "NOT_STARTED")
        #expect(clinic.chime.liveMeetings.isEmpty && clinic.pendingEffects.isEmpty)
    }

    @Test func `is tried for hours, then waits for an operator, and the recording says so all the time`()
        async throws
    {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        refuse(clinic, "object", Self.forbidden, times: 10_000)
        try await stop(clinic, id)
        await clinic.work(seconds: 60)
        #expect(try clinic.state(id).recording(recording)?.waitReason == .accessRefused)
        #expect(try await clinic.store.operations.effectCounts().refused == 1)
        _ = try await clinic.useCases.sessions.end(EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        for _ in 0..<4 * 60 {
            clinic.time.advance(by: .seconds(60))
            await clinic.worker.runDue()
        }
        #expect(clinic.deadLetters.isEmpty, "four hours are not enough to give up")
        for _ in 0..<48 * 60 where clinic.deadLetters.isEmpty {
            clinic.time.advance(by: .seconds(60))
            await clinic.worker.runDue()
        }
        let dead = try #require(clinic.deadLetters.first)
        #expect(dead.effect.kind == .recording(.confirmConcatenation, recording, generation: 1))
        #expect(dead.kind == .dead(code: "AccessDenied"))
        #expect(try clinic.state(id).recording(recording)?.state == .processing)
        #expect(try clinic.state(id).recording(recording)?.waitReason == .accessRefused)
        // Mended and tried again by an operator: nothing was lost.
        clinic.chime.forgetFaults()
        try await clinic.useCases.operations.retry(dead.effect.id, clinic.call(Clinic.admin))
        await clinic.work(seconds: 2)
        #expect(try clinic.state(id).recording(recording)?.state == .available)
        #expect(try clinic.state(id).recording(recording)?.waitReason == nil)
    }

    @Test func `a file that never appears is looked for a day, then waits for an operator`() async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        clinic.chime.loseObjects()
        try await stop(clinic, id)
        await clinic.work(seconds: 30)
        _ = try await clinic.useCases.sessions.end(EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        func pass(hours: Int) async {
            for _ in 0..<hours * 60 {
                clinic.time.advance(by: .seconds(60))
                await clinic.worker.runDue()
            }
        }
        await pass(hours: 23)
        #expect(clinic.deadLetters.isEmpty)
        #expect(try clinic.state(id).recording(recording)?.waitReason == nil)
        await pass(hours: 2)
        #expect(clinic.deadLetters.map(\.kind) == [.dead(code: "OBJECT_MISSING")])
        #expect(try clinic.state(id).recording(recording)?.state == .processing)
        #expect(try clinic.state(id).recording(recording)?.waitReason == .objectMissing)
        let looks = clinic.chime.calls.count { $0 == "object" }
        #expect(looks < 1000, "\(looks) looks in a day")
        // Each retry is one more look.
        let effect = try #require(clinic.deadLetters.first?.effect.id)
        try await clinic.useCases.operations.retry(effect, clinic.call(Clinic.admin))
        await clinic.worker.runDue()
        #expect(clinic.deadLetters.count == 2)
        #expect(clinic.chime.calls.count { $0 == "object" } == looks + 1)
    }

    @Test func `a failed concatenation is made anew with tokens of its own, three times, then by an operator`()
        async throws
    {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        clinic.chime.failConcatenations(3)
        try await stop(clinic, id)
        await clinic.work(seconds: 120)
        #expect(clinic.deadLetters.map(\.kind) == [.dead(code: "CONCATENATION_FAILED")])
        #expect(clinic.chime.concatenationTokens.count == 3)
        #expect(try clinic.state(id).recording(recording)?.state == .processing)
        #expect(try clinic.state(id).recording(recording)?.waitReason == .joiningFailed)
        let effect = try #require(clinic.deadLetters.first?.effect.id)
        try await clinic.useCases.operations.retry(effect, clinic.call(Clinic.admin))
        await clinic.work(seconds: 60)
        #expect(try clinic.state(id).recording(recording)?.state == .available)
        #expect(clinic.chime.concatenationTokens.count == 4)
    }

    // Meetings

    @Test(arguments: [
        (quota, TelehealthError.Reason.meetingQuotaExceeded), (forbidden, .meetingRefused),
        (GatewayError(kind: .rejected, code: "BadRequestException"), .meetingRefused),
    ])
    func `is told to whoever joins, without a time to try again`(
        error: GatewayError, reason: TelehealthError.Reason
    ) async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        refuse(clinic, "createMeeting", error)
        do throws(TelehealthError) {
            _ = try await clinic.join(Clinic.clinicianCaller, id)
            Issue.record("there is no meeting")
        } catch {
            #expect(error.reason == reason && error.retryAfter == nil)
        }
        let generation = try #require(try clinic.state(id).meetings.last)
        #expect(generation.state == .failed && generation.failure?.reason == reason)
        #expect(clinic.alarms.map(\.kind) == [.meetingRefused(code: error.code, generation.failure ?? .notNeeded)])
        // Whoever comes when it is mended has a meeting.
        #expect(try await clinic.join(Clinic.clinicianCaller, id).media?.meeting.generation == 2)
    }

    @Test func `is told also where the meeting may have been made before`() async throws {
        let clinic = Clinic { $0.joinWaitMax = .seconds(2) }
        let id = try await clinic.open()
        clinic.chime.fail("createMeeting", .loseAnswer)
        refuse(clinic, "createMeeting", Self.quota, times: 1000)
        async let joining = refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.join(
                JoinSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        }
        while try clinic.state(id).liveMeeting?.failure == nil {
            await clinic.worker.runDue()
            clinic.time.advance(by: .milliseconds(100))
            await Task.yield()
        }
        clinic.time.advance(by: .seconds(3))
        #expect(await joining == .meetingQuotaExceeded)
        #expect(try clinic.state(id).meetings.map(\.state) == [.intent])
        clinic.chime.forgetFaults()
        await clinic.work(seconds: 60)
        #expect(try clinic.state(id).liveMeeting?.state == .active)
        #expect(try clinic.state(id).liveMeeting?.failure == nil)
    }

    // People

    @Test(arguments: [forbidden, quota])
    func `does not leave a voice to somebody who was muted`(error: GatewayError) async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let client = try #require(try clinic.state(id).participants.first { $0.role == .client })
        refuse(clinic, "updateCapabilities", error, times: 2)
        let muted = MediaCapabilities(audio: .receive)
        _ = try await clinic.useCases.participants.moderate(
            id, client.id, .setCapabilities(muted), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 30)
        #expect(clinic.chime.liveMeetings.first?.capabilities[client.externalUserID] == muted)
    }

    @Test func `keeps nobody in a meeting who was removed`() async throws {
        let clinic = Clinic { $0.effectAttemptsMax = 2 }
        let id = try await clinic.visit()
        let client = try #require(try clinic.state(id).participants.first { $0.role == .client })
        refuse(clinic, "updateCapabilities", Self.forbidden, times: 2)
        _ = try await clinic.useCases.participants.moderate(
            id, client.id, .setCapabilities(MediaCapabilities(audio: .receive)), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 10)
        #expect(clinic.deadLetters.count == 1)
        _ = try await clinic.useCases.participants.moderate(
            id, client.id, .remove, clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 2)
        #expect(clinic.chime.liveMeetings.first?.attendees[client.externalUserID] == nil)
    }
}
