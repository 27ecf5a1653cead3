import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("The same verb again") struct RepeatedVerbTests {
    enum Verb: CaseIterable { case end, cancel, markNoShow, updateToCompleted, updateToCancelled, updateToNoShow }

    private func use(_ verb: Verb, _ clinic: Clinic, _ id: SessionID, _ caller: Caller = Clinic.clinicianCaller) async
        -> TelehealthError?
    {
        let call = clinic.call(caller)
        do throws(TelehealthError) {
            switch verb {
            case .end:
                _ = try await clinic.useCases.sessions.end(
                    EndSession(sessionID: id, reason: .safety, note: "another"), call)
            case .cancel:
                _ = try await clinic.useCases.sessions.cancel(
                    CancelSession(sessionID: id, reason: .technical, note: "another"), call)
            case .markNoShow: _ = try await clinic.useCases.sessions.markNoShow(id, call)
            case .updateToCompleted: _ = try await clinic.useCases.sessions.updateStatus(id, to: .completed, call)
            case .updateToCancelled: _ = try await clinic.useCases.sessions.updateStatus(id, to: .cancelled, call)
            case .updateToNoShow: _ = try await clinic.useCases.sessions.updateStatus(id, to: .noShow, call)
            }
            return nil
        } catch { return error }
    }

    /// Which verbs lead to the status that a session has.
    private static let same: [SessionStatus: [Verb]] = [
        .completed: [.end, .updateToCompleted], .cancelled: [.cancel, .updateToCancelled],
        .noShow: [.markNoShow, .updateToNoShow],
    ]

    /// A session that a verb ended: its clinician came, and nobody else.
    private func ended(_ clinic: Clinic, _ status: SessionStatus) async throws -> SessionID {
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        let call = clinic.call(Clinic.clinicianCaller)
        switch status {
        case .completed:
            _ = try await clinic.useCases.sessions.end(EndSession(sessionID: id, note: "first"), call)
        case .cancelled:
            _ = try await clinic.useCases.sessions.cancel(
                CancelSession(sessionID: id, reason: .clinician, note: "first"), call)
        case .scheduled, .waitingRoom, .inProgress, .noShow: _ = try await clinic.useCases.sessions.markNoShow(id, call)
        }
        return id
    }

    @Test(arguments: [SessionStatus.completed, .cancelled, .noShow])
    func `is OK and changes nothing, another verb is refused with the state`(status: SessionStatus) async throws {
        let clinic = Clinic()
        let id = try await ended(clinic, status)
        let before = try clinic.state(id)
        for verb in Verb.allCases {
            let error = await use(verb, clinic, id)
            if Self.same[status]?.contains(verb) == true {
                #expect(error == nil, "\(verb) again")
            } else {
                #expect(error?.reason == .invalidState, "\(verb) on \(status)")
                #expect(error?.metadata[.status] == wireName(status))
            }
        }
        #expect(try clinic.state(id) == before)
        #expect(clinic.store.snapshot.events[id]?.count == Int(before.session.lastEventSequence))
    }

    @Test(arguments: [SessionStatus.completed, .cancelled, .noShow])
    func `is refused to whoever may not use it, as the first time`(status: SessionStatus) async throws {
        let clinic = Clinic()
        let id = try await ended(clinic, status)
        for verb in Self.same[status] ?? [] {
            let error = await use(verb, clinic, id, Clinic.clientCaller)
            // A client may call a visit off, so they may do so twice.
            #expect(error?.reason == (status == .cancelled ? nil : .notAllowed), "\(verb)")
            #expect(await use(verb, clinic, id, Clinic.stranger)?.reason == .sessionNotFound)
        }
    }

    @Test func `a no-show named of another party is refused, of the same one it is OK`() async throws {
        let clinic = Clinic()
        let id = try await ended(clinic, .noShow)
        func mark(_ party: NoShowParty) async -> TelehealthError.Reason? {
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.markNoShow(id, party: party, clinic.call(Clinic.scheduler))
            }
        }
        #expect(await mark(.client) == nil)
        #expect(await mark(.both) == .invalidState)
    }

    @Test func `a visit that was called off with its appointment is not called off by itself`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        _ = try await clinic.useCases.appointments.cancel(
            CancelAppointment(id: Clinic.appointment, sourceVersion: 99), clinic.call(Clinic.scheduler))
        #expect(await use(.cancel, clinic, id)?.reason == .invalidState)
        // Who asks for the status alone has it.
        #expect(await use(.updateToCancelled, clinic, id) == nil)
        #expect(try clinic.state(id).session.cancelReason == .appointmentCancelled)
    }

    @Test func `what the clock ended may be ended by the verb it stood in for`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        clinic.time.advance(by: .seconds(3 * 3600))
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).session.status == .completed)
        let before = try clinic.state(id)
        #expect(await use(.end, clinic, id) == nil)
        #expect(try clinic.state(id) == before)
    }
}
