import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

/// The slot of ``Clinic/open()`` begins one minute after nine and lasts an hour.
@Suite("A no-show") struct NoShowTests {
    private func sweep(_ clinic: Clinic, after seconds: Int64) async throws {
        clinic.time.advance(by: .seconds(seconds))
        _ = try await clinic.sweeper.sweep()
    }

    private func mark(_ clinic: Clinic, _ id: SessionID, _ caller: Caller) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.markNoShow(id, clinic.call(caller))
        }
    }

    private func undo(_ clinic: Clinic, _ id: SessionID, _ caller: Caller = Clinic.scheduler) async
        -> TelehealthError.Reason?
    {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.undoNoShow(id, clinic.call(caller))
        }
    }

    private func join(_ clinic: Clinic, _ id: SessionID, _ caller: Caller) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in try await clinic.join(caller, id) }
    }

    // Who did not come

    @Test func `is the clinic's to mark, from the start on`() async throws {
        let clinic = Clinic()
        _ = try await clinic.useCases.appointments.put(
            clinic.put(start: .seconds(60)), clinic.call(Clinic.scheduler))
        let id = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        #expect(await mark(clinic, id, Clinic.clinicianCaller) == .tooEarly)
        clinic.time.advance(by: .seconds(60))
        #expect(await mark(clinic, id, Clinic.clientCaller) == .notAllowed)
        #expect(await mark(clinic, id, Clinic.clinicianCaller) == nil)
    }

    @Test(arguments: [Clinic.clinicianCaller, Clinic.scheduler, Clinic.admin])
    func `is the client's alone only where a clinician was there, whoever marks it`(caller: Caller) async throws {
        for clinicianCame in [false, true] {
            let clinic = Clinic()
            let id = try await clinic.open()
            if clinicianCame { #expect(await join(clinic, id, Clinic.clinicianCaller) == nil) }
            #expect(await mark(clinic, id, caller) == nil)
            #expect(try clinic.state(id).session.noShowParty == (clinicianCame ? .client : .both))
        }
    }

    enum Stay: CaseIterable { case waits, gaveUp, fellSilent, denied, removed, guardianGaveUp }

    @Test(arguments: Stay.allCases)
    func `is none when somebody of the client's side came, however long they stayed`(stay: Stay) async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open(guardian: Clinic.guardian, admission: .manual)
        let caller = stay == .guardianGaveUp ? Clinic.guardianCaller : Clinic.clientCaller
        let person = try await clinic.join(caller, id).participant.id
        switch stay {
        case .waits: break
        case .gaveUp, .guardianGaveUp:
            _ = try await clinic.useCases.sessions.leave(LeaveSession(sessionID: id), clinic.call(caller))
        case .fellSilent: try await sweep(clinic, after: 46)
        case .denied:
            _ = try await clinic.useCases.participants.moderate(id, person, .deny, clinic.call(Clinic.admin))
        case .removed:
            _ = try await clinic.useCases.participants.moderate(id, person, .remove, clinic.call(Clinic.admin))
        }
        #expect(await mark(clinic, id, Clinic.clinicianCaller) == .clientWasHere)
        #expect(await mark(clinic, id, Clinic.scheduler) == .clientWasHere)
        let status = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.sessions.updateStatus(id, to: .noShow, clinic.call(Clinic.clinicianCaller))
        }
        #expect(status == .clientWasHere)
        // The clock says the same: nobody is blamed for having given up.
        if stay != .waits {
            try await sweep(clinic, after: 2 * 3600)
            #expect(try clinic.state(id).session.cancelReason == .clinicianNoShow)
        }
    }

    @Test func `of a moved visit is not undone by having waited for the former time`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        _ = try await clinic.useCases.appointments.put(
            clinic.put(start: .seconds(600)), clinic.call(Clinic.scheduler))
        let id = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        #expect(await join(clinic, id, Clinic.clientCaller) == nil)
        _ = try await clinic.useCases.appointments.put(
            clinic.put(version: 2, start: .seconds(86_400)), clinic.call(Clinic.scheduler))
        clinic.time.advance(by: .seconds(86_400))
        #expect(await mark(clinic, id, Clinic.scheduler) == nil)
        #expect(try clinic.state(id).session.noShowParty == .both)
    }

    // A clinician who is late

    @Test func `is not made of a client who waits while the clinician is late`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        #expect(await join(clinic, id, Clinic.clientCaller) == nil)
        let watch = try await clinic.useCases.watches.watchSession(id, after: nil, clinic.call(Clinic.clientCaller), wake: {})
        defer { watch.close() }
        try await sweep(clinic, after: 3541)  // one second behind the slot's end
        #expect(try clinic.state(id).session.status == .waitingRoom)
        try await sweep(clinic, after: 898)
        #expect(await join(clinic, id, Clinic.clinicianCaller) == nil)
        #expect(try clinic.state(id).admitted.count == 2)
    }

    @Test func `is not waited out for ever`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        #expect(await join(clinic, id, Clinic.clientCaller) == nil)
        let watch = try await clinic.useCases.watches.watchSession(id, after: nil, clinic.call(Clinic.clientCaller), wake: {})
        defer { watch.close() }
        try await sweep(clinic, after: 3540 + 901)
        #expect(try clinic.state(id).session.cancelReason == .clinicianNoShow)
        #expect(await join(clinic, id, Clinic.clinicianCaller) == .invalidState)
    }

    // The way back

    @Test func `taken back lets a late client in until the slot's end`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        #expect(await join(clinic, id, Clinic.clinicianCaller) == nil)
        try await sweep(clinic, after: 900)
        #expect(try clinic.state(id).session.status == .noShow)
        #expect(await undo(clinic, id, Clinic.clientCaller) == .notAllowed)
        #expect(await undo(clinic, id, Clinic.stranger) == .sessionNotFound)
        #expect(await undo(clinic, id, Clinic.clinicianCaller) == nil)
        let session = try clinic.state(id).session
        #expect(session.status == .scheduled && session.noShowParty == nil && session.endedAt == nil)
        #expect(session.noShowUndoneAt == clinic.time.now)
        let told = clinic.store.snapshot.events[id]?.last
        #expect(told?.kind == .statusChanged && told?.status == .scheduled && told?.reason == .noShowUndone)
        #expect(clinic.store.snapshot.audit.last?.action == "UndoNoShow")
        // No clock makes it one again before the slot is over.
        #expect(await join(clinic, id, Clinic.clinicianCaller) == nil)
        clinic.time.advance(by: .seconds(40))
        try await sweep(clinic, after: 0)
        #expect(try clinic.state(id).session.status == .inProgress)
        #expect(await join(clinic, id, Clinic.clientCaller) == nil)
        #expect(try clinic.state(id).admitted.count == 2)
        // The grace of a visit does not end it early.
        #expect(try clinic.state(id).session.startedAt == clinic.time.now)
    }

    @Test func `taken back behind the slot gives the grace from then, and the clock waits as long`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        try await sweep(clinic, after: 2 * 3600)
        #expect(try clinic.state(id).session.noShowParty == .both)
        #expect(await undo(clinic, id) == nil)
        try await sweep(clinic, after: 899)
        #expect(try clinic.state(id).session.status == .scheduled)
        #expect(await join(clinic, id, Clinic.clientCaller) == nil)
        #expect(await join(clinic, id, Clinic.clinicianCaller) == nil)
        try await sweep(clinic, after: 30)
        #expect(try clinic.state(id).session.status == .inProgress)
        #expect(try clinic.state(id).admitted.count == 2)
    }

    @Test func `taken back without effect is one again when its time is over`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        try await sweep(clinic, after: 2 * 3600)
        #expect(await undo(clinic, id) == nil)
        try await sweep(clinic, after: 900)
        #expect(try clinic.state(id).session.status == .scheduled)
        try await sweep(clinic, after: 1)
        #expect(try clinic.state(id).session.status == .noShow)
        #expect(await join(clinic, id, Clinic.clientCaller) == .invalidState)
    }

    @Test func `taken back twice is taken back once`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        #expect(await undo(clinic, id) == .invalidState)
        #expect(await mark(clinic, id, Clinic.scheduler) == nil)
        #expect(await undo(clinic, id) == nil)
        let before = try clinic.state(id)
        clinic.time.advance(by: .seconds(5))
        #expect(await undo(clinic, id) == nil)
        #expect(try clinic.state(id) == before)
    }

    @Test func `is not taken back from a cancelled appointment or beside another session`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        #expect(await mark(clinic, id, Clinic.scheduler) == nil)
        let second = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        #expect(await undo(clinic, id) == .appointmentHasOpenSession)
        #expect(await mark(clinic, second, Clinic.scheduler) == nil)
        #expect(await undo(clinic, id) == .appointmentHasOpenSession)
        #expect(await undo(clinic, second) == nil)
        #expect(await mark(clinic, second, Clinic.scheduler) == nil)
        _ = try await clinic.useCases.appointments.cancel(
            CancelAppointment(id: Clinic.appointment, sourceVersion: 99), clinic.call(Clinic.scheduler))
        #expect(await undo(clinic, second) == .appointmentCancelled)
    }
}
