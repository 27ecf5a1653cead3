import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("A visit") struct VisitTests {
    @Test func `creating a session calls nobody at Chime and makes a roster and join links`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        let state = try clinic.state(id)
        #expect(clinic.chime.calls.isEmpty)
        #expect(state.session.status == .scheduled)
        #expect(state.participants.map(\.role) == [.clinician, .client])
        #expect(state.session.clientJoinURL == "http://localhost:3000/telehealth/session/\(id)?role=client")
        #expect(clinic.kinds(id) == [.created])
    }

    @Test func `a client who comes first waits without credentials and without a meeting`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        let outcome = try await clinic.join(Clinic.clientCaller, id)
        #expect(outcome.media == nil)
        #expect(outcome.participant.state == .waiting)
        #expect(outcome.state.session.status == .waitingRoom)
        #expect(clinic.chime.calls.isEmpty)
        #expect(clinic.kinds(id) == [.created, .participantWaiting, .statusChanged])
    }

    @Test func `the clinician's arrival lets the waiting client in with one call to Chime`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clientCaller, id)
        clinic.time.advance(by: .seconds(10))
        let clinician = try await clinic.join(Clinic.clinicianCaller, id)
        #expect(clinician.media?.credentials.joinToken.isEmpty == false)
        let state = try clinic.state(id)
        #expect(state.session.status == .inProgress)
        #expect(state.session.startedAt == clinic.time.now)
        let client = try await clinic.join(Clinic.clientCaller, id)
        #expect(client.media != nil)
        #expect(client.media?.credentials.attendeeID != clinician.media?.credentials.attendeeID)
        #expect(clinic.chime.calls == ["createMeeting"])
    }

    @Test func `a clinician who comes first starts the visit but not its clock`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        #expect(try clinic.state(id).session.status == .inProgress)
        #expect(try clinic.state(id).session.startedAt == nil)
        clinic.time.advance(by: .seconds(30))
        let client = try await clinic.join(Clinic.clientCaller, id)
        #expect(client.media != nil)
        #expect(try clinic.state(id).session.startedAt == clinic.time.now)
        #expect(clinic.chime.calls == ["createMeeting"])
    }

    @Test func `both at once end in one meeting with both inside, whoever commits first`() async throws {
        for clientIsInterrupted in [true, false] {
            let clinic = Clinic()
            try await clinic.grantTelehealth()
            let id = try await clinic.open()
            let (first, second) =
                clientIsInterrupted
                ? (Clinic.clientCaller, Clinic.clinicianCaller)
                : (Clinic.clinicianCaller, Clinic.clientCaller)
            clinic.store.interrupt { _ = try? await clinic.join(second, id) }
            _ = try await clinic.join(first, id)
            let client = try await clinic.join(Clinic.clientCaller, id)
            #expect(client.media != nil)
            let state = try clinic.state(id)
            #expect(state.session.status == .inProgress)
            #expect(state.meetings.count == 1)
            #expect(clinic.chime.liveMeetings.count == 1)
            #expect(clinic.store.snapshot.violations.isEmpty)
        }
    }

    @Test func `with manual admission the client waits until let in, and not without the clinician`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open(admission: .manual)
        let client = try await clinic.join(Clinic.clientCaller, id).participant.id
        let early = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.participants.admit(id, client, clinic.call(Clinic.admin))
        }
        #expect(early == .clinicianNotPresent)
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        #expect(try clinic.state(id).session.startedAt == nil)
        #expect(try await clinic.join(Clinic.clientCaller, id).media == nil)
        let byClient = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.participants.admit(id, client, clinic.call(Clinic.clientCaller))
        }
        #expect(byClient == .notAllowed)
        _ = try await clinic.useCases.participants.admit(id, client, clinic.call(Clinic.clinicianCaller))
        #expect(try clinic.state(id).session.startedAt != nil)
        #expect(try await clinic.join(Clinic.clientCaller, id).media != nil)
    }

    @Test func `a rejoin gives the same attendee`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let first = try await clinic.join(Clinic.clientCaller, id).media
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: id), clinic.call(Clinic.clientCaller))
        let again = try await clinic.join(Clinic.clientCaller, id).media
        #expect(first != nil && again?.credentials == first?.credentials)
        #expect(clinic.chime.calls == ["createMeeting", "attendee"])
    }

    @Test func `a dead meeting is replaced by the next generation for whoever comes back`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let first = try await clinic.join(Clinic.clientCaller, id).media
        clinic.chime.killMeetings()
        let again = try await clinic.join(Clinic.clientCaller, id).media
        #expect(first?.meeting.generation == 1)
        #expect(again?.meeting.generation == 2)
        #expect(again?.meeting.clientRequestToken != first?.meeting.clientRequestToken)
        let clinician = try await clinic.join(Clinic.clinicianCaller, id).media
        #expect(clinician?.meeting.generation == 2)
        #expect(try clinic.state(id).meetings.map(\.state) == [.ended, .active])
        #expect(clinic.chime.liveMeetings.count == 1)
    }

    @Test func `a meeting that died of silence is found dead by the first to come after`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        clinic.time.advance(by: .seconds(301))
        let client = try await clinic.join(Clinic.clientCaller, id)
        #expect(client.media?.meeting.generation == 2)
    }

    @Test func `the end stops a running capture before it deletes the meeting, and gives the durations`()
        async throws
    {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        await clinic.work(seconds: 87)
        let ended = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(ended.session.status == .completed)
        #expect(ended.session.visitDuration == .seconds(90))
        #expect(ended.recordings.last?.state == .stopping)
        await clinic.work(seconds: 30)
        let calls = clinic.chime.calls
        let stop = try #require(calls.firstIndex(of: "stopCapture"))
        let delete = try #require(calls.firstIndex(of: "deleteMeeting"))
        #expect(stop < delete)
        #expect(try clinic.state(id).recording(recording)?.state == .available)
        #expect(try clinic.state(id).meetings.map(\.state) == [.ended])
        #expect(clinic.chime.liveMeetings.isEmpty && clinic.pendingEffects.isEmpty)
    }

    @Test func `no Chime meeting is made when the visit is over before the worker comes`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        let invocation = clinic.call(Clinic.clinicianCaller, timeout: .zero)
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.join(JoinSession(sessionID: id), invocation)
        }
        #expect(reason == .meetingUnavailable)
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 1)
        #expect(clinic.chime.calls.isEmpty)
        #expect(try clinic.state(id).meetings.map(\.state) == [.ended])
        #expect(clinic.pendingEffects.isEmpty)
    }

    @Test func `screen shares are intervals, closed by leaving and by the end`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        _ = try await clinic.useCases.screenShares.start(id, clinic.call(Clinic.clientCaller))
        let twice = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.screenShares.start(id, clinic.call(Clinic.clientCaller))
        }
        #expect(twice == .screenShareActive)
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: id), clinic.call(Clinic.clientCaller))
        _ = try await clinic.useCases.screenShares.start(id, clinic.call(Clinic.clinicianCaller))
        clinic.time.advance(by: .seconds(5))
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(try clinic.state(id).screenShares.map { $0.stoppedAt != nil } == [true, true])
        #expect(clinic.kinds(id).count { $0 == .screenShareStopped } == 2)
    }

    @Test func `a client who leaves the waiting room is waited for again`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clientCaller, id)
        let entered = try clinic.state(id).session.waitingRoomEnteredAt
        clinic.time.advance(by: .seconds(20))
        let left = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: id), clinic.call(Clinic.clientCaller))
        #expect(left.session.status == .scheduled)
        _ = try await clinic.join(Clinic.clientCaller, id)
        #expect(try clinic.state(id).session.status == .waitingRoom)
        #expect(try clinic.state(id).session.waitingRoomEnteredAt == entered)
    }
}
