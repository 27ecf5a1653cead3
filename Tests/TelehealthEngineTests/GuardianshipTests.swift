import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

/// A guardian's word counts while a row that stands says so, and until the client comes of age.
@Suite("A guardian") struct GuardianshipTests {
    private static let mother = Clinic.guardian
    private static let father = SubjectID("guardian-2")
    private static let motherCaller = Clinic.guardianCaller
    private static let fatherCaller = Clinic.caller(father, .client)
    /// It is 2026-11-23, nine o'clock UTC.
    private static let birthdays = (
        child: CivilDate("2015-02-28"), adult: CivilDate("1980-02-28"), tomorrow: CivilDate("2008-11-24")
    )
    /// When the day after tomorrow's birthday begins in Atlanta.
    private static let majority = VirtualTime.nine + .seconds(20 * 3600)

    private func put(
        _ clinic: Clinic, _ id: String = "appointment-1", version: Int64 = 1, start: Duration = .seconds(60),
        length: Duration = .seconds(3600), guardian: SubjectID? = mother, guardsAdult: Bool = false,
        born: CivilDate? = birthdays.child, clinician: SubjectID = Clinic.clinician
    ) async throws {
        var command = PutAppointment(
            id: AppointmentID(id), clientID: Clinic.client, guardianID: guardian, guardsAdult: guardsAdult,
            clinicianID: clinician, startsAt: VirtualTime.nine + start,
            endsAt: VirtualTime.nine + start + length,
            timeZone: "America/New_York", sourceVersion: version)
        command.clientBirthDate = born
        _ = try await clinic.useCases.appointments.put(command, clinic.call(Clinic.scheduler))
    }

    private func create(_ clinic: Clinic, _ id: String = "appointment-1") async throws -> SessionID {
        try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: AppointmentID(id)), clinic.call(Clinic.scheduler)
        ).session.id
    }

    private func sign(
        _ clinic: Clinic, by caller: Caller, _ type: ConsentType = .georgiaTelehealth,
        for session: SessionID? = nil,
        naming appointment: String? = nil
    ) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.submit(
                SubmitConsent(
                    subjectID: Clinic.client, type: type,
                    appointmentID: appointment.map { AppointmentID($0) },
                    statement: Clinic.statement(session: session)), clinic.call(caller))
        }
    }

    private func reads(_ clinic: Clinic, _ caller: Caller) async -> TelehealthError.Reason? {
        await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.history(of: Clinic.client, clinic.call(caller))
        }
    }

    // MARK: Rows that stand

    @Test func `signs before there is a session, named or not, while the appointment is booked and not over`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic)
        #expect(await sign(clinic, by: Self.motherCaller) == nil)
        #expect(await sign(clinic, by: Self.motherCaller, naming: "appointment-1") == nil)
        #expect(await sign(clinic, by: Self.motherCaller, naming: "appointment-9") == .personNotFound)
        #expect(await sign(clinic, by: Self.fatherCaller, naming: "appointment-1") == .personNotFound)
        clinic.time.advance(by: .seconds(3660))
        for named in [nil, "appointment-1"] {
            #expect(
                await sign(clinic, by: Self.motherCaller, naming: named) == .personNotFound, "it is over")
        }
    }

    @Test func `of a cancelled appointment signs, reads and exports nothing more`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic)
        let id = try await create(clinic)
        #expect(await reads(clinic, Self.motherCaller) == nil)
        _ = try await clinic.useCases.appointments.cancel(
            CancelAppointment(id: AppointmentID("appointment-1"), sourceVersion: 2),
            clinic.call(Clinic.scheduler))
        for named in [nil, "appointment-1"] {
            #expect(await sign(clinic, by: Self.motherCaller, naming: named) == .personNotFound)
        }
        #expect(
            await sign(clinic, by: Self.motherCaller, for: id) == .sessionNotFound, "its visit is over")
        #expect(await reads(clinic, Self.motherCaller) == .personNotFound)
        let status = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.status(
                of: [.join], in: .person(Clinic.client), clinic.call(Self.motherCaller))
        }
        #expect(status == .personNotFound)
    }

    @Test func `of a visit that runs over its time signs until its end`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic)
        let id = try await create(clinic)
        clinic.time.advance(by: .seconds(120))
        for type in [ConsentType.georgiaTelehealth, .hipaaTelehealth] {
            #expect(await sign(clinic, by: Self.motherCaller, type) == nil)
        }
        _ = try await clinic.join(Clinic.clientCaller, id)
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        clinic.time.advance(by: .seconds(3700))
        #expect(await sign(clinic, by: Self.motherCaller) == nil)
        _ = try await clinic.useCases.sessions.end(
            EndSession(sessionID: id), clinic.call(Clinic.clinicianCaller))
        #expect(await sign(clinic, by: Self.motherCaller) == .personNotFound)
    }

    @Test func `where booked appointments differ, the one put last says who; for a visit its own row does`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic, "with-mother")
        let withMother = try await create(clinic, "with-mother")
        clinic.time.advance(by: .seconds(1))
        try await put(clinic, "with-father", start: .seconds(86_400), guardian: Self.father)
        #expect(await sign(clinic, by: Self.motherCaller) == .personNotFound)
        #expect(await sign(clinic, by: Self.motherCaller, naming: "with-mother") == .personNotFound)
        #expect(await sign(clinic, by: Self.fatherCaller) == nil)
        #expect(await sign(clinic, by: Self.motherCaller, for: withMother) == nil)
        #expect(await sign(clinic, by: Self.fatherCaller, for: withMother) == .personNotFound)
        #expect(await reads(clinic, Self.motherCaller) == .personNotFound)
        let status = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.status(
                of: [.join], in: .visit(withMother, person: Clinic.client), clinic.call(Self.motherCaller))
        }
        #expect(status == nil, "her own visit is her matter")
        // A row that names nobody takes nobody's place.
        clinic.time.advance(by: .seconds(1))
        try await put(clinic, "alone", start: .seconds(90_000), guardian: nil)
        #expect(await sign(clinic, by: Self.fatherCaller) == nil)
        // The feed says it again of the first one: now that is the last word.
        clinic.time.advance(by: .seconds(1))
        try await put(clinic, "with-mother", version: 2, length: .seconds(4000))
        #expect(await sign(clinic, by: Self.motherCaller) == nil)
        #expect(await sign(clinic, by: Self.fatherCaller) == .personNotFound)
    }

    @Test func `takes a signature back and reads its receipt whoever the guardian is by now`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic)
        let record = try await clinic.useCases.consents.submit(
            SubmitConsent(subjectID: Clinic.client, type: .georgiaTelehealth, statement: Clinic.statement()),
            clinic.call(Self.motherCaller))
        try await put(clinic, version: 2, guardian: Self.father)
        let other = try await clinic.useCases.consents.submit(
            SubmitConsent(subjectID: Clinic.client, type: .hipaaTelehealth, statement: Clinic.statement()),
            clinic.call(Self.fatherCaller))
        #expect(
            try await clinic.useCases.consents.get(record.id, "GetConsentReceipt", clinic.call(Self.motherCaller))
                == record)
        let foreign = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.revoke(
                RevokeConsent(consentID: other.id), clinic.call(Self.motherCaller))
        }
        #expect(foreign == .consentNotFound)
        let rewritten = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.update(
                UpdateConsent(consentID: record.id, statement: Clinic.statement()),
                clinic.call(Self.motherCaller))
        }
        #expect(rewritten == .consentNotFound, "taking back is not writing anew")
        let request = clinic.ids.uuid()
        for _ in 0..<2 {
            let revoked = try await clinic.useCases.consents.revoke(
                RevokeConsent(consentID: record.id), clinic.call(Self.motherCaller, id: request))
            #expect(revoked.record.revokedBy == Self.motherCaller.subject.rawValue)
        }
    }

    @Test func `does not replace the standing word of another by one for their own visit`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic, "with-mother")
        let withMother = try await create(clinic, "with-mother")
        clinic.time.advance(by: .seconds(1))
        try await put(clinic, "with-father", start: .seconds(86_400), guardian: Self.father)
        let standing = try await clinic.useCases.consents.submit(
            SubmitConsent(subjectID: Clinic.client, type: .georgiaTelehealth, statement: Clinic.statement()),
            clinic.call(Self.fatherCaller))
        let reason = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.update(
                UpdateConsent(consentID: standing.id, statement: Clinic.statement(session: withMother)),
                clinic.call(Self.motherCaller))
        }
        #expect(reason == .consentNotFound)
    }

    @Test func `on paper is whoever stands as guardian, not an earlier one`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic)
        try await put(clinic, version: 2, guardian: Self.father)
        func file(_ signer: SubjectID) async -> TelehealthError.Reason? {
            var paper = Clinic.statement(.granted, .paper, attestedBy: "records office")
            paper.signerID = signer
            return await refusal { () throws(TelehealthError) in
                try await clinic.useCases.consents.submit(
                    SubmitConsent(subjectID: Clinic.client, type: .georgiaTelehealth, statement: paper),
                    clinic.call(Clinic.admin))
            }
        }
        #expect(await file(Self.mother) == .fieldInvalid)
        #expect(await file(Self.father) == nil)
    }

    // MARK: The clinician

    @Test func `a clinician attests while an appointment stands, and later reads what their visits stood on`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic)
        func attest(_ caller: Caller = Clinic.clinicianCaller) async -> TelehealthError.Reason? {
            let word = Clinic.statement(.granted, .verbal, attestedBy: caller.subject.rawValue)
            return await refusal { () throws(TelehealthError) in
                try await clinic.useCases.consents.submit(
                    SubmitConsent(
                        subjectID: Clinic.client, type: .georgiaTelehealth,
                        statement: {
                            var word = word
                            word.signerID = Self.mother
                            return word
                        }()), clinic.call(caller))
            }
        }
        #expect(await attest() == nil, "booked, no session yet")
        let id = try await create(clinic)
        #expect(await attest() == nil)
        _ = try await clinic.useCases.appointments.cancel(
            CancelAppointment(id: AppointmentID("appointment-1"), sourceVersion: 2),
            clinic.call(Clinic.scheduler))
        #expect(await attest() == .personNotFound)
        clinic.time.advance(by: .seconds(60))
        try await put(clinic, "with-another", clinician: SubjectID("clinician-2"))
        #expect(await attest() == .personNotFound)
        #expect(await attest(Clinic.otherClinician) == nil)
        let records = try await clinic.useCases.consents.history(
            of: Clinic.client, clinic.call(Clinic.clinicianCaller))
        #expect(records.count == 2, "not what was said to the other one later")
        let later = try #require(clinic.store.snapshot.histories[Clinic.client]?.records.last)
        let hidden = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.get(
                later.id, "GetConsentReceipt", clinic.call(Clinic.clinicianCaller))
        }
        #expect(hidden == .consentNotFound)
        let now = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.consents.status(
                of: [.join], in: .person(Clinic.client), clinic.call(Clinic.clinicianCaller))
        }
        #expect(now == .personNotFound)
        #expect(
            try await clinic.useCases.sessions.get(.session(id), clinic.call(Clinic.clinicianCaller)).session.id
                == id)
    }

    // MARK: Coming of age

    @Test func `a minor comes of age with the day at the place, not in Greenwich`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic, start: .seconds(86_400), born: Self.birthdays.tomorrow)
        // 19:30 in Atlanta on the eve of the birthday, half past midnight in UTC.
        clinic.time.advance(by: .seconds(15 * 3600 + 1800))
        #expect(await sign(clinic, by: Clinic.clientCaller) == .guardianRequired)
        #expect(await sign(clinic, by: Self.motherCaller) == nil)
        clinic.time.advance(by: Self.majority - clinic.time.now - .microseconds(1))
        #expect(await sign(clinic, by: Clinic.clientCaller) == .guardianRequired)
        clinic.time.advance(by: .microseconds(1))
        #expect(await sign(clinic, by: Clinic.clientCaller) == nil)
        #expect(await sign(clinic, by: Self.motherCaller) == .personNotFound)
    }

    @Test func `powers end with the coming of age: signing, signatures, visits of now and earlier`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic, "past", born: Self.birthdays.tomorrow)
        let past = try await create(clinic, "past")
        try await put(clinic, start: .seconds(86_400), born: Self.birthdays.tomorrow)
        let id = try await create(clinic)
        for type in [ConsentType.georgiaTelehealth, .hipaaTelehealth] {
            #expect(await sign(clinic, by: Self.motherCaller, type) == nil)
        }
        func mayJoin() async throws -> Bool {
            try await clinic.judged(.join, id, by: Clinic.clinicianCaller).isSatisfied
        }
        #expect(try await mayJoin())
        let file = try await clinic.useCases.consents.file(of: Clinic.client, clinic.call(Clinic.clientCaller))
        #expect(file.renewals.count == 2 && file.ended.isEmpty, "they end tomorrow")
        clinic.time.advance(by: Self.majority - clinic.time.now)
        #expect(try await !mayJoin(), "the client signs now")
        let later = try await clinic.useCases.consents.file(of: Clinic.client, clinic.call(Clinic.clientCaller))
        #expect(later.ended.count == 2)
        for session in [past, id] {
            let seen = await refusal { () throws(TelehealthError) in
                try await clinic.useCases.sessions.get(.session(session), clinic.call(Self.motherCaller))
            }
            #expect(seen == .sessionNotFound)
        }
        let appointment = await refusal { () throws(TelehealthError) in
            try await clinic.useCases.appointments.get(
                AppointmentID("appointment-1"), clinic.call(Self.motherCaller))
        }
        #expect(appointment == .appointmentNotFound)
        let joined = await refusal { () throws(TelehealthError) in
            try await clinic.join(Self.motherCaller, id)
        }
        #expect(joined == .sessionNotFound)
        let listed = try await clinic.useCases.sessions.list(SessionQuery(), clinic.call(Self.motherCaller))
        #expect(listed.sessions.isEmpty)
        #expect(await reads(clinic, Self.motherCaller) == .personNotFound)
    }

    @Test func `an adult's guardian is one where the appointment says so`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic, guardsAdult: true, born: Self.birthdays.adult)
        let id = try await create(clinic)
        clinic.time.advance(by: .seconds(120))
        for type in [ConsentType.georgiaTelehealth, .hipaaTelehealth] {
            #expect(await sign(clinic, by: Self.motherCaller, type) == nil)
        }
        #expect(try await clinic.join(Self.motherCaller, id).participant.state == .waiting)
        let file = try await clinic.useCases.consents.file(of: Clinic.client, clinic.call(Self.motherCaller))
        #expect(file.ended.isEmpty)

        let other = Clinic()
        try await other.registerDocuments()
        try await put(other, born: Self.birthdays.adult)
        #expect(await sign(other, by: Self.motherCaller) == .personNotFound, "an adult signs alone")
        #expect(await sign(other, by: Clinic.clientCaller) == nil)
        let bare = await refusal { () throws(TelehealthError) in
            var command = other.put(version: 2)
            command.guardsAdult = true
            return try await other.useCases.appointments.put(command, other.call(Clinic.scheduler))
        }
        #expect(bare == .fieldInvalid)
    }

    @Test func `with an unknown birth date the row's word counts`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic, born: nil)
        #expect(await sign(clinic, by: Self.motherCaller) == nil)
        #expect(await sign(clinic, by: Clinic.clientCaller) == nil)
    }

    @Test func `a signature of another adult's guardian counts in their own visits only`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        try await put(clinic, guardsAdult: true, born: Self.birthdays.adult)
        for type in [ConsentType.georgiaTelehealth, .hipaaTelehealth] {
            #expect(await sign(clinic, by: Self.motherCaller, type) == nil)
        }
        try await put(clinic, "with-father", guardian: Self.father, guardsAdult: true, born: nil)
        let id = try await create(clinic, "with-father")
        let judged = try await clinic.judged(.join, id, by: Clinic.admin)
        #expect(judged.missing.map(\.cause) == [.expired, .expired])
    }

    @Test func `whose client comes of age in the visit is out, with attendee and watch`() async throws {
        let clinic = Clinic()
        try await clinic.registerDocuments()
        let begin = Self.majority - VirtualTime.nine - .seconds(1200)
        try await put(clinic, start: begin, born: Self.birthdays.tomorrow)
        let id = try await create(clinic)
        clinic.time.advance(by: begin)
        for type in [ConsentType.georgiaTelehealth, .hipaaTelehealth] {
            #expect(await sign(clinic, by: Self.motherCaller, type) == nil)
        }
        _ = try await clinic.join(Self.motherCaller, id)
        _ = try await clinic.join(Clinic.clientCaller, id)
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        let media = try #require(try await clinic.join(Self.motherCaller, id).media)
        let watch = try await clinic.useCases.watches.watchSession(
            id, after: nil, Invocation(caller: Self.motherCaller), wake: {})
        await clinic.work(seconds: 1)
        clinic.time.advance(by: Self.majority - clinic.time.now)
        for person in try clinic.state(id).admitted {
            clinic.presence.touch(person.id, in: id)
        }
        clinic.hub.tick(now: clinic.time.now)
        let ends = watch.take().filter { if case .ended = $0 { true } else { false } }
        #expect(ends.count == 1)
        watch.close()
        _ = try await clinic.sweeper.sweep()
        #expect(try clinic.state(id).participants.first { $0.role == .guardian }?.state == .removed)
        await clinic.work(seconds: 1)
        let alive = clinic.chime.liveMeetings.flatMap { Array($0.attendees.values) }
        #expect(!alive.contains(media.credentials.attendeeID))
        // The feed says that the client goes on to have a guardian.
        try await put(clinic, version: 2, start: begin, guardsAdult: true, born: nil)
        #expect(try await clinic.join(Self.motherCaller, id).participant.isHere)
        #expect(clinic.store.snapshot.violations.isEmpty)
    }
}
