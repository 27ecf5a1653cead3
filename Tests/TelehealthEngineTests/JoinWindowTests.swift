import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("Joining") struct JoinWindowTests {
    @Test func `the door opens early and closes at the end, later for those who were in`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        _ = try await clinic.useCases.appointments.put(
            clinic.put(start: .seconds(3600)), clinic.call(Clinic.scheduler))
        let id = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        func knock(_ caller: Caller) async -> TelehealthError.Reason? {
            await refusal { () throws(TelehealthError) in try await clinic.join(caller, id) }
        }
        clinic.time.advance(by: .seconds(3600 - 900 - 1))
        #expect(await knock(Clinic.clientCaller) == .tooEarly)
        clinic.time.advance(by: .seconds(1))
        #expect(await knock(Clinic.clientCaller) == nil)
        // While the client waits, a clinician who is late is let in for the no-show grace.
        clinic.time.advance(by: .seconds(900 + 3600 + 900 + 1))
        #expect(await knock(Clinic.clinicianCaller) == .tooLate)
        #expect(await knock(Clinic.clientCaller) == nil)
    }

    @Test func `a client's first join needs a pre-visit check, a second one does not`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        let without = JoinSession(sessionID: id)
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.join(without, clinic.call(Clinic.clientCaller))
        }
        #expect(reason == .preVisitCheckRequired)
        _ = try await clinic.join(Clinic.clientCaller, id)
        _ = try await clinic.useCases.sessions.join(without, clinic.call(Clinic.clientCaller))
        #expect(
            try clinic.state(id).participant(of: Clinic.client)?.preVisitCheck?.checkedAt == clinic.time.now)
    }

    @Test func `the check is validated, and judged where the clinic asks for it`() async throws {
        let clinic = Clinic {
            $0.allowedLocationStates = ["GA"]
            $0.requiresPrivatePlace = true
        }
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        func join(_ change: (inout PreVisitCheck) -> Void) async -> TelehealthError? {
            var check = Clinic.check
            change(&check)
            do {
                _ = try await clinic.useCases.sessions.join(
                    JoinSession(sessionID: id, preVisitCheck: check), clinic.call(Clinic.clientCaller))
                return nil
            } catch { return error }
        }
        #expect(
            await join { $0.locationState = "ga" }?.violations.first?.field
                == "pre_visit_check.location_state")
        #expect(await join { $0.emergencyContactPhone = "" }?.reason == .fieldInvalid)
        let failed = await join {
            $0.locationState = "FL"
            $0.isLocationPrivate = false
        }
        #expect(failed?.reason == .preVisitCheckFailed)
        #expect(failed?.metadata[.failed] == "location_state,location_private")
        #expect(await join { _ in } == nil)
    }

    @Test func `a session is unknown to strangers, and not joinable by staff`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        for caller in [Clinic.stranger, Clinic.otherClinician] {
            let read = await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.get(.session(id), clinic.call(caller))
            }
            let join = await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.join(
                    JoinSession(sessionID: id, preVisitCheck: Clinic.check), clinic.call(caller))
            }
            let unknown = await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.get(.session(SessionID("none")), clinic.call(caller))
            }
            #expect([read, join, unknown] == [.sessionNotFound, .sessionNotFound, .sessionNotFound])
        }
        let staff = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.join(JoinSession(sessionID: id), clinic.call(Clinic.admin))
        }
        #expect(staff == .notAllowed)
        let denials = clinic.store.snapshot.audit.filter { $0.outcome == .denied }
        #expect(denials.count == 7 && denials.allSatisfy { $0.reason != nil })
    }

    @Test(.timeLimit(.minutes(1)))
    func `a meeting that is ready before the join begins to wait for it is found at once`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        clinic.store.overtake { await clinic.worker.runDue() }
        let outcome = try await clinic.useCases.sessions.join(
            JoinSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(outcome.media != nil)
    }

    @Test func `a guardian comes in with the client`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit(guardian: Clinic.guardian)
        #expect(try await clinic.join(Clinic.guardianCaller, id).media != nil)
        #expect(try clinic.state(id).admitted.count == 3)
    }

    @Test func `an earlier API's status leads through the verbs or nowhere`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        func set(_ status: SessionStatus, _ caller: Caller) async -> TelehealthError.Reason? {
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.updateStatus(id, to: status, clinic.call(caller))
            }
        }
        #expect(await set(.waitingRoom, Clinic.clientCaller) == .preVisitCheckRequired)
        #expect(await set(.completed, Clinic.clinicianCaller) == .invalidState)
        #expect(await set(.inProgress, Clinic.clientCaller) == .invalidState)
        #expect(await set(.inProgress, Clinic.clinicianCaller) == nil)
        #expect(await set(.scheduled, Clinic.clinicianCaller) == .invalidState)
        #expect(await set(.completed, Clinic.clientCaller) == .notAllowed)
        #expect(await set(.completed, Clinic.clinicianCaller) == nil)
    }

    @Test func `viewers see what is theirs to see`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        func read(_ caller: Caller) async throws -> SessionState {
            try await clinic.useCases.sessions.get(.session(id), clinic.call(caller))
        }
        #expect(try await read(Clinic.clinicianCaller).participant(of: Clinic.client)?.preVisitCheck != nil)
        #expect(try await read(Clinic.scheduler).participant(of: Clinic.client)?.preVisitCheck == nil)
        #expect(try await read(Clinic.clientCaller).session.clinicianJoinURL.isEmpty)
        let mine = try await clinic.useCases.sessions.list(SessionQuery(), clinic.call(Clinic.clientCaller))
        let theirs = try await clinic.useCases.sessions.list(SessionQuery(), clinic.call(Clinic.stranger))
        #expect(mine.sessions.map(\.id) == [id] && theirs.sessions.isEmpty)
    }
}
