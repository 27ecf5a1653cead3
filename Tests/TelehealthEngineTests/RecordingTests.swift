import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("A recording") struct RecordingTests {
    private func start(_ clinic: Clinic, _ id: SessionID) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.recordings.start(
                StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        }
    }

    @Test func `it runs only once Chime says so, and stopping makes a playable file`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grantRecording()
        let outcome = try await clinic.useCases.recordings.start(
            StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(outcome.recording.state == .requested)
        #expect(outcome.recording.consentIDs.count == 2)
        await clinic.worker.runDue()
        #expect(try clinic.state(id).activeRecording?.state == .starting)
        await clinic.work(seconds: 3)
        let running = try #require(try clinic.state(id).activeRecording)
        #expect(running.state == .recording)
        #expect(running.capturePipelineID != nil && running.capturePipelineARN != nil)
        _ = try await clinic.useCases.recordings.stop(
            StopRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 20)
        let done = try #require(try clinic.state(id).recording(running.id))
        #expect(done.state == .available)
        #expect(
            done.objectKey == "recordings/\(done.id)/playable/audio/\(done.concatenationPipelineID ?? "").mp4"
        )
        let grant = try await clinic.useCases.recordings.playbackURL(
            of: done.id, purpose: .clinical, clinic.call(Clinic.clinicianCaller))
        #expect(grant.url.contains("expires=300"))
        #expect(
            clinic.kinds(id).filter { $0.rawValue.hasPrefix("recording") } == [
                .recordingRequested, .recordingStarted, .recordingStopping, .recordingStopped,
                .recordingAvailable,
            ])
    }

    @Test func `the refusal names everybody whose consent is missing, and why`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let consent = try await clinic.grant(.recording)
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        do {
            _ = try await clinic.useCases.recordings.start(
                StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
            Issue.record("it started")
        } catch {
            #expect(error.reason == .recordingConsentMissing)
            #expect(error.category == .failedPrecondition)
            #expect(Set(error.missing.map(\.cause)) == [.absent, .revoked])
            #expect(Set(error.missing.map(\.subjectRole)) == [.client, .clinician])
        }
    }

    @Test func `it needs the clinician, a running visit, a meeting, a bucket, and no other recording`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        try await clinic.grantRecording()
        let id = try await clinic.open()
        #expect(await start(clinic, id) == .invalidState)
        _ = try? await clinic.useCases.sessions.join(
            JoinSession(sessionID: id), clinic.call(Clinic.clinicianCaller, timeout: .zero))
        #expect(await start(clinic, id) == .meetingNotReady)
        await clinic.worker.runDue()
        let byClient = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.recordings.start(
                StartRecording(sessionID: id), clinic.call(Clinic.clientCaller))
        }
        #expect(byClient == .notAllowed)
        #expect(await start(clinic, id) == nil)
        #expect(await start(clinic, id) == .recordingActive)

        let bare = Clinic(bucket: nil)
        let visit = try await bare.visit()
        try await bare.grantRecording()
        #expect(await start(bare, visit) == .recordingNotConfigured)
    }

    @Test func `revoking the consent stops a running capture at once`() async throws {
        let clinic = Clinic()
        let (id, recording, consent) = try await clinic.recordedVisit()
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id, reason: "changed my mind"), clinic.call(Clinic.clientCaller))
        #expect(try clinic.state(id).recording(recording)?.state == .stopping)
        await clinic.worker.runDue()
        #expect(clinic.chime.runningCaptures.isEmpty)
        let stopped = try #require(try clinic.state(id).recording(recording))
        #expect(stopped.stopCause == .consentRevoked)
        #expect(stopped.consentRevokedAt == clinic.time.now)
        #expect(try clinic.state(id).session.status == .inProgress)
        #expect(await start(clinic, id) == .recordingConsentMissing)
        await clinic.work(seconds: 20)
        #expect(try clinic.state(id).recording(recording)?.state == .available)
        let other = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.recordings.playbackURL(
                of: recording, purpose: .training, clinic.call(Clinic.clinicianCaller))
        }
        #expect(other == .recordingConsentRevoked)
    }

    @Test(arguments: ["decline", "update"])
    func `a later no stops it as a revocation does`(way: String) async throws {
        let clinic = Clinic()
        let (id, recording, consent) = try await clinic.recordedVisit()
        if way == "decline" {
            try await clinic.grant(.recording, statement: Clinic.statement(.declined))
        } else {
            _ = try await clinic.useCases.consents.update(
                UpdateConsent(consentID: consent.id, statement: Clinic.statement(.declined).about(.recording)),
                clinic.call(Clinic.clientCaller))
        }
        #expect(try clinic.state(id).recording(recording)?.state == .stopping)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `renewing a grant during a recording lets it go on`() async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        try await clinic.grant(.recording)
        #expect(try clinic.state(id).recording(recording)?.state == .recording)
    }

    @Test func `a consent revoked before the worker claims the start keeps Chime from being asked`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let consent = try await clinic.grantRecording()
        #expect(await start(clinic, id) == nil)
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        await clinic.work(seconds: 5)
        #expect(!clinic.chime.calls.contains("startCapture"))
        #expect(try clinic.state(id).recordings.last?.state == .failed)
        #expect(clinic.pendingEffects.isEmpty)
    }

    @Test func `a consent revoked while Chime starts the capture stops it when Chime answers`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let consent = try await clinic.grantRecording()
        #expect(await start(clinic, id) == nil)
        // The revocation commits between Chime's answer and its being written down.
        clinic.store.interrupt {
            _ = try? await clinic.useCases.consents.revoke(
                RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        }
        await clinic.worker.runDue()
        #expect(clinic.chime.calls.contains("startCapture"))
        await clinic.work(seconds: 2)
        #expect(clinic.chime.runningCaptures.isEmpty)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `a consent that expires before the worker claims the start keeps Chime from being asked`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grant(.recording, by: Clinic.clinicianCaller)
        try await clinic.grant(
            .recording, statement: Clinic.statement(expiresAt: clinic.time.now + .seconds(30)))
        #expect(await start(clinic, id) == nil)
        clinic.time.advance(by: .seconds(30))
        await clinic.worker.runDue()
        #expect(!clinic.chime.calls.contains("startCapture"))
        #expect(try clinic.state(id).recordings.last?.state == .failed)
    }

    @Test func `a consent that expires while Chime starts the capture stops it when Chime answers`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grant(.recording, by: Clinic.clinicianCaller)
        try await clinic.grant(
            .recording, statement: Clinic.statement(expiresAt: clinic.time.now + .seconds(30)))
        #expect(await start(clinic, id) == nil)
        clinic.chime.onCapture { _ in clinic.time.advance(by: .seconds(30)) }
        await clinic.worker.runDue()
        #expect(try clinic.state(id).recordings.last?.stopCause == .consentMissing)
        await clinic.worker.runDue()
        #expect(clinic.chime.runningCaptures.isEmpty)
    }

    @Test func `a start whose answer was lost and whose consent is gone is found and stopped, not repeated`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let consent = try await clinic.grantRecording()
        #expect(await start(clinic, id) == nil)
        clinic.chime.fail("startCapture", .loseAnswer)
        await clinic.worker.runDue()
        #expect(clinic.chime.runningCaptures.count == 1)
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        await clinic.work(seconds: 5)
        #expect(clinic.chime.calls.count { $0 == "startCapture" } == 1)
        #expect(clinic.chime.runningCaptures.isEmpty)
        #expect(try clinic.state(id).recordings.last?.stopCause == .consentRevoked)
    }

    @Test func `a start whose answer was lost is taken up again as the same capture`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grantRecording()
        clinic.chime.fail("startCapture", .loseAnswer)
        #expect(await start(clinic, id) == nil)
        await clinic.work(seconds: 5)
        #expect(clinic.chime.runningCaptures.count == 1)
        #expect(try clinic.state(id).activeRecording?.state == .recording)
    }

    @Test func `somebody without consent is refused while a capture runs, or holds it up, by policy`()
        async throws
    {
        for policy in Policy.LateJoiner.allCases {
            let clinic = Clinic { $0.lateJoiner = policy }
            try await clinic.grantTelehealth()
            try await clinic.grant(.recording, by: Clinic.clinicianCaller)
            let id = try await clinic.open()
            _ = try await clinic.join(Clinic.clinicianCaller, id)
            #expect(await start(clinic, id) == nil)
            await clinic.work(seconds: 3)
            switch policy {
            case .refuse:
                let reason = await refusal { () throws(TelehealthError) in
                    try await clinic.join(Clinic.clientCaller, id)
                }
                #expect(reason == .recordingConsentMissing)
            case .stopRecording:
                let waiting = try await clinic.useCases.sessions.join(
                    JoinSession(sessionID: id, preVisitCheck: Clinic.check), clinic.call(Clinic.clientCaller))
                #expect(waiting.media == nil && waiting.participant.state == .waiting)
                await clinic.worker.runDue()
                #expect(clinic.chime.runningCaptures.isEmpty)
                #expect(try await clinic.join(Clinic.clientCaller, id).media != nil)
            }
            #expect(clinic.store.snapshot.violations.isEmpty)
        }
    }

    @Test func `a consent that expires during a recording stops it at the next sweep`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grant(.recording, by: Clinic.clinicianCaller)
        try await clinic.grant(
            .recording, statement: Clinic.statement(expiresAt: clinic.time.now + .seconds(30)))
        #expect(await start(clinic, id) == nil)
        await clinic.work(seconds: 29)
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).activeRecording?.state == .recording)
        await clinic.work(seconds: 2)
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).activeRecording?.stopCause == .consentMissing)
    }

    @Test func `a dead meeting ends its recording`() async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        _ = try await clinic.join(Clinic.clientCaller, id)
        clinic.chime.killMeetings()
        _ = try await clinic.join(Clinic.clientCaller, id)
        await clinic.work(seconds: 20)
        #expect(try clinic.state(id).recording(recording)?.stopCause == .meetingEnded)
        #expect(try clinic.state(id).recording(recording)?.state == .available)
        #expect(await start(clinic, id) == nil)
    }

    @Test func `a second recording does not wait for the first one's file`() async throws {
        let clinic = Clinic()
        let (id, first, _) = try await clinic.recordedVisit()
        _ = try await clinic.useCases.recordings.stop(
            StopRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 2)
        #expect(await start(clinic, id) == nil)
        await clinic.work(seconds: 3)
        #expect(try clinic.state(id).recording(first)?.state == .processing)
        #expect(try clinic.state(id).activeRecording?.state == .recording)
        #expect(try clinic.state(id).recordings.map(\.segment) == [1, 2])
    }

    @Test func `a capture that Chime does not understand fails visibly and blocks nothing`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grantRecording()
        clinic.chime.fail(
            "startCapture", .refuse(GatewayError(kind: .rejected, code: "BadRequestException")))
        #expect(await start(clinic, id) == nil)
        await clinic.work(seconds: 1)
        #expect(try clinic.state(id).recordings.last?.state == .failed)
        #expect(try clinic.state(id).recordings.last?.failure == "BadRequestException")
        #expect(await start(clinic, id) == nil)
    }

    @Test func `a clinician who comes back without consent gets credentials only when the capture is over`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grant(.recording, by: Clinic.clinicianCaller)
        try await clinic.grant(.recording)
        #expect(await start(clinic, id) == nil)
        await clinic.work(seconds: 3)
        // Renewed, so the capture no longer stands on the entry that is revoked while its giver is away.
        let renewed = try await clinic.grant(.recording, by: Clinic.clinicianCaller)
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: renewed.id), clinic.call(Clinic.clinicianCaller))
        #expect(try clinic.state(id).activeRecording?.state == .recording)
        let join = JoinSession(sessionID: id)
        let early = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.join(join, clinic.call(Clinic.clinicianCaller, timeout: .zero))
        }
        #expect(early == .meetingUnavailable)
        #expect(try clinic.state(id).activeRecording?.stopCause == .consentMissing)
        #expect(try await clinic.join(Clinic.clinicianCaller, id).media != nil)
        #expect(clinic.chime.runningCaptures.isEmpty)
    }
}
