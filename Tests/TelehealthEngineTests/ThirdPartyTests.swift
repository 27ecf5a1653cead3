import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

@testable import VisitSimulation

@Suite("Third parties and the client's consent") struct ThirdPartyTests {
    /// Who was refused why, with whose consent is missing.
    private func admission(_ person: ParticipantID, _ session: SessionID, _ clinic: Clinic) async
        -> TelehealthError?
    {
        do throws(TelehealthError) {
            _ = try await clinic.useCases.participants.admit(
                session, person, clinic.call(Clinic.clinicianCaller))
            return nil
        } catch { return error }
    }

    private func attendees(_ clinic: Clinic) -> Set<String> {
        Set(clinic.chime.liveMeetings.flatMap(\.attendees.keys))
    }

    @Test func `a guest is let in by name only once the client agrees, and the refusal says what is missing`()
        async throws
    {
        let clinic = Clinic()
        let session = try await clinic.visit()
        let guest = try await PeopleTests.guest(session, clinic)
        _ = try await clinic.join(guest.caller, session)
        let error = try #require(await admission(guest.participant.id, session, clinic))
        #expect(error.reason == .thirdPartyConsentMissing && error.metadata == [.place: "US-GA"])
        #expect(error.missing.map(\.subjectID) == [Clinic.client])
        #expect(error.missing.map(\.type) == [.thirdPartyPresence])
        #expect(error.missing[0].remedy?.methods == [.electronic, .paper])
        try await clinic.grant(.thirdPartyPresence)
        // The consent lets in nobody whose name somebody has to say.
        #expect(try clinic.state(session).participant(guest.participant.id)?.state == .waiting)
        #expect(await admission(guest.participant.id, session, clinic) == nil)
        #expect(try await clinic.join(guest.caller, session).media != nil)
    }

    @Test(arguments: [ParticipantRole.interpreter, .supervisor])
    func `who comes in with the clinician waits for the consent, and for nothing else`(role: ParticipantRole)
        async throws
    {
        let clinic = Clinic()
        let session = try await clinic.visit()
        _ = try await PeopleTests.invite(PeopleTests.interpreter, role, session, clinic)
        let waiting = try await clinic.join(PeopleTests.interpreter, session)
        #expect(waiting.media == nil && waiting.participant.state == .waiting)
        try await clinic.grant(.thirdPartyPresence, statement: Clinic.statement(session: session))
        #expect(try clinic.state(session).participant(waiting.participant.id)?.state == .admitted)
        #expect(try await clinic.join(PeopleTests.interpreter, session).media != nil)
    }

    @Test func `a co-clinician is not a third party`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit()
        _ = try await PeopleTests.invite(PeopleTests.coClinician, .coClinician, session, clinic)
        #expect(try await clinic.join(PeopleTests.coClinician, session).media != nil)
    }

    @Test func `the judgement is told before anybody is let in`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit()
        func judged() async throws -> ConsentEvaluation {
            try await clinic.judged(.thirdParty, session, by: Clinic.clinicianCaller)
        }
        #expect(try await judged().isSatisfied)
        _ = try await PeopleTests.guest(session, clinic)
        #expect(try await judged().missing.map(\.cause) == [.absent])
        try await clinic.grant(.thirdPartyPresence, statement: Clinic.statement(.declined))
        #expect(try await judged().missing.map(\.cause) == [.declined])
    }

    @Test(arguments: Policy.ThirdPartyWithoutConsent.allCases)
    func `a consent taken back sends out at once whoever is in by it`(
        policy: Policy.ThirdPartyWithoutConsent
    ) async throws {
        let clinic = Clinic { $0.thirdPartyWithoutConsent = policy }
        let session = try await clinic.visit()
        let consent = try await clinic.grant(.thirdPartyPresence)
        let guest = try await PeopleTests.guest(session, clinic)
        _ = try await clinic.join(guest.caller, session)
        try await PeopleTests.admit(guest.participant.id, session, clinic)
        _ = try await clinic.join(guest.caller, session)
        _ = try await PeopleTests.invite(PeopleTests.interpreter, .interpreter, session, clinic)
        let interpreter = try await clinic.join(PeopleTests.interpreter, session).participant
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        let state = try clinic.state(session)
        let people = [guest.participant.id, interpreter.id].compactMap(state.participant)
        #expect(people.map(\.state) == Array(repeating: policy == .wait ? .waiting : .removed, count: 2))
        #expect(state.participant(of: Clinic.client)?.state == .admitted)
        let told = (clinic.store.snapshot.events[session] ?? []).suffix(2)
        let why: SessionEvent.Reason =
            policy == .wait ? .returned(.thirdPartyConsentMissing) : .removed(.thirdPartyConsentMissing)
        #expect(told.map(\.reason) == [why, why])
        await clinic.work(seconds: 1)
        #expect(attendees(clinic).isDisjoint(with: people.map(\.externalUserID)))
        #expect(await admission(interpreter.id, session, clinic)?.reason == .thirdPartyConsentMissing)

        // A new word lets in who waits for nothing else; a guest is let in by name, as before.
        try await clinic.grant(.thirdPartyPresence)
        let after = try clinic.state(session)
        #expect(after.participant(interpreter.id)?.state == (policy == .wait ? .admitted : .removed))
        #expect(after.participant(guest.participant.id)?.state == (policy == .wait ? .waiting : .removed))
        #expect(await admission(guest.participant.id, session, clinic) == nil)
    }

    @Test func `a consent that expires sends out at the next sweep`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit()
        try await clinic.grant(
            .thirdPartyPresence, statement: Clinic.statement(expiresAt: clinic.time.now + .seconds(20)))
        _ = try await PeopleTests.invite(PeopleTests.interpreter, .interpreter, session, clinic)
        let person = try await clinic.join(PeopleTests.interpreter, session).participant
        clinic.time.advance(by: .seconds(19))
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(session).participant(person.id)?.state == .admitted)
        clinic.time.advance(by: .seconds(1))
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(session).participant(person.id)?.state == .waiting)
    }

    @Test func `a client who comes to a place that asks for more sends out first`() async throws {
        let strict = #"""
            {"place": "US-TX", "version": "1", "title": "T", "ageOfMajority": 18,
             "citations": [{"id": "c", "source": "s", "says": "t"}],
             "requirements": [{"action": "THIRD_PARTY", "of": ["CLIENT"], "whenPresent": ["THIRD_PARTY"],
               "types": ["third_party_presence"], "methods": ["PAPER"], "validity": "1d",
               "renewalWindow": "0d", "versionGrace": "0d", "citations": ["c"]},
              {"action": "RECORD", "of": ["*"], "types": ["recording"], "methods": ["PAPER"], "validity": "1d",
               "renewalWindow": "0d", "versionGrace": "0d", "citations": ["c"]}]}
            """#
        let texas = try JurisdictionPolicy(json: Array(strict.utf8))
        let clinic = Clinic { $0.places.put(texas) }
        let session = try await clinic.visit(isOpen: true)
        _ = try await PeopleTests.invite(PeopleTests.interpreter, .interpreter, session, clinic)
        let person = try await clinic.join(PeopleTests.interpreter, session).participant
        #expect(person.state == .admitted)
        var check = Clinic.check
        check.locationState = "TX"
        _ = try await clinic.join(Clinic.clientCaller, session, check: check)
        #expect(try clinic.state(session).participant(person.id)?.state == .waiting)
        let error = await admission(person.id, session, clinic)
        #expect(error?.metadata == [.place: "US-TX"] && error?.missing.map(\.cause) == [.notWritten])
    }

    @Test func `who only went away comes back neither by joining nor by their media`() async throws {
        let clinic = Clinic()
        let session = try await clinic.visit()
        let consent = try await clinic.grant(.thirdPartyPresence)
        _ = try await PeopleTests.invite(PeopleTests.interpreter, .interpreter, session, clinic)
        let person = try await clinic.join(PeopleTests.interpreter, session).participant
        _ = try await clinic.useCases.sessions.leave(
            LeaveSession(sessionID: session), clinic.call(PeopleTests.interpreter))
        #expect(attendees(clinic).contains(person.externalUserID))
        _ = try await clinic.useCases.consents.revoke(
            RevokeConsent(consentID: consent.id), clinic.call(Clinic.clientCaller))
        await clinic.work(seconds: 1)
        #expect(!attendees(clinic).contains(person.externalUserID))
        let back = try await clinic.join(PeopleTests.interpreter, session)
        #expect(back.media == nil && back.participant.state == .waiting)
    }
}
