import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("Listing visits") struct ListingTests {
    private func listed(_ caller: Caller, _ clinic: Clinic, _ change: (inout SessionQuery) -> Void = { _ in })
        async throws -> SessionPage
    {
        var query = SessionQuery()
        change(&query)
        return try await clinic.useCases.sessions.list(query, clinic.call(caller))
    }

    @Test func `staff see the visits they are invited to, until they are sent away`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        #expect(try await listed(PeopleTests.interpreter, clinic).sessions.isEmpty)
        let place = try await PeopleTests.invite(PeopleTests.interpreter, .interpreter, session, clinic)
        let page = try await listed(PeopleTests.interpreter, clinic)
        #expect(page.sessions.map(\.id) == [session] && page.places[session]?.role == .interpreter)
        // An interpreter is shown people, but neither the clinician's link nor notes.
        #expect(page.sessions[0].clientID == Clinic.client && page.sessions[0].clinicianJoinURL.isEmpty)
        let ofClinician = try await listed(PeopleTests.interpreter, clinic) {
            $0.clinicianID = Clinic.clinician
        }
        #expect(ofClinician.sessions.map(\.id) == [session])
        let other = try await listed(PeopleTests.interpreter, clinic) { $0.statuses = [.completed] }
        #expect(other.sessions.isEmpty)
        try await PeopleTests.treat(place, .remove, session, clinic)
        #expect(try await listed(PeopleTests.interpreter, clinic).sessions.isEmpty)
    }

    @Test func `a clinician's own visits and invited ones are one list, page by page`() async throws {
        let clinic = Clinic()
        let led = try await clinic.open()
        _ = try await clinic.useCases.appointments.put(
            PutAppointment(
                id: AppointmentID("appointment-2"), clientID: SubjectID("client-2"),
                clinicianID: Clinic.otherSubject, startsAt: VirtualTime.nine + .seconds(1800),
                endsAt: VirtualTime.nine + .seconds(3600), timeZone: "America/New_York", sourceVersion: 1),
            clinic.call(Clinic.scheduler))
        let invited = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: AppointmentID("appointment-2")), clinic.call(Clinic.scheduler)
        ).session.id
        _ = try await clinic.useCases.participants.invite(
            InviteParticipant(sessionID: invited, role: .coClinician, subjectID: Clinic.clinician),
            clinic.call(Clinic.otherClinician))
        #expect(try await listed(Clinic.clinicianCaller, clinic).sessions.map(\.id) == [led, invited])
        var found: [SessionID] = []
        var after: (startsAt: Timestamp, id: SessionID)?
        repeat {
            let page = try await listed(Clinic.clinicianCaller, clinic) {
                $0.limit = 1
                $0.after = after
            }
            found += page.sessions.map(\.id)
            after = page.next
        } while after != nil
        #expect(found == [led, invited])
        let own = try await listed(Clinic.clinicianCaller, clinic) { $0.clinicianID = Clinic.clinician }
        #expect(own.sessions.map(\.id) == [led])
        #expect(try await listed(Clinic.stranger, clinic).sessions.map(\.id) == [invited])
    }

    @Test func `a guest sees the one visit, and cannot find out by asking whose it is`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit(isOpen: true)
        let guest = try await PeopleTests.guest(session, clinic)
        let page = try await listed(guest.caller, clinic)
        #expect(page.sessions.map(\.id) == [session] && page.places[session]?.sight == .roles)
        #expect(try await listed(guest.caller, clinic) { $0.clientID = Clinic.client }.sessions.isEmpty)
        #expect(try await listed(guest.caller, clinic) { $0.statuses = [.noShow] }.sessions.isEmpty)
        try await PeopleTests.treat(guest.participant.id, .remove, session, clinic)
        #expect(try await listed(guest.caller, clinic).sessions.isEmpty)
    }
}
