import Synchronization
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("A changing call") struct RequestTests {
    private let id = "0B0F8E9C-0000-4000-8000-000000000001"

    @Test func `a repetition answers with the first outcome and changes nothing`() async throws {
        let clinic = Clinic()
        _ = try await clinic.useCases.appointments.put(clinic.put(), clinic.call(Clinic.scheduler))
        let command = CreateSession(appointmentID: Clinic.appointment)
        let first = try await clinic.useCases.sessions.create(command, clinic.call(Clinic.scheduler, id: id))
        let commits = clinic.store.snapshot.commits
        let again = try await clinic.useCases.sessions.create(
            command, clinic.call(Clinic.scheduler, id: id.lowercased()))
        #expect(again.session.id == first.session.id)
        #expect(clinic.store.snapshot.commits == commits)
    }

    @Test func `the same id with another body is refused, of another caller it is another request`()
        async throws
    {
        let clinic = Clinic()
        let session = try await clinic.visit()
        func end(_ caller: Caller, hash: UInt8) async -> TelehealthError.Reason? {
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.end(
                    EndSession(sessionID: session), clinic.call(caller, id: id, hash: hash))
            }
        }
        #expect(await end(Clinic.clinicianCaller, hash: 1) == nil)
        #expect(await end(Clinic.clinicianCaller, hash: 2) == .requestIDReused)
        #expect(await end(Clinic.clinicianCaller, hash: 1) == nil)
        // It is judged as one: the visit has ended, and ending it again is OK.
        let rows = clinic.store.snapshot.audit.count
        #expect(await end(Clinic.admin, hash: 2) == nil)
        #expect(clinic.store.snapshot.audit.count == rows + 1)
    }

    @Test(arguments: [
        "", "abc", "0b0f8e9c-0000-4000-8000-00000000000g", "0b0f8e9c00004000800000000000000100000",
    ])
    func `an id that is not a UUID is refused`(text: String) async throws {
        let clinic = Clinic()
        do {
            _ = try await clinic.useCases.appointments.put(
                clinic.put(), clinic.call(Clinic.scheduler, id: text))
            Issue.record("it was taken")
        } catch { #expect(error.violations.map(\.field) == ["request_id"]) }
    }

    @Test func `a twin waits for the first and gets its outcome`() async throws {
        let clinic = Clinic()
        _ = try await clinic.useCases.appointments.put(clinic.put(), clinic.call(Clinic.scheduler))
        let command = CreateSession(appointmentID: Clinic.appointment)
        let twin = Mutex<Task<SessionState, any Error>?>(nil)
        clinic.store.interrupt {
            let task = Task { [id] in
                try await clinic.useCases.sessions.create(command, clinic.call(Clinic.scheduler, id: id))
            }
            twin.withLock { $0 = task }
            for _ in 0..<20 { await Task.yield() }
        }
        let first = try await clinic.useCases.sessions.create(command, clinic.call(Clinic.scheduler, id: id))
        let second = try await #require(twin.withLock { $0 }).value
        #expect(second.session.id == first.session.id)
        #expect(clinic.store.snapshot.sessions.count == 1)
    }

    @Test func `a twin in another process that committed first is found at the commit`() async throws {
        let clinic = Clinic()
        _ = try await clinic.useCases.appointments.put(clinic.put(), clinic.call(Clinic.scheduler))
        let command = CreateSession(appointmentID: Clinic.appointment)
        let other = UseCases(
            store: clinic.store, hub: clinic.hub, presence: clinic.presence, credentials: clinic.credentials,
            gateway: clinic.chime, time: clinic.time, ids: clinic.ids, policy: clinic.policy)
        let theirs = Mutex<SessionID?>(nil)
        clinic.store.interrupt { [id] in
            let state = try? await other.sessions.create(command, clinic.call(Clinic.scheduler, id: id))
            theirs.withLock { $0 = state?.session.id }
        }
        let mine = try await clinic.useCases.sessions.create(command, clinic.call(Clinic.scheduler, id: id))
        #expect(mine.session.id == theirs.withLock { $0 })
    }

    @Test func `a repeated join gives credentials again but brings nobody back who has left`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let session = try await clinic.open()
        let first = try await clinic.join(Clinic.clinicianCaller, session, id: id)
        let again = try await clinic.join(Clinic.clinicianCaller, session, id: id)
        #expect(first.media != nil && again.media?.credentials == first.media?.credentials)
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: session), clinic.call(Clinic.clinicianCaller))
        let late = try await clinic.join(Clinic.clinicianCaller, session, id: id)
        #expect(late.media == nil && late.participant.state == .left)
    }

    @Test func `a repetition is authorized again`() async throws {
        let clinic = Clinic()
        _ = try await clinic.useCases.appointments.put(
            clinic.put(start: .seconds(60)), clinic.call(Clinic.scheduler))
        _ = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.clinicianCaller, id: id))
        _ = try await clinic.useCases.appointments.put(
            clinic.put(version: 2, start: .seconds(60), clinician: SubjectID("clinician-2")),
            clinic.call(Clinic.scheduler))
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.clinicianCaller, id: id))
        }
        #expect(reason == .sessionNotFound)
    }

    @Test func `conflicts are decided again, a bounded number of times`() async throws {
        let clinic = Clinic()
        clinic.store.forceConflicts(clinic.policy.conflictRetriesMax - 1)
        _ = try await clinic.useCases.appointments.put(clinic.put(), clinic.call(Clinic.scheduler))
        clinic.store.forceConflicts(clinic.policy.conflictRetriesMax)
        do {
            _ = try await clinic.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler))
            Issue.record("it committed")
        } catch { #expect(error.reason == .versionConflict && error.category == .aborted) }
    }

    @Test func `outcomes are forgotten after a day`() async throws {
        let clinic = Clinic()
        _ = try await clinic.useCases.appointments.put(clinic.put(), clinic.call(Clinic.scheduler))
        #expect(clinic.store.snapshot.requests.count == 1)
        clinic.time.advance(by: .seconds(86_401))
        try await clinic.store.prune(
            requestsBefore: clinic.time.now, eventsBefore: clinic.time.now, effectsBefore: VirtualTime.nine,
                earlyCancellationsBefore: VirtualTime.nine)
        #expect(clinic.store.snapshot.requests.isEmpty)
    }

    @Test func `a join whose time is over keeps the place, and a cancelled one says so`() async throws {
        let clinic = Clinic()
        let session = try await clinic.open()
        let join = JoinSession(sessionID: session)
        let late = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.join(join, clinic.call(Clinic.clinicianCaller, timeout: .zero))
        }
        #expect(late == .meetingUnavailable)
        #expect(try clinic.state(session).isClinicianPresent)
        let task = Task {
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.join(join, clinic.call(Clinic.clinicianCaller))
            }
        }
        for _ in 0..<20 { await Task.yield() }
        task.cancel()
        #expect(await task.value == .callCancelled)
    }

    @Test func `a deadline that passes while the meeting is being made ends the wait`() async throws {
        let clinic = Clinic()
        let session = try await clinic.open()
        let task = Task {
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.join(
                    JoinSession(sessionID: session), clinic.call(Clinic.clinicianCaller, timeout: .seconds(3))
                )
            }
        }
        while try clinic.state(session).meetings.isEmpty { await Task.yield() }
        // The wait may begin at any of these steps: each of them is longer than what is left.
        for _ in 0..<200 {
            clinic.time.advance(by: .seconds(3))
            await Task.yield()
        }
        #expect(await task.value == .meetingUnavailable)
    }
}
