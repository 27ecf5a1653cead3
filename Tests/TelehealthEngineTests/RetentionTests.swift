import Synchronization
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("A recording's keeping") struct RetentionTests {
    /// A recording whose file is there; the visit is over.
    private func kept(_ configure: @escaping (inout Policy) -> Void = { _ in }) async throws
        -> (clinic: Clinic, session: SessionID, recording: RecordingID, consent: ConsentRecord)
    {
        let clinic = Clinic(seed: 1, configure)
        let (session, recording, consent) = try await clinic.recordedVisit()
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: session), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 20)
        try #require(try clinic.state(session).recording(recording)?.state == .available)
        return (clinic, session, recording, consent)
    }

    private func play(
        _ clinic: Clinic, _ id: RecordingID, _ purpose: Recording.Purpose = .clinical,
        by caller: Caller = Clinic.clinicianCaller
    ) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.recordings.playbackURL(of: id, purpose: purpose, clinic.call(caller))
        }
    }

    @Test func `when its time is over, its objects go and its row stays`() async throws {
        let (clinic, session, recording, _) = try await kept { $0.recordingRetention = .seconds(3600) }
        let prefix = try #require(try clinic.state(session).recording(recording)?.prefix)
        clinic.chime.world.withLock { world in
            for chunk in 1...5 { world.objects.insert("\(prefix)/chunks/audio/\(chunk).mp4") }
            world.objects.insert(prefix + "-other/audio/1.mp4")
        }
        try await clinic.sweeper.sweep()
        #expect(try clinic.state(session).recording(recording)?.state == .available)
        clinic.time.advance(by: .seconds(3700))
        try await clinic.sweeper.sweep()
        #expect(try clinic.state(session).recording(recording)?.state == .deleting)
        #expect(await play(clinic, recording) == .recordingBeingDeleted)
        await clinic.work(seconds: 2)
        let tombstone = try #require(try clinic.state(session).recording(recording))
        #expect(tombstone.state == .deleted && tombstone.deletedAt != nil && tombstone.objectETag == "etag")
        #expect(clinic.chime.world.withLock { $0.objects } == [prefix + "-other/audio/1.mp4"])
        #expect(clinic.kinds(session).last == .recordingDeleted)
        #expect(await play(clinic, recording) == .recordingDeleted)
    }

    @Test func `a client plays what a clinician made part of their record, and nothing else`() async throws {
        let (clinic, _, recording, _) = try await kept()
        #expect(await play(clinic, recording, by: Clinic.clientCaller) == .recordingNotReleased)
        #expect(await play(clinic, recording, by: Clinic.stranger) == .recordingNotFound)
        _ = try await clinic.useCases.recordings.linkNote(
            SessionNoteID("note-1"), to: recording, clinic.call(Clinic.clinicianCaller))
        #expect(await play(clinic, recording, by: Clinic.clientCaller) == nil)
        #expect(clinic.store.snapshot.audit.last?.action == "GetRecordingPlaybackUrl")
        #expect(await play(clinic, recording, .training, by: Clinic.clientCaller) == .recordingNotReleased)
        // What keeps a clinician from playing it keeps the client.
        _ = try await clinic.useCases.recordings.setHold(on: recording, reason: "case 17", clinic.call(Clinic.admin))
        #expect(await play(clinic, recording, by: Clinic.clientCaller) == .recordingOnHold)
    }

    @Test func `no URL is made for a file that is gone`() async throws {
        let (clinic, _, recording, _) = try await kept()
        clinic.chime.world.withLock { $0.objects = [] }
        #expect(await play(clinic, recording) == .recordingObjectGone)
    }

    @Test(arguments: ProviderRefusalTests.refusals)
    func `what AWS says of us when the file is looked at keeps nobody from playing it`(error: GatewayError)
        async throws
    {
        let (clinic, _, recording, _) = try await kept()
        clinic.chime.fail("object", .refuse(error))
        #expect(await play(clinic, recording) == nil)
    }

    @Test func `a hold keeps it past its time, and its release lets it go`() async throws {
        let (clinic, session, recording, _) = try await kept { $0.recordingRetention = .seconds(3600) }
        _ = try await clinic.useCases.recordings.setHold(
            on: recording, reason: "case 17", clinic.call(Clinic.admin))
        _ = try await clinic.useCases.recordings.setHold(
            on: recording, reason: "another", clinic.call(Clinic.admin))
        clinic.time.advance(by: .seconds(7200))
        try await clinic.sweeper.sweep()
        let held = try #require(try clinic.state(session).recording(recording))
        #expect(held.state == .available && held.hold?.reason == "case 17")
        _ = try await clinic.useCases.recordings.releaseHold(
            on: recording, reason: "case closed", clinic.call(Clinic.admin))
        #expect(clinic.store.snapshot.audit.last?.reason == "case closed")
        try await clinic.sweeper.sweep()
        await clinic.work(seconds: 2)
        #expect(try clinic.state(session).recording(recording)?.state == .deleted)
    }

    @Test func `a hold that comes between the sweep's look and its word keeps it`() async throws {
        let (clinic, session, recording, _) = try await kept { $0.recordingRetention = .seconds(3600) }
        clinic.time.advance(by: .seconds(7200))
        clinic.store.interrupt {
            _ = try? await clinic.useCases.recordings.setHold(
                on: recording, reason: "just in time", clinic.call(Clinic.admin))
        }
        try await clinic.sweeper.sweep()
        await clinic.work(seconds: 2)
        let held = try #require(try clinic.state(session).recording(recording))
        #expect(held.state == .available && held.hold != nil)
        #expect(!clinic.chime.calls.contains("deleteObjects"))
    }

    @Test func `once it is being deleted, a hold and a new retention are refused`() async throws {
        let (clinic, session, recording, _) = try await kept()
        _ = try await clinic.useCases.recordings.setRetention(
            of: recording, until: VirtualTime.nine, reason: "asked for by the client",
            clinic.call(Clinic.admin))
        #expect(try clinic.state(session).recording(recording)?.retainUntil == clinic.time.now)
        try await clinic.sweeper.sweep()
        let hold = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.recordings.setHold(on: recording, reason: "late", clinic.call(Clinic.admin))
        }
        #expect(hold == .recordingBeingDeleted)
        await clinic.work(seconds: 2)
        let retention = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.recordings.setRetention(
                of: recording, until: nil, reason: "late", clinic.call(Clinic.admin))
        }
        #expect(retention == .recordingDeleted)
    }

    @Test func `a deletion that S3 refuses is tried again until it succeeds`() async throws {
        let (clinic, session, recording, _) = try await kept { $0.recordingRetention = .seconds(60) }
        clinic.time.advance(by: .seconds(120))
        clinic.chime.fail(
            "deleteObjects", .refuse(GatewayError(kind: .notAuthorised, code: "AccessDenied")), .loseAnswer)
        try await clinic.sweeper.sweep()
        await clinic.work(seconds: 10)
        #expect(try clinic.state(session).recording(recording)?.state == .deleted)
    }

    @Test(arguments: Policy.PlaybackAfterRevocation.allCases)
    func `after a revocation it is played as the policy says`(way: Policy.PlaybackAfterRevocation)
        async throws
    {
        let (clinic, _, recording, consent) = try await kept { $0.playbackAfterRevocation = way }
        #expect(await play(clinic, recording) == nil)
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        // The visit is over, so the revocation reaches the recording through its consents.
        let clinical = await play(clinic, recording)
        #expect(clinical == (way == .refuse ? .recordingConsentRevoked : nil))
        #expect(await play(clinic, recording, .training) == .recordingConsentRevoked)
        if way == .refuse {
            #expect(clinic.store.snapshot.audit.last?.reason == "RECORDING_CONSENT_REVOKED")
        }
    }

    @Test(arguments: Policy.PlaybackUnderHold.allCases)
    func `under hold it is played as the policy says`(way: Policy.PlaybackUnderHold) async throws {
        let (clinic, _, recording, _) = try await kept { $0.playbackUnderHold = way }
        _ = try await clinic.useCases.recordings.setHold(on: recording, reason: "case", clinic.call(Clinic.admin))
        #expect(await play(clinic, recording) == (way == .allow ? nil : .recordingOnHold))
        #expect(
            await play(clinic, recording, by: Clinic.admin) == (way == .refuse ? .recordingOnHold : nil))
    }

    @Test func `a note is linked by who led the visit, and by nobody who may not see it`() async throws {
        let (clinic, session, recording, _) = try await kept()
        _ = try await clinic.useCases.recordings.linkNote(
            SessionNoteID("note-1"), to: recording, clinic.call(Clinic.clinicianCaller))
        #expect(try clinic.state(session).recording(recording)?.sessionNoteID == SessionNoteID("note-1"))
        let client = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.recordings.linkNote(nil, to: recording, clinic.call(Clinic.clientCaller))
        }
        #expect(client == .notAllowed)
        let stranger = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.recordings.linkNote(nil, to: recording, clinic.call(Clinic.otherClinician))
        }
        #expect(stranger == .recordingNotFound)
    }

    @Test func `the manifest is the same text each time, and names object, consents and people`() async throws
    {
        let (clinic, _, recording, consent) = try await kept()
        let first = try await clinic.useCases.recordings.manifest(of: recording, clinic.call(Clinic.clinicianCaller))
        clinic.time.advance(by: .seconds(10))
        _ = try await clinic.useCases.recordings.setHold(on: recording, reason: "case", clinic.call(Clinic.admin))
        let second = try await clinic.useCases.recordings.manifest(of: recording, clinic.call(Clinic.admin))
        #expect(first.canonicalJSON == second.canonicalJSON && first.sha256 == second.sha256)
        #expect(first.recording.consentIDs.contains(consent.id))
        #expect(first.presenceSource == .roster)
        #expect(Set(first.people.map(\.role)) == [.client, .clinician])
        let text = String(decoding: first.canonicalJSON, as: UTF8.self)
        #expect(text.hasPrefix(#"{"appointment_id":"appointment-1","capture_pipeline_id":"#))
        #expect(text.contains(#""etag":"etag""#) && text.contains(consent.id.rawValue))
        #expect(first.sha256.count == 32)
    }

    @Test func `somebody let in while it runs becomes part of what it stands on`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        let client = try await clinic.grantRecording()
        let outcome = try await clinic.useCases.recordings.start(
            StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 3)
        #expect(outcome.recording.consentIDs.count == 1)
        _ = try await clinic.join(Clinic.clientCaller, id)
        let running = try #require(try clinic.state(id).activeRecording)
        #expect(running.consentIDs.contains(client.id))
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: id), clinic.call(Clinic.clientCaller))
        // Gone, but in the picture: the revocation stops and marks the recording all the same.
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: client.id), clinic.call(Clinic.clientCaller))
        let marked = try #require(try clinic.state(id).recording(running.id))
        #expect(marked.consentRevokedAt != nil && marked.stopCause == .consentRevoked)
    }

    @Test func `nobody is told that nothing is recorded before Chime says so`() async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        _ = try await clinic.useCases.recordings.stop(
            StopRecording(sessionID: id), clinic.call(Clinic.clientCaller))
        clinic.chime.lingersOnStop()
        await clinic.worker.runDue()
        #expect(try clinic.state(id).recording(recording)?.state == .stopping)
        #expect(!clinic.kinds(id).contains(.recordingStopped))
        clinic.chime.finishStops()
        await clinic.work(seconds: 2)
        #expect(clinic.kinds(id).contains(.recordingStopped))
        #expect(clinic.chime.calls.count { $0 == "stopCapture" } == 1)
    }
}
