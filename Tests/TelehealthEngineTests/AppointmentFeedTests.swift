import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

/// The feed may tell of an appointment in any order, and more than once.
@Suite("The feed") struct AppointmentFeedTests {
    /// One word of the feed, with what must come of it.
    enum Word: Sendable, CustomStringConvertible {
        case put(Int64, String)
        case cancel(Int64, String)

        var description: String {
            switch self {
            case .put(let version, let outcome): "put \(version): \(outcome)"
            case .cancel(let version, let outcome): "cancel \(version): \(outcome)"
            }
        }
    }

    @Test(arguments: [
        // In order, twice, and after each other.
        [Word.put(1, "booked"), .put(1, "booked, ignored"), .put(2, "booked"), .put(1, "booked, ignored")],
        [
            .put(1, "booked"), .cancel(2, "cancelled"), .cancel(2, "cancelled, ignored"),
            .put(2, "cancelled, ignored"),
        ],
        [
            .put(1, "booked"), .cancel(2, "cancelled"), .put(1, "cancelled, ignored"),
            .put(3, "APPOINTMENT_CANCELLED"),
        ],
        [.put(1, "booked"), .cancel(2, "cancelled"), .cancel(3, "cancelled, ignored")],
        // A cancellation with the stored version, or an older one.
        [
            .put(2, "booked"), .cancel(2, "booked, ignored"), .cancel(1, "booked, ignored"),
            .cancel(3, "cancelled"),
        ],
        // A cancellation that overtakes its put.
        [
            .cancel(2, "none"), .put(1, "none, ignored"), .put(2, "none, ignored"),
            .put(3, "APPOINTMENT_CANCELLED"),
        ],
        [.cancel(2, "none"), .cancel(2, "none, ignored"), .cancel(1, "none, ignored"), .cancel(3, "none")],
        [.cancel(2, "none"), .cancel(4, "none"), .put(3, "none, ignored"), .put(4, "none, ignored")],
        [.cancel(2, "none"), .put(3, "APPOINTMENT_CANCELLED"), .put(1, "none, ignored"), .cancel(3, "none")],
    ])
    func `each order of words comes to the same`(words: [Word]) async throws {
        let clinic = Clinic()
        for word in words {
            let (expected, outcome) = await say(word, clinic)
            #expect(outcome == expected, "\(word) in \(words)")
        }
        #expect(clinic.store.snapshot.violations.isEmpty)
    }

    private func say(_ word: Word, _ clinic: Clinic) async -> (expected: String, outcome: String) {
        let expected: String
        let call = clinic.call(Clinic.scheduler)
        do throws(TelehealthError) {
            let outcome: AppointmentOutcome
            switch word {
            case .put(let version, let text):
                expected = text
                outcome = try await clinic.useCases.appointments.put(clinic.put(version: version), call)
            case .cancel(let version, let text):
                expected = text
                outcome = try await clinic.useCases.appointments.cancel(
                    CancelAppointment(id: Clinic.appointment, sourceVersion: version), call)
            }
            let row = outcome.appointment.map { $0.status == .scheduled ? "booked" : "cancelled" } ?? "none"
            return (expected, outcome.isApplied ? row : row + ", ignored")
        } catch {
            return (expected, error.reason.rawValue)
        }
    }

    private func cancel(_ clinic: Clinic, _ version: Int64 = 9) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.appointments.cancel(
                CancelAppointment(id: Clinic.appointment, sourceVersion: version),
                clinic.call(Clinic.scheduler))
        }
    }

    @Test func `what is ignored changes nothing that is stored`() async throws {
        let clinic = Clinic()
        _ = try await clinic.useCases.appointments.put(clinic.put(version: 5), clinic.call(Clinic.scheduler))
        let before = clinic.store.snapshot.appointments
        #expect(await cancel(clinic, 5) == nil)
        #expect(clinic.store.snapshot.appointments == before)
    }

    @Test func `an early cancellation leaves nothing to be read, and is forgotten after ninety days`()
        async throws
    {
        let clinic = Clinic()
        #expect(await cancel(clinic, 2) == nil)
        let read = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.appointments.get(Clinic.appointment, clinic.call(Clinic.admin))
        }
        #expect(read == .appointmentNotFound)
        #expect(clinic.policy.earlyCancellationRetention == .seconds(90 * 86_400))
    }

    @Test func `a cancellation and its put in the same instant book no ghost, whoever is first`() async throws
    {
        let clinic = Clinic()
        clinic.store.interrupt { _ = await self.cancel(clinic, 2) }
        let outcome = try await clinic.useCases.appointments.put(
            clinic.put(version: 1), clinic.call(Clinic.scheduler))
        #expect(outcome.appointment == nil && !outcome.isApplied)

        let other = Clinic()
        other.store.interrupt {
            _ = try? await other.useCases.appointments.put(other.put(version: 1), other.call(Clinic.scheduler))
        }
        let cancelled = try await other.useCases.appointments.cancel(
            CancelAppointment(id: Clinic.appointment, sourceVersion: 2), other.call(Clinic.scheduler))
        #expect(cancelled.appointment?.status == .cancelled && cancelled.isApplied)
        #expect(other.store.snapshot.violations.isEmpty)
    }

    @Test func `a repetition tells what the first call changed`() async throws {
        let clinic = Clinic()
        let (put, cancel, stale) = (clinic.ids.uuid(), clinic.ids.uuid(), clinic.ids.uuid())
        for _ in 0..<2 {
            let outcome = try await clinic.useCases.appointments.put(
                clinic.put(version: 2), clinic.call(Clinic.scheduler, id: put))
            #expect(outcome.isApplied)
        }
        for _ in 0..<2 {
            let outcome = try await clinic.useCases.appointments.cancel(
                CancelAppointment(id: Clinic.appointment, sourceVersion: 2),
                clinic.call(Clinic.scheduler, id: stale))
            #expect(!outcome.isApplied)
        }
        for _ in 0..<2 {
            let outcome = try await clinic.useCases.appointments.cancel(
                CancelAppointment(id: Clinic.appointment, sourceVersion: 3),
                clinic.call(Clinic.scheduler, id: cancel))
            #expect(outcome.isApplied && outcome.appointment?.status == .cancelled)
        }
        let early = clinic.ids.uuid()
        for _ in 0..<2 {
            let outcome = try await clinic.useCases.appointments.cancel(
                CancelAppointment(id: AppointmentID("unknown"), sourceVersion: 3),
                clinic.call(Clinic.scheduler, id: early))
            #expect(outcome.isApplied && outcome.appointment == nil)
        }
    }

    @Test func `a visit that took place is not cancelled, also when another session came behind it`()
        async throws
    {
        let clinic = Clinic()
        let first = try await clinic.visit()
        #expect(await cancel(clinic) == .invalidState, "it runs")
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: first), clinic.call(Clinic.clinicianCaller))
        #expect(await cancel(clinic) == .invalidState)
        #expect(await cancel(clinic, 1) == nil, "a stale version is judged first")
        let second = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler)
        ).session.id
        #expect(await cancel(clinic) == .invalidState)
        #expect(try clinic.state(second).session.status == .scheduled)
        #expect(try clinic.state(first).session.status == .completed)
    }

    @Test func `a visit that was missed is cancelled, and its session stays what it was`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        clinic.time.advance(by: .seconds(2 * 3600))
        _ = try await clinic.sweeper.sweep()
        #expect(await cancel(clinic) == nil)
        #expect(try clinic.state(id).session.status == .noShow)
    }
}
