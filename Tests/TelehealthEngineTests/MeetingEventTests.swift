import Synchronization
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("Chime's events") struct MeetingEventTests {
    private static let service = Clinic.caller(SubjectID("forwarder"), .service)

    private func take(_ clinic: Clinic, _ entries: [String]) async throws -> EventIntakeReport {
        try await clinic.useCases.quality.ingest(entries, Invocation(caller: Self.service))
    }

    private func script(_ clinic: Clinic, _ id: SessionID) throws -> EventScript {
        EventScript(try #require(try clinic.state(id).liveMeeting))
    }

    private func person(_ clinic: Clinic, _ id: SessionID, _ role: ParticipantRole) throws -> Participant {
        try #require(try clinic.state(id).participants.first { $0.role == role })
    }

    /// Seconds since nine o'clock.
    private func seconds(_ instant: Timestamp?) -> Int64? {
        instant.map { ($0.microseconds - VirtualTime.nine.microseconds) / 1_000_000 }
    }

    @Test func `connections become presence intervals, drops and returns included`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let client = try person(clinic, id, .client)
        var events = try script(clinic, id)
        events.add("AttendeeJoined", at: 125, user: client.externalUserID)
        events.add("AttendeeDropped", at: 185, user: client.externalUserID)
        events.add("AttendeeJoined", at: 195, user: client.externalUserID)
        events.add("AttendeeLeft", at: 300, user: client.externalUserID)
        let report = try await take(clinic, events.entries)
        #expect(report.accepted == 4 && report.duplicates == 0 && report.ignored.isEmpty)
        let presence = try await clinic.store.presence(of: id)
        #expect(presence.map { seconds($0.startedAt) } == [125, 195])
        #expect(presence.map { seconds($0.endedAt) } == [185, 300])
        #expect(presence.map(\.endCause) == [.dropped, .left])
        #expect(presence.map { seconds($0.resumedAt) } == [195, nil])
        #expect(presence.allSatisfy { $0.participantID == client.id })
    }

    @Test func `an event counts once, in whatever batch it comes again`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        var events = try script(clinic, id)
        let user = try person(clinic, id, .client).externalUserID
        let joined = events.add("AttendeeJoined", at: 125, user: user)
        #expect(try await take(clinic, [joined, joined]).duplicates == 1)
        let again = try await take(clinic, [joined])
        #expect(again.accepted == 0 && again.duplicates == 1)
        #expect(try await clinic.store.presence(of: id).count == 1)
    }

    @Test func `malformed entries are told one by one, and keep nobody else out`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        var events = try script(clinic, id)
        let user = try person(clinic, id, .client).externalUserID
        let good = events.add("AttendeeJoined", at: 125, user: user)
        let noTime = #"{"source":"aws.chime","detail":{"eventType":"chime:AttendeeJoined","meetingId":"m"}}"#
        let nobody =
            #"{"source":"aws.chime","detail":{"eventType":"chime:AttendeeLeft","timestamp":1795338000000,"meetingId":"m"}}"#
        let report = try await take(
            clinic, ["{", "[]", #"{"source":"aws.chime"}"#, good, noTime, nobody, ""])
        #expect(report.accepted == 1)
        #expect(report.malformed.map(\.index) == [0, 1, 2, 4, 5, 6])
        #expect(
            report.malformed.map(\.reason) == [
                .notJSON, .notJSON, .notAnEvent, .noTime, .noAttendee, .notJSON,
            ])
    }

    @Test func `what is not ours is counted and left alone`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        var events = try script(clinic, id)
        events.add("AttendeeGrewWings", at: 130)
        events.add("AttendeeJoined", at: 130, user: "aws:MediaPipeline-1")
        events.add("AttendeeJoined", at: 130, user: "somebody-else")
        let foreign = events.entries[1].replacing(events.meetingID, with: "unknown")
            .replacing(events.token, with: "unknown-token").replacing("aws:MediaPipeline-1", with: "x-1")
        let report = try await take(
            clinic, events.entries + [foreign, #"{"source":"aws.s3","detail":{"bucket":"b"}}"#])
        #expect(report.accepted == 0 && report.malformed.isEmpty)
        #expect(
            report.ignored == [
                .unknownType: 1, .notAPerson: 1, .participantUnknown: 1, .meetingUnknown: 1, .notChime: 1,
            ])
    }

    @Test func `what Chime reports of a Voice Connector is ignored, whatever is in it`() async throws {
        let clinic = Clinic()
        let started =
            #"{"version":"0","id":"12345678-1234-1234-1234-111122223333","#
            + #""detail-type":"Chime VoiceConnector Streaming Status","source":"aws.chime","time":"2026-11-22T09:00:00Z","#
            + #""detail":{"callId":"1112-2222-4333","direction":"Outbound","mediaType":"audio/L16","#
            + #""startTime":"2026-11-22T09:00:00.000Z","streamingStatus":"STARTED","timestamp":"not a number","#
            + #""voiceConnectorId":"abcdef1ghij2klmno3pqr4","version":"0"}}"#
        let bare = #"{"source":"aws.chime","detail":{}}"#
        let nobodys = #"{"detail":{}}"#
        let report = try await take(clinic, [started, bare, nobodys])
        #expect(report.ignored == [.unknownType: 2])
        #expect(report.malformed.map(\.index) == [2])
    }

    @Test func `an event inside a notification of a topic is taken out of it`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        var events = try script(clinic, id)
        let user = try person(clinic, id, .client).externalUserID
        let inner = events.add("AttendeeJoined", at: 125, user: user)
            .replacing("\"", with: "\\\"")
        let report = try await take(clinic, [#"{"Type":"Notification","Message":"\#(inner)"}"#])
        #expect(report.accepted == 1)
    }

    @Test func `a capture that dies is noticed at once, and what it wrote is kept`() async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        let pipeline = try #require(try clinic.state(id).recording(recording)?.capturePipelineID)
        var events = try script(clinic, id)
        events.add("MediaPipelinePermanentFailure", at: 124, pipeline: pipeline)
        _ = try await take(clinic, events.entries)
        let told = try #require(try clinic.state(id).recording(recording))
        #expect(told.state == .stopping && told.stopCause == .failed)
        #expect(clinic.kinds(id).last == .recordingStopping)
        #expect(clinic.store.snapshot.events[id]?.last?.reason == .recordingStop(.failed))
        await clinic.work(seconds: 20)
        let done = try #require(try clinic.state(id).recording(recording))
        #expect(done.state == .available)
        #expect(seconds(done.stoppedAt) == 124)
        #expect(clinic.kinds(id).suffix(2) == [.recordingStopped, .recordingAvailable])
        // The clinician may begin a new segment at once.
        let next = try await clinic.useCases.recordings.start(
            StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(next.recording.segment == 2)
    }

    @Test func `a capture that dies before it ran has failed`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grantRecording()
        let outcome = try await clinic.useCases.recordings.start(
            StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.worker.runDue()
        let pipeline = try #require(try clinic.state(id).recordings.last?.capturePipelineID)
        var events = try script(clinic, id)
        events.add("MediaPipelinePermanentFailure", at: 121, pipeline: pipeline)
        _ = try await take(clinic, events.entries)
        let failed = try #require(try clinic.state(id).recording(outcome.recording.id))
        #expect(failed.state == .failed && failed.failure == "CAPTURE_FAILED")
        #expect(clinic.kinds(id).last == .recordingFailed)
    }

    @Test func `a capture's death is found by looking when no event reports it`() async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        let pipeline = try #require(try clinic.state(id).recording(recording)?.capturePipelineID)
        clinic.chime.world.withLock { $0.captures[pipeline]?.status = .failed }
        await clinic.work(seconds: 35)
        let told = try #require(try clinic.state(id).recording(recording))
        #expect(told.stopCause == .failed && !told.state.mayCapture)
        #expect(clinic.kinds(id).contains(.recordingStopped))
    }

    @Test func `a temporary failure shows as a hole, and goes again`() async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        let pipeline = try #require(try clinic.state(id).recording(recording)?.capturePipelineID)
        var events = try script(clinic, id)
        let broke = events.add("MediaPipelineTemporaryFailure", at: 124, pipeline: pipeline)
        let healed = events.add("MediaPipelineResumed", at: 126, pipeline: pipeline)
        _ = try await take(clinic, [broke])
        #expect(seconds(try clinic.state(id).recording(recording)?.degradedSince) == 124)
        #expect(clinic.kinds(id).last == .recordingInterrupted)
        _ = try await take(clinic, [healed])
        #expect(try clinic.state(id).recording(recording)?.degradedSince == nil)
        #expect(clinic.kinds(id).last == .recordingResumed)
    }

    @Test(arguments: [[0, 1], [1, 0]])
    func `a meeting that AWS ended takes its capture along, and the next join opens the next`(order: [Int])
        async throws
    {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        let pipeline = try #require(try clinic.state(id).recording(recording)?.capturePipelineID)
        var events = try script(clinic, id)
        events.add("MeetingEnded", at: 125)
        events.add("MediaPipelineDeleted", at: 125.2, pipeline: pipeline)
        clinic.chime.killMeetings()
        clinic.time.advance(by: .seconds(10))
        for index in order { _ = try await take(clinic, [events.entries[index]]) }
        let state = try clinic.state(id)
        #expect(state.meetings.map(\.state) == [.ended])
        #expect(seconds(state.meetings[0].endedAt) == 125)
        #expect(state.recording(recording)?.stopCause == .meetingEnded)
        #expect(clinic.kinds(id).contains(.meetingEnded))
        #expect(state.session.status == .inProgress)
        await clinic.work(seconds: 1)
        let back = try await clinic.join(Clinic.clientCaller, id)
        #expect(back.media?.meeting.generation == 2)
    }

    @Test func `screen shares follow the media, and take up what a person reported`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let client = try person(clinic, id, .client)
        let clinician = try person(clinic, id, .clinician)
        let claimed = try await clinic.useCases.screenShares.start(id, clinic.call(Clinic.clinicianCaller))
        var events = try script(clinic, id)
        events.add("AttendeeContentJoined", at: 121, user: clinician.externalUserID + "#content")
        events.add("AttendeeContentLeft", at: 150, user: clinician.externalUserID)
        events.add("AttendeeContentJoined", at: 160, user: client.externalUserID)
        _ = try await take(clinic, events.entries)
        let shares = try clinic.state(id).screenShares
        #expect(shares.count == 2)
        #expect(seconds(shares.first { $0.id == claimed.share.id }?.stoppedAt) == 150)
        let own = try #require(shares.first { $0.participantID == client.id })
        #expect(seconds(own.startedAt) == 160 && own.stoppedAt == nil)
    }

    @Test(arguments: ["AttendeeDropped", "AttendeeLeft"])
    func `a share ends with the connection it began in`(end: String) async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let client = try person(clinic, id, .client)
        var events = try script(clinic, id)
        events.add("AttendeeJoined", at: 100, user: client.externalUserID)
        _ = try await take(clinic, events.entries)
        // Told by the person, and never seen by Chime.
        _ = try await clinic.useCases.screenShares.start(id, clinic.call(Clinic.clientCaller))
        let dropped = events.add(end, at: 140, user: client.externalUserID)
        let back = events.add("AttendeeJoined", at: 150, user: client.externalUserID)
        _ = try await take(clinic, [dropped, back])
        #expect(try clinic.state(id).screenShares.map { $0.stoppedAt != nil } == [true])
        #expect(clinic.kinds(id).contains(.screenShareStopped))
        // What is shared from then on is a share of its own.
        clinic.time.advance(by: .seconds(60))
        _ = try await clinic.useCases.screenShares.start(id, clinic.call(Clinic.clientCaller))
        _ = try await take(clinic, [dropped, back])
        #expect(try clinic.state(id).screenShares.map { $0.stoppedAt != nil } == [true, false])
    }

    @Test func `whoever is out of the picture shares nothing, also where Chime saw another of their shares`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let client = try person(clinic, id, .client)
        var events = try script(clinic, id)
        events.add("AttendeeContentJoined", at: 20, user: client.externalUserID)
        _ = try await take(clinic, events.entries)
        clinic.time.advance(by: .seconds(1))
        _ = try? await clinic.useCases.screenShares.start(id, clinic.call(Clinic.clientCaller))
        events.add("AttendeeContentJoined", at: 300, user: client.externalUserID)
        _ = try await take(clinic, events.entries)
        _ = try await clinic.useCases.sessions.leave(LeaveSession(sessionID: id), clinic.call(Clinic.clientCaller))
        #expect(try clinic.state(id).screenShares.allSatisfy { $0.stoppedAt != nil })
    }

    @Test func `somebody whose media is connected is not lost for want of heartbeats`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let client = try person(clinic, id, .client)
        let clinician = try person(clinic, id, .clinician)
        var events = try script(clinic, id)
        events.add("AttendeeJoined", at: 121, user: client.externalUserID)
        _ = try await take(clinic, events.entries)
        clinic.time.advance(by: .seconds(120))
        try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).participant(client.id)?.state == .admitted)
        #expect(try clinic.state(id).participant(clinician.id)?.state == .left)
        events.add("AttendeeLeft", at: 130, user: client.externalUserID)
        _ = try await take(clinic, events.entries)
        try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).participant(client.id)?.state == .left)
    }

    @Test func `somebody taken as gone who is in the media again is here, and stops a recording not theirs`()
        async throws
    {
        let clinic = Clinic()
        let (id, recording, consent) = try await clinic.recordedVisit()
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: id), clinic.call(Clinic.clientCaller))
        #expect(try clinic.state(id).recording(recording)?.state == .recording)
        _ = consent
        try await clinic.grant(
            .recording, statement: Clinic.statement(purposes: [.training]))
        #expect(try clinic.state(id).recording(recording)?.state == .recording)
        let client = try person(clinic, id, .client)
        var events = try script(clinic, id)
        events.add("AttendeeJoined", at: 180, user: client.externalUserID)
        clinic.time.advance(by: .seconds(90))
        _ = try await take(clinic, events.entries)
        #expect(try clinic.state(id).participant(client.id)?.state == .admitted)
        #expect(try clinic.state(id).recording(recording)?.stopCause == .consentMissing)
    }

    @Test func `no event brings a session back that is over`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let client = try person(clinic, id, .client)
        var events = try script(clinic, id)
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 2)
        events.add("AttendeeJoined", at: 121, user: client.externalUserID)
        events.add("MeetingEnded", at: 122)
        let before = try clinic.state(id)
        #expect(try await take(clinic, events.entries).accepted == 2)
        #expect(try clinic.state(id) == before)
        #expect(try await clinic.store.presence(of: id).map(\.endCause) == [.meetingEnded])
    }

    /// What a visit tells, delivered whole and in order, against the same shuffled, cut into batches and with
    /// twins: the same rows in the end.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `disorder and repetition lead to the same state`(seed: UInt64) async throws {
        let straight = try await play(seed: seed, isShuffled: false)
        let shuffled = try await play(seed: seed, isShuffled: true)
        #expect(straight == shuffled, "seed \(seed)")
    }

    private struct Result: Equatable {
        var presence: [PresenceInterval]
        var shares: [ScreenShare]
        var meetings: [MeetingGeneration.State]
        var endedAt: [Timestamp?]
        var captures: [Recording.StopCause?]
        var stopped: [Timestamp?]
        var degraded: [Bool]
    }

    private func play(seed: UInt64, isShuffled: Bool) async throws -> Result {
        let clinic = Clinic(seed: seed)
        let (id, recording, _) = try await clinic.recordedVisit()
        var random = SeededRandom(seed: seed)
        var events = try script(clinic, id)
        let pipeline = try #require(try clinic.state(id).recording(recording)?.capturePipelineID)
        var at = 124.0
        let users = try [ParticipantRole.client, .clinician].map {
            try person(clinic, id, $0).externalUserID
        }
        for _ in 0..<Int.random(in: 4...16, using: &random) {
            at += Double(Int.random(in: 0...9, using: &random))
            let kinds = [
                "AttendeeJoined", "AttendeeLeft", "AttendeeDropped", "AttendeeContentJoined",
                "AttendeeContentLeft", "AttendeeContentDropped", "AttendeeVideoStarted",
            ]
            events.add(
                kinds[Int.random(in: 0..<kinds.count, using: &random)], at: at,
                user: users[Int.random(in: 0...1, using: &random)])
            if Int.random(in: 0..<4, using: &random) == 0 {
                events.add(
                    ["MediaPipelineTemporaryFailure", "MediaPipelineResumed"][
                        Int.random(in: 0...1, using: &random)], at: at + 0.25, pipeline: pipeline)
            }
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: events.add("MediaPipelinePermanentFailure", at: at + 1, pipeline: pipeline)
        case 1:
            events.add("MeetingEnded", at: at + 1)
            events.add("MediaPipelineDeleted", at: at + 1.5, pipeline: pipeline)
        case 2: events.add("MeetingEnded", at: at + 1)
        default: break
        }
        clinic.time.advance(by: .seconds(600))
        var entries = events.entries
        if isShuffled {
            entries += entries.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
            entries.shuffle(using: &random)
        }
        while !entries.isEmpty {
            let count = isShuffled ? Int.random(in: 1...4, using: &random) : entries.count
            _ = try await take(clinic, Array(entries.prefix(count)))
            entries.removeFirst(min(count, entries.count))
        }
        let state = try clinic.state(id)
        return Result(
            presence: try await clinic.store.presence(of: id),
            shares: state.screenShares.sorted { $0.id.rawValue < $1.id.rawValue }
                .filter { $0.stoppedAt != nil || $0.startedAt < clinic.time.now },
            meetings: state.meetings.map(\.state), endedAt: state.meetings.map(\.endedAt),
            captures: state.recordings.map(\.stopCause), stopped: state.recordings.map(\.stoppedAt),
            degraded: state.recordings.map { $0.degradedSince != nil })
    }
}
