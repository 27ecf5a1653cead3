import TelehealthEngine
import Testing

@testable import TelehealthModel
@testable import TelehealthRules
@testable import VisitSimulation

@Suite("The language of a consent") struct ConsentLanguageTests {
    private func put(_ clinic: Clinic, _ language: String, _ text: String) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.documents.put(
                PutConsentDocument(type: .recording, version: "1.0", language: language, text: text),
                clinic.call(Clinic.admin))
        }
    }

    @Test func `one version has one text, however its language is spelled`() async throws {
        let clinic = Clinic()
        #expect(await put(clinic, "es-us", "Acepto.") == nil)
        #expect(await put(clinic, "ES-US", "Acepto.") == nil)
        #expect(await put(clinic, "es-US", "Otra cosa.") == .documentVersionExists)
        #expect(await put(clinic, "english please", "Yes.") == .fieldInvalid)
        #expect(await put(clinic, "es-MX", " \u{a0}\u{200b}—") == .fieldInvalid, "it says nothing")
        #expect(clinic.store.snapshot.documents.map(\.language) == ["es-US"])
    }

    @Test func `a consent is kept under the text that was found and shown`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        var statement = Clinic.statement()
        statement.documentLanguage = "EN"
        let record = try await clinic.grant(.georgiaTelehealth, statement: statement)
        #expect(record.documentLanguage == "en-US")
        statement.documentLanguage = "fr"
        let other = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.submit(
                SubmitConsent(subjectID: Clinic.client, type: .georgiaTelehealth, statement: statement),
                clinic.call(Clinic.clientCaller))
        }
        #expect(other == .documentNotFound)
    }
}

@Suite("A recording consent") struct RecordingConsentTests {
    @Test func `says no more than what was sent`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        func sign(
            _ type: ConsentType, _ purposes: [Recording.Purpose], _ decision: ConsentDecision = .granted
        ) async
            -> TelehealthError.Reason?
        {
            await refusal { () throws(TelehealthError) in
                try await clinic.useCases.consents.submit(
                    SubmitConsent(
                        subjectID: Clinic.client, type: type,
                        statement: Clinic.statement(decision, purposes: purposes)),
                    clinic.call(Clinic.clientCaller))
            }
        }
        #expect(await sign(.recording, []) == .fieldInvalid)
        #expect(await sign(.recording, [], .declined) == .fieldInvalid)
        #expect(await sign(.georgiaTelehealth, [.training]) == .fieldInvalid)
        #expect(await sign(.recording, [.training]) == nil)
        let record = try #require(clinic.store.snapshot.histories[Clinic.client]?.records.last)
        #expect(record.recordingPurposes == [.training])
        let update = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.update(
                UpdateConsent(consentID: record.id, statement: Clinic.statement()),
                clinic.call(Clinic.clientCaller))
        }
        #expect(update == .fieldInvalid)
    }
}

@Suite("A pre-visit check") struct PreVisitCheckTests {
    @Test func `holds what help would need`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        func join(_ change: (inout PreVisitCheck) -> Void) async -> TelehealthError.Reason? {
            var check = Clinic.check
            change(&check)
            return await refusal { () throws(TelehealthError) in
                try await clinic.join(Clinic.clientCaller, id, check: check)
            }
        }
        #expect(await join { $0.locationAddress = "   " } == .fieldInvalid)
        #expect(await join { $0.emergencyContactName = "\u{a0}-\u{a0}" } == .fieldInvalid)
        #expect(await join { $0.emergencyContactPhone = "()" } == .fieldInvalid)
        #expect(await join { $0.locationAddress = String(repeating: "é", count: 301) } == .fieldInvalid)
        #expect(await join { $0.locationAddress = String(repeating: "京", count: 300) } == nil)
    }
}

@Suite("A birth date") struct BirthDateTests {
    @Test func `is not in the future of the clinic's place`() async throws {
        let clinic = Clinic()
        // It is four in the morning of the 23rd in Atlanta.
        for (day, expected) in [("2026-11-24", .fieldInvalid), ("2026-11-23", nil)]
            as [(String, TelehealthError.Reason?)]
        {
            let reason = await refusal { () throws(TelehealthError) in
                var command = clinic.put()
                command.clientBirthDate = CivilDate(day)
                return try await clinic.useCases.appointments.put(command, clinic.call(Clinic.scheduler))
            }
            #expect(reason == expected, "\(day)")
        }
    }
}
