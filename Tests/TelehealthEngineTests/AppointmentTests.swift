import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("An appointment") struct AppointmentTests {
    private func put(_ clinic: Clinic, _ command: PutAppointment) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.appointments.put(command, clinic.call(Clinic.scheduler))
        }
    }

    @Test func `older words of the feed are ignored, newer ones applied`() async throws {
        let clinic = Clinic()
        let first = try await clinic.useCases.appointments.put(
            clinic.put(version: 5, start: .seconds(600)), clinic.call(Clinic.scheduler))
        #expect(first.isApplied && first.appointment?.version == 1)
        for version in [4, 5] as [Int64] {
            let old = try await clinic.useCases.appointments.put(
                clinic.put(version: version, start: .seconds(999)), clinic.call(Clinic.scheduler))
            #expect(!old.isApplied && old.appointment == first.appointment)
        }
        let newer = try await clinic.useCases.appointments.put(
            clinic.put(version: 6, start: .seconds(900)), clinic.call(Clinic.scheduler))
        #expect(newer.isApplied && newer.appointment?.startsAt == VirtualTime.nine + .seconds(900))
    }

    @Test func `time and people that change take the session along`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        #expect(await put(clinic, clinic.put(start: .seconds(60))) == nil)
        let id = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        _ = try await clinic.join(Clinic.clientCaller, id)
        let another = SubjectID("clinician-2")
        #expect(await put(clinic, clinic.put(version: 2, start: .seconds(120), clinician: another)) == nil)
        let state = try clinic.state(id)
        #expect(state.session.clinicianID == another)
        #expect(state.session.startsAt == VirtualTime.nine + .seconds(120))
        #expect(state.session.status == .waitingRoom)
        #expect(state.participants.count { $0.role == .clinician && $0.state != .removed } == 1)
        var zone = clinic.put(version: 4, start: .seconds(120), clinician: another)
        zone.timeZone = "America/Chicago"
        #expect(await put(clinic, zone) == nil)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `cancelling cancels the session, and is refused once the visit began`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        _ = try await clinic.useCases.appointments.cancel(
            CancelAppointment(id: Clinic.appointment, sourceVersion: 99), clinic.call(Clinic.scheduler))
        #expect(try clinic.state(id).session.cancelReason == .appointmentCancelled)
        let create = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler))
        }
        #expect(create == .appointmentCancelled)

        let other = Clinic()
        _ = try await other.visit()
        let reason = await refusal { () throws(TelehealthError) in
            try await other.useCases.appointments.cancel(
                CancelAppointment(id: Clinic.appointment, sourceVersion: 99), other.call(Clinic.scheduler))
        }
        #expect(reason == .invalidState)
    }

    @Test func `it has one session at a time, and another after that one ended`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        do {
            _ = try await clinic.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler))
            Issue.record("a second session")
        } catch {
            #expect(error.reason == .appointmentHasOpenSession && error.category == .alreadyExists)
            #expect(error.metadata[.sessionID] == id.rawValue)
        }
        _ = try await clinic.useCases.sessions.cancel(
            CancelSession(sessionID: id, reason: .technical), clinic.call(Clinic.clinicianCaller))
        let second = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.clinicianCaller))
        #expect(second.session.id != id)
    }

    @Test func `two creations in the same instant make one session`() async throws {
        let clinic = Clinic()
        #expect(await put(clinic, clinic.put()) == nil)
        clinic.store.interrupt {
            _ = try? await clinic.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler))
        }
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler))
        }
        #expect(reason == .appointmentHasOpenSession)
        #expect(clinic.store.snapshot.sessions.count == 1)
    }

    @Test func `bad input names its field`() async throws {
        let clinic = Clinic()
        var cases: [(PutAppointment, String)] = []
        var command = clinic.put(length: .zero)
        cases.append((command, "scheduled_end_time"))
        command = clinic.put(length: .seconds(24 * 3600))
        cases.append((command, "scheduled_end_time"))
        command = clinic.put(clinician: Clinic.client)
        cases.append((command, "clinician_id"))
        command = clinic.put(clinician: SubjectID("a b"))
        cases.append((command, "clinician_id"))
        command = clinic.put(version: 0)
        cases.append((command, "source_version"))
        for (command, field) in cases {
            do {
                _ = try await clinic.useCases.appointments.put(command, clinic.call(Clinic.scheduler))
                Issue.record("\(field) was taken")
            } catch { #expect(error.violations.map(\.field) == [field]) }
        }
    }
}
