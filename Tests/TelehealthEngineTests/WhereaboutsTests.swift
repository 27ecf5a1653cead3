import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("Where the client is") struct WhereaboutsTests {
    private static let elsewhere: PreVisitCheck = {
        var check = Clinic.check
        check.locationState = "FL"
        check.locationAddress = "2 Ocean Drive, Miami"
        return check
    }()

    private func told(_ clinic: Clinic, _ id: SessionID) throws -> PreVisitCheck? {
        try clinic.state(id).participants.first { $0.role == .client }?.preVisitCheck
    }

    private func reload(_ clinic: Clinic, _ id: SessionID, _ check: PreVisitCheck = elsewhere) async
        -> TelehealthError.Reason?
    {
        await refusal { () throws(TelehealthError) in try await clinic.join(Clinic.clientCaller, id, check: check) }
    }

    @Test func `is kept from a reload that is refused for the place itself`() async throws {
        let clinic = Clinic { $0.allowedLocationStates = ["GA"] }
        let id = try await clinic.visit()
        #expect(await reload(clinic, id) == .preVisitCheckFailed)
        #expect(try told(clinic, id)?.locationAddress == "2 Ocean Drive, Miami")
        let entry = clinic.store.snapshot.audit.last { $0.action == "JoinSession" }
        #expect(entry?.reason == "PRE_VISIT_CHECK_FAILED" && entry?.subject == Clinic.clientCaller.subject)
    }

    @Test func `is kept from a reload that is refused for a consent`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        let file = try await clinic.useCases.consents.history(of: Clinic.client, clinic.call(Clinic.clientCaller))
        let consent = try #require(file.first { $0.type == .hipaaTelehealth })
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        #expect(await reload(clinic, id) == .consentMissing)
        #expect(try told(clinic, id)?.locationState == "FL")
        #expect(try told(clinic, id)?.checkedAt == clinic.time.now)
    }

    @Test func `is not kept before the first join, nor in a form that is none, nor behind the end`() async throws {
        let clinic = Clinic { $0.allowedLocationStates = ["GA"] }
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        #expect(await reload(clinic, id) == .preVisitCheckFailed)
        #expect(try told(clinic, id) == nil)
        #expect(await reload(clinic, id, Clinic.check) == nil)
        var bad = Self.elsewhere
        bad.locationState = "Florida"
        #expect(await reload(clinic, id, bad) == .fieldInvalid)
        #expect(try told(clinic, id)?.locationState == "GA")
        _ = try await clinic.useCases.sessions.cancel(
            CancelSession(sessionID: id, reason: .technical), clinic.call(Clinic.scheduler))
        #expect(await reload(clinic, id) == .invalidState)
        #expect(try told(clinic, id)?.locationState == "GA")
    }

    @Test func `is not taken from whoever was sent away`() async throws {
        let clinic = Clinic { $0.allowedLocationStates = ["GA"] }
        let id = try await clinic.visit()
        let client = try #require(try clinic.state(id).participants.first { $0.role == .client })
        _ = try await clinic.useCases.participants.moderate(id, client.id, .remove, clinic.call(Clinic.clinicianCaller))
        #expect(await reload(clinic, id) == .participantRemoved)
        #expect(try told(clinic, id)?.locationState == "GA")
    }
}
