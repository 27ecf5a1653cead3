import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

/// What took place decides on a change of an appointment, not the clock.
@Suite("An appointment that changes") struct AppointmentChangeTests {
    private static let colleague = SubjectID("clinician-2")
    private static let colleagueCaller = Clinic.otherClinician

    private func put(
        _ clinic: Clinic, version: Int64 = 2, start: Duration = .seconds(60),
        length: Duration = .seconds(3600),
        clinician: SubjectID = Clinic.clinician, guardian: SubjectID? = nil
    ) async -> TelehealthError.Reason? {
        let command = clinic.put(
            version: version, start: start, length: length, clinician: clinician, guardian: guardian)
        return await refusal { () throws(TelehealthError) in
            try await clinic.useCases.appointments.put(command, clinic.call(Clinic.scheduler))
        }
    }

    /// The client waits, a minute after the planned start.
    private func waiting(_ clinic: Clinic, guardian: SubjectID? = nil) async throws -> SessionID {
        try await clinic.grantTelehealth()
        let id = try await clinic.open(guardian: guardian)
        _ = try await clinic.join(Clinic.clientCaller, id)
        return id
    }

    private func place(_ state: SessionState, _ role: ParticipantRole, of subject: SubjectID) -> Participant?
    {
        state.participants.first { $0.role == role && $0.subjectID == subject }
    }

    @Test func `a colleague takes over from a clinician who does not come, while the client waits`()
        async throws
    {
        let clinic = Clinic()
        let id = try await waiting(clinic)
        #expect(await put(clinic, clinician: Self.colleague) == nil)
        #expect(try clinic.state(id).session.status == .waitingRoom)
        let former = await refusal { () throws(TelehealthError) in
            try await clinic.join(Clinic.clinicianCaller, id)
        }
        #expect(former == .sessionNotFound)
        _ = try await clinic.join(Self.colleagueCaller, id)
        #expect(try clinic.state(id).session.startedAt != nil, "the client who waited is let in")
        #expect(try await clinic.join(Clinic.clientCaller, id).media != nil)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `a clinician who is in alone and is replaced loses place, attendee and watch in one commit`()
        async throws
    {
        let clinic = Clinic { $0.admission = .manual }
        let id = try await waiting(clinic)
        let media = try #require(try await clinic.join(Clinic.clinicianCaller, id).media)
        await clinic.work(seconds: 1)
        let watch = try await clinic.useCases.watches.watchSession(
            id, after: nil, Invocation(caller: Clinic.clinicianCaller), wake: {})
        let commits = clinic.store.snapshot.commits
        #expect(await put(clinic, clinician: Self.colleague) == nil)
        #expect(clinic.store.snapshot.commits == commits + 1)
        let state = try clinic.state(id)
        #expect(place(state, .clinician, of: Clinic.clinician)?.state == .removed)
        #expect(state.session.status == .waitingRoom && state.session.clinicianArrivedAt == nil)
        let ends = watch.take().filter {
            if case .ended(let error) = $0 { error.reason == .participantRemoved } else { false }
        }
        #expect(ends.count == 1)
        watch.close()
        #expect(clinic.pendingEffects.contains { effect in
                if case .attendee(.delete, _, _) = effect.kind { true } else { false }
            })
        await clinic.work(seconds: 1)
        let alive = clinic.chime.liveMeetings.flatMap { Array($0.attendees.values) }
        #expect(!alive.contains(media.credentials.attendeeID))
        _ = try await clinic.join(Self.colleagueCaller, id)
        #expect(try clinic.state(id).session.status == .inProgress)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `who came in with a replaced clinician waits for the next one, and a capture ends`()
        async throws
    {
        let clinic = Clinic { $0.admission = .manual }
        try await clinic.grantTelehealth()
        try await clinic.grant(.thirdPartyPresence)
        let id = try await waiting(clinic)
        _ = try await clinic.useCases.participants.invite(
            InviteParticipant(sessionID: id, role: .supervisor, subjectID: SubjectID("supervisor-1")),
            clinic.call(Clinic.scheduler))
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        let supervisor = Clinic.caller(SubjectID("supervisor-1"), .clinician)
        #expect(try await clinic.join(supervisor, id).participant.state == .admitted)
        try await clinic.grantRecording()
        try await clinic.grant(.recording, by: supervisor)
        _ = try await clinic.useCases.recordings.start(
            StartRecording(sessionID: id), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 3)
        #expect(await put(clinic, clinician: Self.colleague) == nil)
        let state = try clinic.state(id)
        #expect(place(state, .supervisor, of: SubjectID("supervisor-1"))?.state == .waiting)
        #expect(state.recordings.map(\.state) == [.stopping])
        try await clinic.grant(.recording, by: Self.colleagueCaller)
        _ = try await clinic.join(Self.colleagueCaller, id)
        #expect(place(try clinic.state(id), .supervisor, of: SubjectID("supervisor-1"))?.state == .admitted)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `another clinician's coming counts for the no-show, not that of the one before`() async throws
    {
        let clinic = Clinic()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        #expect(await put(clinic, clinician: Self.colleague) == nil)
        clinic.time.advance(by: clinic.policy.noShowGrace + .seconds(1))
        #expect(try await clinic.sweeper.sweep() == 0, "nobody of the clinic has come yet")
        clinic.time.advance(by: .seconds(3600))
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).session.noShowParty == .both)
    }

    @Test func `while the visit runs it may get longer and a guardian may be added, and nothing else`()
        async throws
    {
        let clinic = Clinic()
        let id = try await clinic.visit()
        #expect(await put(clinic, length: .seconds(5400)) == nil)
        #expect(try clinic.state(id).session.endsAt == VirtualTime.nine + .seconds(60 + 5400))
        #expect(await put(clinic, version: 3, length: .seconds(5400), guardian: Clinic.guardian) == nil)
        #expect(try await clinic.join(Clinic.guardianCaller, id).participant.role == .guardian)
        let refused: [(String, TelehealthError.Reason?)] = [
            ("shorter", await put(clinic, version: 4, length: .seconds(5399), guardian: Clinic.guardian)),
            (
                "moved",
                await put(
                    clinic, version: 4, start: .seconds(61), length: .seconds(5400), guardian: Clinic.guardian
                )
            ),
            ("guardian gone", await put(clinic, version: 4, length: .seconds(5400))),
            (
                "another guardian",
                await put(clinic, version: 4, length: .seconds(5400), guardian: SubjectID("guardian-2"))
            ),
            (
                "another clinician",
                await put(
                    clinic, version: 4, length: .seconds(5400), clinician: Self.colleague,
                    guardian: Clinic.guardian)
            ),
        ]
        for (change, reason) in refused { #expect(reason == .appointmentStarted, "\(change)") }
        #expect(
            await put(clinic, version: 4, length: .seconds(12 * 3600 + 1), guardian: Clinic.guardian)
                == .fieldInvalid)
        #expect(await put(clinic, version: 4, length: .seconds(12 * 3600), guardian: Clinic.guardian) == nil)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `a visit that was missed can be moved, and one that took place cannot`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        clinic.time.advance(by: .seconds(2 * 3600))
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).session.status == .noShow)
        let tomorrow = Duration.seconds(24 * 3600)
        #expect(await put(clinic, start: tomorrow, clinician: Self.colleague) == nil)
        clinic.time.advance(by: tomorrow - .seconds(2 * 3600))
        _ = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler))

        let other = Clinic()
        let visit = try await other.visit()
        _ = try await other.useCases.sessions.end(
            EndSession(sessionID: visit), other.call(Clinic.clinicianCaller))
        #expect(await put(other, start: tomorrow) == .appointmentStarted)
        #expect(await put(other, length: .seconds(3700)) == .appointmentStarted)
        #expect(await put(other, clinician: Self.colleague) == .appointmentStarted)
        #expect(await put(other) == nil, "the same people and time with a newer version")
    }

    @Test func `a second session of a visit that took place is judged by itself`() async throws {
        let clinic = Clinic()
        let first = try await clinic.visit()
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: first), clinic.call(Clinic.clinicianCaller))
        let second = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        #expect(await put(clinic, clinician: Self.colleague) == nil)
        #expect(try clinic.state(second).session.clinicianID == Self.colleague)
        #expect(try clinic.state(first).session.clinicianID == Clinic.clinician)
        _ = try await clinic.useCases.sessions.cancel(
            CancelSession(sessionID: second, reason: .technical), clinic.call(Clinic.admin))
        #expect(await put(clinic, version: 3) == .appointmentStarted)
    }

    @Test func `whoever came for the time before comes to the new one as for the first time`() async throws {
        let clinic = Clinic { $0.admission = .manual }
        let id = try await waiting(clinic)
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        let tomorrow = Duration.seconds(24 * 3600)
        #expect(await put(clinic, start: tomorrow) == nil)
        let state = try clinic.state(id)
        #expect(state.session.status == .scheduled && state.session.clinicianArrivedAt == nil)
        #expect(state.session.waitingRoomEnteredAt == nil)
        #expect(state.participants.map(\.state) == [.left, .left])
        #expect(place(state, .client, of: Clinic.client)?.preVisitCheck == nil, "it was about another day")
        clinic.time.advance(by: tomorrow)
        let bare = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.join(
                JoinSession(sessionID: id), clinic.call(Clinic.clientCaller))
        }
        #expect(bare == .preVisitCheckRequired)
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        clinic.time.advance(by: .seconds(16 * 60))
        clinic.presence.touch(
            try #require(place(state, .clinician, of: Clinic.clinician)).id, in: id)
        _ = try await clinic.sweeper.sweep()
        #expect(
            try clinic.state(id).session.noShowParty == .client, "having waited yesterday is not being here")
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    @Test func `another client is judged by their own whereabouts`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        try await clinic.grant(.telehealth)
        let id = try await clinic.open()
        var check = Clinic.check
        check.locationState = "CA"
        _ = try await clinic.join(Clinic.clientCaller, id, check: check)
        #expect(clinic.policy.places.place(of: try clinic.state(id)).id == "US-CA")
        var command = clinic.put(version: 2, start: .seconds(60))
        command.clientID = SubjectID("client-2")
        _ = try await clinic.useCases.appointments.put(command, clinic.call(Clinic.scheduler))
        let state = try clinic.state(id)
        #expect(clinic.policy.places.place(of: state).id == "US-GA")
        #expect(state.session.status == .scheduled && state.session.waitingRoomEnteredAt == nil)
        #expect(!state.clientEverCame)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }
}
