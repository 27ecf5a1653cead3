import Testing

@testable import TelehealthCore
@testable import VisitSimulation

@Suite("A language tag") struct LanguageTagTests {
    @Test(arguments: [
        ("en-us", "en-US"), ("EN-US", "en-US"), ("ES", "es"), ("zh-hant-tw", "zh-Hant-TW"), ("iw", "he"),
        ("in-id", "id-ID"),
        ("sh", "sr-Latn"), ("sh-cyrl", "sr-Cyrl"), ("zh-yue-hk", "yue-HK"), ("es-419", "es-419"),
        ("fil-PH", "fil-PH"),
        ("sl-ROZAJ-biske", "sl-rozaj-biske"), ("de-1996", "de-1996"), ("en-X-TWAIN", "en-x-twain"),
        ("en-u-ca-gregory-t-de", "en-t-de-u-ca-gregory"),
    ])
    func `has one spelling`(text: String, canonical: String) {
        #expect(LanguageTag(text)?.text == canonical)
        #expect(LanguageTag(canonical)?.text == canonical)
    }

    @Test(arguments: [
        "", "e", "english please", "english", "en_US", "en--US", "-en", "en-", "zz", "x-private", "i-klingon",
        "en-U",
        "en-toolongsubtag", "de-1996-1996", "en-u-ca-u-co", "es-US\u{0}", "éñ",
        "en-US-aaaaaaaa-bbbbbbbb-cccccccc-d",
    ])
    func `what is none is refused`(text: String) { #expect(LanguageTag(text) == nil) }

    @Test(
        arguments: [
            ("es", ["es-US", "en-US"], "es-US"), ("es-MX", ["es", "en-US"], "es"),
            ("es", ["es-US", "es"], "es"),
            ("es", ["es-US", "es-MX"], "es-MX"), ("zh-Hant-TW-x-a", ["zh-Hant", "zh-Hans"], "zh-Hant"),
            ("zh-Hant", ["zh-Hans"], nil), ("es-MX", ["es-US"], nil), ("e", ["en"], nil),
            ("fr", ["en-US", "es-US"], nil),
        ] as [(String, [String], String?)])
    func `is looked up among the texts that there are`(asked: String, tags: [String], found: String?) {
        let tag = LanguageTag(asked)?.lookUp(among: tags.compactMap { LanguageTag($0) })
        #expect(tag?.text == found)
    }

    private func put(_ clinic: Clinic, _ language: String, _ text: String) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.executor.putConsentDocument(
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
            try await clinic.executor.submitConsent(
                SubmitConsent(subjectID: Clinic.client, type: .georgiaTelehealth, statement: statement),
                clinic.call(Clinic.clientCaller))
        }
        #expect(other == .documentNotFound)
    }

    @Test func `a signature under another spelling is outdated by a newer text as well`() {
        func text(_ version: String, at second: Int64, _ hash: UInt8) -> ConsentDocument {
            ConsentDocument(
                type: .recording, version: version, language: "en-US", text: version, textHash: [hash],
                effectiveAt: Timestamp(seconds: second), registeredAt: Timestamp(seconds: 0),
                registeredBy: "x")
        }
        let texts = ConsentTexts([text("1", at: 1, 1), text("2", at: 2, 2)])
        for spelling in ["en-US", "en-us"] {
            #expect(
                texts.replaced(.recording, version: "1", language: spelling, textHash: [1])
                    == Timestamp(seconds: 2))
        }
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
                try await clinic.executor.submitConsent(
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
            try await clinic.executor.updateConsent(
                UpdateConsent(consentID: record.id, statement: Clinic.statement()),
                clinic.call(Clinic.clientCaller))
        }
        #expect(update == .fieldInvalid)
    }
}

@Suite("A required text") struct TextContentTests {
    @Test(arguments: [
        "   ", "", "\u{a0}", "\u{200b}\u{200d}", "---", "…", "\u{0}\u{1}", "👍", "\u{301}", "\t\n", "!?",
    ])
    func `of blanks and marks says nothing`(text: String) { #expect(!text.saysSomething) }

    @Test(arguments: ["a", " 1 ", "東京", "ß", "٣", "½", "—é—", "क"])
    func `with a letter or digit of any script does`(text: String) { #expect(text.saysSomething) }

    @Test func `is counted in Unicode scalars`() {
        #expect("👩‍⚕️".characterCount == 4 && "e\u{301}".characterCount == 2 && "é".characterCount == 1)
    }

    @Test func `a pre-visit check holds what help would need`() async throws {
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
                return try await clinic.executor.putAppointment(command, clinic.call(Clinic.scheduler))
            }
            #expect(reason == expected, "\(day)")
        }
    }
}
