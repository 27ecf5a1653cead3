import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("Consent") struct ConsentTests {
    private func submit(
        _ clinic: Clinic, _ type: ConsentType = .georgiaTelehealth, subject: SubjectID = Clinic.client,
        by caller: Caller = Clinic.clientCaller, _ statement: ConsentStatement = Clinic.statement()
    ) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.submit(
                SubmitConsent(subjectID: subject, type: type, statement: statement.about(type)), clinic.call(caller))
        }
    }

    @Test func `joining without the telehealth consents is refused with their list`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await clinic.grant(.georgiaTelehealth)
        let id = try await clinic.open()
        do {
            _ = try await clinic.join(Clinic.clientCaller, id)
            Issue.record("it joined")
        } catch {
            #expect(error.reason == .consentMissing)
            #expect(error.missing.map(\.type) == [.hipaaTelehealth])
            #expect(error.missing.map(\.cause) == [.absent])
        }
        let relaxed = Clinic { $0.joinConsents = [] }
        let open = try await relaxed.open()
        #expect(try await relaxed.join(Clinic.clientCaller, open).participant.state == .waiting)
    }

    @Test func `the text shown must be a registered document's`() async throws {
        let clinic = Clinic()
        #expect(await submit(clinic) == .documentNotFound)
        try await clinic.registerDocuments()
        var other = Clinic.statement()
        other.textHash = Array(repeating: 0, count: 32)
        #expect(await submit(clinic, .georgiaTelehealth, other) == .textHashMismatch)
        var later = Clinic.statement()
        later.documentVersion = "2.0"
        _ = try await clinic.useCases.documents.put(
            PutConsentDocument(
                type: .georgiaTelehealth, version: "2.0", language: "en-US", text: Clinic.text,
                effectiveAt: clinic.time.now + .seconds(60)), clinic.call(Clinic.admin))
        #expect(await submit(clinic, .georgiaTelehealth, later) == .documentNotFound)
        clinic.time.advance(by: .seconds(60))
        #expect(await submit(clinic, .georgiaTelehealth, later) == nil)
    }

    @Test func `a document version never changes its text`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await clinic.registerDocuments()
        #expect(clinic.store.snapshot.documents.count == ConsentType.builtIn.count)
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.documents.put(
                PutConsentDocument(type: .recording, version: "1.0", language: "en-US", text: "Else."),
                clinic.call(Clinic.admin))
        }
        #expect(reason == .documentVersionExists)
    }

    @Test func `an electronic grant comes only from the person's or the guardian's own identity`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        _ = try await clinic.open(guardian: Clinic.guardian)
        #expect(await submit(clinic, by: Clinic.stranger) == .personNotFound)
        #expect(await submit(clinic, by: Clinic.otherClinician) == .personNotFound)
        #expect(await submit(clinic, by: Clinic.clinicianCaller) == .notAllowed)
        #expect(await submit(clinic, by: Clinic.admin) == .notAllowed)
        #expect(
            await submit(clinic, by: Clinic.caller(Clinic.client, .client, actor: "portal")) == .notAllowed)
        #expect(await submit(clinic, by: Clinic.guardianCaller) == nil)
        let record = try #require(clinic.store.snapshot.histories[Clinic.client]?.records.last)
        #expect(record.signerID == Clinic.guardian && record.subjectID == Clinic.client)
        #expect(await submit(clinic) == nil)
    }

    @Test func `paper and verbal name who attests, and verbal never suffices for a recording`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        _ = try await clinic.open()
        let clinician = Clinic.clinicianCaller
        #expect(
            await submit(clinic, .georgiaTelehealth, Clinic.statement(.granted, .paper, attestedBy: "x"))
                == .notAllowed)
        #expect(await submit(clinic, by: clinician, Clinic.statement(.granted, .paper)) == .notAllowed)
        let another = Clinic.statement(.granted, .verbal, attestedBy: "clinician-9")
        #expect(await submit(clinic, by: clinician, another) == .notAllowed)
        let own = Clinic.statement(.granted, .verbal, attestedBy: Clinic.clinician.rawValue)
        #expect(await submit(clinic, by: clinician, own) == nil)
        #expect(await submit(clinic, .recording, by: clinician, own) == .writtenConsentRequired)
        let paper = Clinic.statement(.granted, .paper, attestedBy: Clinic.clinician.rawValue)
        #expect(await submit(clinic, .recording, by: clinician, paper) == nil)
    }

    @Test func `a grant needs every acknowledgement, a refusal none`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        var statement = Clinic.statement()
        statement.acknowledgements.privacyRisks = false
        #expect(await submit(clinic, .georgiaTelehealth, statement) == .acknowledgementsIncomplete)
        statement.decision = .declined
        #expect(await submit(clinic, .georgiaTelehealth, statement) == nil)
    }

    @Test func `history is only added to: an update supersedes, a revocation ends`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        let first = try await clinic.grant(.hipaaTelehealth)
        let second = try await clinic.useCases.consents.update(
            UpdateConsent(consentID: first.id, statement: Clinic.statement()),
            clinic.call(Clinic.clientCaller))
        #expect(second.supersedes == first.id)
        let again = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.update(
                UpdateConsent(consentID: first.id, statement: Clinic.statement()),
                clinic.call(Clinic.clientCaller))
        }
        #expect(again == .consentNotCurrent)
        let revoked = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: second.id), clinic.call(Clinic.clientCaller))
        let twice = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: second.id), clinic.call(Clinic.clientCaller))
        #expect(revoked.record.revokedAt != nil && twice.record == revoked.record)
        let records = try await clinic.useCases.consents.history(of: Clinic.client, clinic.call(Clinic.clientCaller))
        #expect(records.map(\.id) == [first.id, second.id])
        #expect(records.map(\.decision) == [.granted, .granted])
    }

    @Test func `a paper that turns up late does not undo a later refusal`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        _ = try await clinic.open()
        let consent = try await clinic.grant(.recording)
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        var paper = Clinic.statement(.granted, .paper, attestedBy: "records office")
        paper.grantedAt = clinic.time.now - .seconds(60)
        #expect(await submit(clinic, .recording, by: Clinic.admin, paper) == .fieldInvalid)
        clinic.time.advance(by: .seconds(120))
        paper.grantedAt = clinic.time.now
        #expect(await submit(clinic, .recording, by: Clinic.admin, paper) == nil)
    }

    @Test func `a no for one session outweighs a standing yes there, and nowhere else`() async throws {
        let clinic = Clinic()
        let id = try await clinic.visit()
        try await clinic.grantRecording()
        try await clinic.grant(.recording, statement: Clinic.statement(.declined, session: id))
        let here = try await clinic.judged(.record, id, by: Clinic.clinicianCaller)
        #expect(here.missing.map(\.cause) == [.declined])
        let standing = try await clinic.useCases.consents.status(
            of: [.record], in: .person(Clinic.client), clinic.call(Clinic.clientCaller))
        #expect(standing.judgements.map(\.isSatisfied) == [true])
    }

    @Test func `status says what is missing per action and what expires soon`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await clinic.grant(
            .georgiaTelehealth, statement: Clinic.statement(expiresAt: clinic.time.now + .seconds(86_400)))
        func status(_ caller: Caller = Clinic.clientCaller) async throws(TelehealthError) -> [ConsentEvaluation] {
            try await clinic.useCases.consents.status(
                of: [.join, .record], in: .person(Clinic.client), clinic.call(caller)
            ).judgements.map(\.evaluation)
        }
        let (join, record) = (try await status()[0], try await status()[1])
        #expect(join.missing.map(\.type) == [.hipaaTelehealth] && join.expiring == join.standsOn)
        #expect(join.expiring.count == 1 && record.missing.map(\.type) == [.recording])
        clinic.time.advance(by: .seconds(86_400))
        #expect(try await status()[0].missing.first?.cause == .expired)
        let stranger = await refusal { () throws(TelehealthError) in
            try await status(Clinic.stranger)
        }
        #expect(stranger == .personNotFound)
    }

    @Test func `revoking a telehealth consent keeps the client from being let in`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        let consent = try await clinic.grant(.georgiaTelehealth)
        try await clinic.grant(.hipaaTelehealth)
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clientCaller, id)
        let version = try clinic.state(id).session.version
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        #expect(try clinic.state(id).session.version == version + 1)
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        #expect(try clinic.state(id).participant(of: Clinic.client)?.state == .waiting)
        #expect(try clinic.state(id).session.startedAt == nil)
    }

    @Test func `a revocation that commits while the client is being let in wins`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        let consent = try await clinic.grant(.georgiaTelehealth)
        try await clinic.grant(.hipaaTelehealth)
        let id = try await clinic.open()
        _ = try await clinic.join(Clinic.clientCaller, id)
        clinic.store.interrupt {
            _ = try? await clinic.useCases.consents.revoke(
                RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        }
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        #expect(try clinic.state(id).participant(of: Clinic.client)?.state == .waiting)
    }
}

extension Clinic {
    /// One action in a visit, judged as the caller may know it.
    func judged(_ action: ConsentAction, _ id: SessionID, by caller: Caller) async throws -> ConsentEvaluation {
        let status = try await useCases.consents.status(of: [action], in: .visit(id, person: nil), call(caller))
        return try #require(status.judgements.first).evaluation
    }
}
