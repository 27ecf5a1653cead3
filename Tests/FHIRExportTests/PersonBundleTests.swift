import AuditChain
import TelehealthModel
import Testing
import TextFormats

@testable import FHIRExport
@testable import TelehealthEngine

@Suite("A person's record in FHIR R4") struct PersonBundleTests {
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)
    private static let patient = SubjectID("client-1")

    private static func consent(
        _ id: String, type: ConsentType = .hipaaTelehealth, decision: ConsentDecision = .granted,
        signer: String = "client-1",
        attestedBy: String? = nil, session: SessionID? = nil, purposes: [Recording.Purpose] = [],
        expiresAt: Timestamp? = nil
    ) -> ConsentRecord {
        ConsentRecord(
            id: ConsentID(id), subjectID: patient, subjectRole: .client, type: type, decision: decision,
            method: attestedBy == nil ? .electronic : .paper, documentVersion: "1.0",
            documentLanguage: "en-US",
            textHash: Array(repeating: 0xAB, count: 32),
            acknowledgements: .init(patientRights: true, emergencyProtocols: true, privacyRisks: true),
            recordingPurposes: purposes, signerID: SubjectID(signer), attestedBy: attestedBy,
            evidence: "scan 17 of a named person",
            sessionID: session, grantedAt: now, expiresAt: expiresAt, supersedes: nil, recordedBy: "client-1",
            recordedAt: now + .seconds(5))
    }

    private static func visit(_ change: (inout Session) -> Void) -> SessionState {
        var session = Session(
            id: SessionID("s1"), appointmentID: AppointmentID("a1"), clientID: patient, guardianID: nil,
            clinicianID: SubjectID("clinician-1"), startsAt: now, endsAt: now + .seconds(1800),
            admissionPolicy: .onClinicianJoin, clinicianJoinURL: "https://x/clinician",
            clientJoinURL: "https://x/client",
            createdAt: now, createdBy: "scheduler")
        change(&session)
        let people = [
            ("p1", "client-1", ParticipantRole.client), ("p2", "clinician-1", .clinician),
            ("p3", "interpreter-1", .interpreter),
        ].map {
            Participant(
                id: ParticipantID($0), sessionID: session.id, subjectID: SubjectID($1), role: $2,
                externalUserID: "x", state: .left)
        }
        return SessionState(session: session, participants: people, meetings: [], recordings: [])
    }

    private static func access(
        _ number: Int64 = 7, _ action: String = "GetSession", outcome: String = "allowed",
        actor: Subject? = nil, reason: String? = nil,
        target: String? = nil
    ) -> AuditRecord {
        AuditRecord(
            number: number, at: now, subject: "user-9", role: "clinician", actor: actor, source: "10.0.0.9",
            action: action, outcome: outcome,
            person: patient.rawValue, sessionID: "s1", target: target, reason: reason, count: 1, previous: [],
            mac: [])
    }

    private static func bundle(
        consents: [ConsentRecord] = [], ended: Set<ConsentID> = [], documents: [ConsentDocument] = [],
        visits: [SessionState] = [],
        accesses: [AuditRecord] = [], bornOn: CivilDate? = nil
    ) -> JSONText {
        PersonRecord(
            subjectID: patient, bornOn: bornOn, consents: consents, ended: ended, documents: documents,
            visits: visits, accesses: accesses,
            takenAt: now + .seconds(60)
        ).fhirBundle
    }

    private static func resource(_ bundle: JSONText, _ type: String) -> JSONText? {
        bundle["entry"]?.arrayValue?.compactMap { $0["resource"] }.first {
            $0["resourceType"] == .string(type)
        }
    }

    @Test
    func `a bundle is a collection: the patient, consents, visits, then accesses, each with a full URL`()
        throws
    {
        let bundle = Self.bundle(
            consents: [Self.consent("c1")], visits: [Self.visit { _ in }], accesses: [Self.access()])
        #expect(bundle["resourceType"] == .string("Bundle") && bundle["type"] == .string("collection"))
        #expect(bundle["timestamp"] == .string("2027-01-15T08:01:00Z"))
        let entries = try #require(bundle["entry"]?.arrayValue)
        #expect(
            entries.compactMap { $0["resource"]?["resourceType"]?.stringValue } == [
                "Patient", "Consent", "Encounter", "AuditEvent",
            ])
        #expect(
            entries.compactMap { $0["fullUrl"]?.stringValue } == [
                "urn:telehealth:v1:person:client-1", "urn:uuid:c1", "urn:uuid:s1",
                "urn:telehealth:v1:audit:7",
            ])
    }

    @Test
    func `a person without anything else is a bundle of one patient, without a birth date that is not known`()
        throws
    {
        let bundle = Self.bundle()
        #expect(bundle["entry"]?.arrayValue?.count == 1)
        let patient = try #require(Self.resource(bundle, "Patient"))
        #expect(
            patient["birthDate"] == nil && patient["name"] == nil && patient["telecom"] == nil
                && patient["address"] == nil)
        #expect(
            patient["identifier"]?.arrayValue == [
                .object(["system": .string("urn:telehealth:v1:person"), "value": .string("client-1")])
            ])
        let born = try #require(CivilDate("1990-02-28"))
        #expect(Self.resource(Self.bundle(bornOn: born), "Patient")?["birthDate"] == .string("1990-02-28"))
    }

    @Test func `a consent's status tells whether it holds`() {
        var replaced = Self.consent("c1")
        replaced.supersededBy = ConsentID("c2")
        var revoked = Self.consent("c1")
        revoked.revokedAt = Self.now
        var declinedAndReplaced = Self.consent("c1", decision: .declined)
        declinedAndReplaced.supersededBy = ConsentID("c2")
        let rows: [(ConsentRecord, Set<ConsentID>, String)] = [
            (Self.consent("c1"), [], "active"),
            (Self.consent("c1", expiresAt: Self.now + .seconds(61)), [], "active"),
            // The moment at which it ends belongs to the time after.
            (Self.consent("c1", expiresAt: Self.now + .seconds(60)), [], "inactive"),
            (replaced, [], "inactive"), (revoked, [], "inactive"),
            (Self.consent("c1"), [ConsentID("c1")], "inactive"),
            (Self.consent("c1", decision: .declined), [], "rejected"),
            (declinedAndReplaced, [], "inactive"),
        ]
        for (record, ended, status) in rows {
            let consent = Self.resource(Self.bundle(consents: [record], ended: ended), "Consent")
            #expect(consent?["status"] == .string(status))
            #expect(
                consent?["provision"]?["type"] == .string(record.decision == .granted ? "permit" : "deny"))
        }
    }

    @Test func `a consent carries the registered text whose hash it has, and no other`() throws {
        let record = Self.consent("c1")
        func document(_ text: String, hash: UInt8, language: String = "en-US") -> ConsentDocument {
            ConsentDocument(
                type: record.type, version: "1.0", language: language, text: text,
                textHash: Array(repeating: hash, count: 32),
                effectiveAt: Self.now, registeredAt: Self.now, registeredBy: "admin")
        }
        let documents = [
            document("another", hash: 0xCD), document("Grüße", hash: 0xAB),
            document("fr", hash: 0xAB, language: "fr"),
        ]
        let attachment = Self.resource(Self.bundle(consents: [record], documents: documents), "Consent")?[
            "sourceAttachment"]
        #expect(attachment?["data"] == .string("R3LDvMOfZQ==") && attachment?["language"] == .string("en-US"))
        let without = Self.resource(Self.bundle(consents: [record], documents: [documents[0]]), "Consent")
        #expect(without?["sourceAttachment"]?["data"] == nil && without?["sourceAttachment"]?["title"] != nil)
        #expect(
            without?["extension"]?.arrayValue?.first?["valueString"]
                == .string(String(repeating: "ab", count: 32)))
    }

    @Test func `a guardian's consent on paper names who signed and who attested it`() throws {
        let record = Self.consent(
            "c1", type: .recording, signer: "guardian-1", attestedBy: "clinician-1", session: SessionID("s1"),
            purposes: [.clinical])
        let consent = try #require(Self.resource(Self.bundle(consents: [record]), "Consent"))
        #expect(
            consent["patient"]?["type"] == .string("Patient")
                && consent["performer"]?.arrayValue?.first?["type"] == .string("RelatedPerson"))
        #expect(
            consent["verification"]?.arrayValue?.first?["verifiedWith"]?["identifier"]?["value"]
                == .string("clinician-1"))
        #expect(consent["provision"]?["purpose"]?.arrayValue?.count == 1)
        #expect(
            consent["provision"]?["data"]?.arrayValue?.first?["reference"]?["identifier"]?["value"]
                == .string("s1"))
        #expect(consent["scope"]?["coding"]?.arrayValue?.first?["code"] == .string("patient-privacy"))
        #expect(!consent.text.contains("scan 17"), "evidence may name people")
    }

    @Test(arguments: [
        (SessionStatus.scheduled, "planned"), (.waitingRoom, "arrived"), (.inProgress, "in-progress"),
        (.completed, "finished"),
        (.cancelled, "cancelled"), (.noShow, "cancelled"),
    ])
    func `a visit's state is an encounter's, and its own word stays beside it`(
        status: SessionStatus, expected: String
    ) throws {
        let encounter = try #require(
            Self.resource(Self.bundle(visits: [Self.visit { $0.status = status }]), "Encounter"))
        #expect(encounter["status"] == .string(expected))
        #expect(encounter["extension"]?.arrayValue?.first?["valueCode"] == .string(wireName(status)))
    }

    @Test func `a visit has its people but the patient, its times and its length in seconds`() throws {
        let state = Self.visit {
            $0.status = .completed
            $0.startedAt = Self.now
            $0.endedAt = Self.now + .seconds(90)
        }
        let encounter = try #require(Self.resource(Self.bundle(visits: [state]), "Encounter"))
        #expect(encounter["subject"]?["identifier"]?["value"] == .string("client-1"))
        let people = try #require(encounter["participant"]?.arrayValue)
        #expect(
            people.compactMap { $0["individual"]?["identifier"]?["value"]?.stringValue } == [
                "clinician-1", "interpreter-1",
            ])
        #expect(
            people.compactMap { $0["individual"]?["type"]?.stringValue } == ["Practitioner", "RelatedPerson"])
        #expect(
            encounter["period"]?["start"] == .string("2027-01-15T08:00:00Z")
                && encounter["period"]?["end"] == .string("2027-01-15T08:01:30Z"))
        #expect(encounter["length"]?["value"] == .number(90) && encounter["length"]?["code"] == .string("s"))
    }

    @Test func `a visit that did not take place has a plan and a reason, and no period`() throws {
        let cancelled = Self.visit {
            $0.status = .cancelled
            $0.cancelReason = .clinicianNoShow
        }
        let missed = Self.visit {
            $0.status = .noShow
            $0.noShowParty = .both
        }
        for (state, code, text) in [
            (cancelled, "CLINICIAN_NO_SHOW", "cancelled"), (missed, "BOTH", "no-show"),
        ] {
            let encounter = try #require(Self.resource(Self.bundle(visits: [state]), "Encounter"))
            #expect(encounter["period"] == nil && encounter["length"] == nil)
            let extensions = try #require(encounter["extension"]?.arrayValue)
            let reason = extensions.compactMap { $0["valueCodeableConcept"] }.first
            #expect(
                reason?["coding"]?.arrayValue?.first?["code"] == .string(code)
                    && reason?["text"] == .string(text))
            #expect(extensions.count { $0["valueDateTime"] != nil } == 2, "the planned start and end")
        }
    }

    @Test(arguments: [
        ("GetSession", "R"), ("ListSessions", "R"), ("WatchSession", "R"), ("EvaluateConsent", "R"),
        ("ExportPersonRecord", "R"),
        ("VerifyAuditLog", "R"), ("SubmitConsent", "C"), ("CreateSession", "C"), ("PutAppointment", "C"),
        ("UpdateConsent", "U"),
        ("RevokeConsent", "U"), ("JoinSession", "E"),
    ])
    func `an access says whether it read, created, changed or did something`(action: String, code: String) {
        let event = Self.resource(Self.bundle(accesses: [Self.access(1, action)]), "AuditEvent")
        #expect(event?["action"] == .string(code))
        #expect(event?["subtype"]?.arrayValue?.first?["code"] == .string(action))
    }

    @Test(arguments: [("allowed", "0"), ("denied", "4"), ("failed", "8"), ("a later version's", "8")])
    func `an access says how it ended`(outcome: String, code: String) {
        let event = Self.resource(
            Self.bundle(accesses: [Self.access(outcome: outcome, reason: "SESSION_NOT_FOUND")]), "AuditEvent")
        #expect(event?["outcome"] == .string(code) && event?["outcomeDesc"] == .string("SESSION_NOT_FOUND"))
    }

    @Test func `an access by a service for a person names both, and each thing once`() throws {
        let event = try #require(
            Self.resource(
                Self.bundle(accesses: [
                    Self.access(actor: "portal", target: "s1"), Self.access(8, target: "r1"),
                ]), "AuditEvent"))
        let agents = try #require(event["agent"]?.arrayValue)
        #expect(
            agents.compactMap { $0["who"]?["identifier"]?["value"]?.stringValue } == ["user-9", "portal"])
        #expect(agents.map { $0["requestor"] } == [.bool(true), .bool(false)])
        #expect(
            event["entity"]?.arrayValue?.compactMap { $0["what"]?["identifier"]?["value"]?.stringValue } == [
                "client-1", "s1",
            ])
        #expect(!event.text.contains("10.0.0.9"), "the caller's address stays in the audit log")
    }

    @Test func `a bundle has one text, however its parts came about`() {
        let one = Self.bundle(
            consents: [Self.consent("c1")], visits: [Self.visit { _ in }], accesses: [Self.access()])
        let other = Self.bundle(
            consents: [Self.consent("c1")], visits: [Self.visit { _ in }], accesses: [Self.access()])
        #expect(one.bytes == other.bytes)
        #expect(throws: Never.self) { try JSONText(parsing: one.bytes) == one }
    }
}
