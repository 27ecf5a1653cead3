import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

/// What a place's policy does to a visit that runs, and who signs there.
@Suite("Consent and place") struct ConsentPlaceTests {
    @Test func `a client who comes to a stricter place stops the capture first`() async throws {
        let clinic = Clinic()
        let (id, recording, _) = try await clinic.recordedVisit()
        try await clinic.grant(.telehealth)
        var check = Clinic.check
        check.locationState = "CA"
        // The client gets credentials only when the capture is over.
        _ = try await clinic.join(Clinic.clientCaller, id, check: check)
        let stopped = try #require(clinic.state(id).recording(recording))
        #expect(!stopped.state.mayCapture && stopped.stopCause == .consentMissing)
        let judged = try await clinic.judged(.record, id, by: Clinic.clinicianCaller)
        #expect(judged.place == "US-CA" && judged.missing.map(\.cause) == [.notForSession, .notForSession])
    }

    @Test func `a revocation names the captures it stopped, also when it is repeated after the visit`()
        async throws
    {
        let clinic = Clinic()
        let (id, recording, consent) = try await clinic.recordedVisit()
        let command = RevokeConsent(consentID: consent.id)
        let request = clinic.ids.uuid()
        let first = try await clinic.useCases.consents.revoke(
            command, clinic.call(Clinic.clientCaller, id: request))
        #expect(first.stoppedRecordings == [recording])
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id, reason: .normal), clinic.call(Clinic.clinicianCaller))
        await clinic.work(seconds: 10)
        let again = try await clinic.useCases.consents.revoke(
            command, clinic.call(Clinic.clientCaller, id: request))
        #expect(again.stoppedRecordings == [recording])
    }

    @Test func `a refusal ends both halves of a pair, and a later written grant revives no spoken one`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        let id = try await clinic.open()
        try await clinic.grant(.georgiaTelehealth)
        let word = Clinic.statement(.granted, .verbal, attestedBy: "clinician-1")
        _ = try await clinic.useCases.consents.submit(
            SubmitConsent(subjectID: Clinic.client, type: .georgiaTelehealth, statement: word),
            clinic.call(Clinic.clinicianCaller))
        func causes() async throws -> [ConsentGap.Cause] {
            try await clinic.judged(.conduct, id, by: Clinic.clinicianCaller).missing.map(\.cause)
        }
        #expect(try await causes() == [])
        try await clinic.grant(.georgiaTelehealth, statement: Clinic.statement(.declined))
        #expect(try await causes() == [.declined])
        try await clinic.grant(.georgiaTelehealth)
        #expect(try await causes() == [.verbalMissing])
    }

    @Test func `a guardian's visits are listed page by page, with what filters them`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open(guardian: Clinic.guardian)
        var query = SessionQuery()
        query.limit = 1
        let page = try await clinic.useCases.sessions.list(query, clinic.call(Clinic.guardianCaller))
        #expect(page.sessions.map(\.id) == [id] && page.next?.id == id)
        query.after = page.next
        #expect(
            try await clinic.useCases.sessions.list(query, clinic.call(Clinic.guardianCaller)).sessions.isEmpty)
        query = SessionQuery()
        query.clientID = SubjectID("client-9")
        #expect(
            try await clinic.useCases.sessions.list(query, clinic.call(Clinic.guardianCaller)).sessions.isEmpty)
        query.clientID = Clinic.client
        #expect(try await clinic.useCases.sessions.list(query, clinic.call(Clinic.stranger)).sessions.isEmpty)
    }

    @Test func `a birth date that is told later is judged by from then on`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        let id = try await clinic.open(guardian: Clinic.guardian)
        try await clinic.grant(.georgiaTelehealth)
        var put = clinic.put(version: 2, start: .seconds(60), guardian: Clinic.guardian)
        put.clientBirthDate = CivilDate("2015-02-28")
        _ = try await clinic.useCases.appointments.put(put, clinic.call(Clinic.scheduler))
        let judged = try await clinic.judged(.join, id, by: Clinic.clinicianCaller)
        #expect(judged.missing.map(\.cause) == [.guardianRequired, .absent])
        #expect(judged.missing.allSatisfy { $0.remedy?.needsGuardian == true })
    }

    @Test(
        arguments: [
            ("2024-02-29", 18, "2042-03-01"), ("2000-02-29", 4, "2004-02-29"),
            ("2008-12-31", 18, "2026-12-31"),
        ])
    func `coming of age is a day of the calendar`(born: String, years: Int, day: String) throws {
        #expect(try #require(CivilDate(born)).adding(years: years).text == day)
    }

    @Test(arguments: [
        "2023-02-29", "2023-13-01", "2023-1-01", "23-01-01", "2023-00-10", "2023-04-31", "", "2023/01/01",
    ])
    func `what is not a day is not a birth date`(text: String) { #expect(CivilDate(text) == nil) }
}
