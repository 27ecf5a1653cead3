import Crypto
import TelehealthModel
import Testing

@testable import TelehealthRules
@testable import VisitSimulation

/// A person's papers, judged under one place's policy: no store, no service.
struct Judgement {
    static let client = SubjectID("client-1")
    static let clinician = SubjectID("clinician-1")
    static let start = VirtualTime.nine
    static let session = SessionID("session-1")

    var now = start
    var place: String
    var documents: [ConsentDocument] = ConsentType.builtIn.map { document($0, "1.0") }
    var records: [SubjectID: [ConsentRecord]] = [:]
    var bornOn: CivilDate?
    var policy = Policy()

    init(_ place: String) {
        self.place = place
        policy.places.home = place
    }

    static func document(
        _ type: ConsentType, _ version: String, language: String = "en-US", effective: Duration = .zero,
        text: String? = nil
    ) -> ConsentDocument {
        let text = text ?? "\(type.rawValue) \(version) \(language)"
        return ConsentDocument(
            type: type, version: version, language: language, text: text,
            textHash: Array(SHA256.hash(data: Array(text.utf8))),
            effectiveAt: start - .seconds(86_400) + effective, registeredAt: start, registeredBy: "admin")
    }

    /// The next word in somebody's history.
    mutating func add(
        _ type: ConsentType, _ method: ConsentMethod = .electronic, _ decision: ConsentDecision = .granted,
        of subject: SubjectID = client, version: String = "1.0", signer: SubjectID? = nil,
        session: SessionID? = nil, evidence: ConsentEvidence? = nil, note: String? = nil,
        purposes: [Recording.Purpose] = [.clinical]
    ) {
        let text = documents.first { $0.type == type && $0.version == version }
        let full = ConsentEvidence(
            scanReference: "scan-1", scanSHA256: Array(repeating: 7, count: 32), scriptVersion: "s1",
            witness: "front desk")
        let record = ConsentRecord(
            id: ConsentID("\(subject)-\(records[subject, default: []].count)"), subjectID: subject,
            subjectRole: .client, type: type, decision: decision, method: method, documentVersion: version,
            documentLanguage: "en-US", textHash: text?.textHash ?? [],
            acknowledgements: .init(patientRights: true, emergencyProtocols: true, privacyRisks: true),
            recordingPurposes: type == .recording ? purposes : [], signerID: signer ?? subject,
            attestedBy: method == .electronic ? nil : "clinician-1",
            evidence: method == .electronic ? nil : note ?? "told and understood", sessionID: session,
            grantedAt: now, expiresAt: nil, supersedes: nil, recordedBy: "user", recordedAt: now,
            evidenceItems: evidence ?? (method == .electronic ? ConsentEvidence() : full))
        records[subject, default: []].append(record)
    }

    func evaluate(
        _ action: ConsentAction, purpose: Recording.Purpose = .clinical,
        people: [(SubjectID, ParticipantRole)] = [(client, .client)]
    ) -> ConsentEvaluation {
        let context = RuleContext(
            now: now, policy: policy, ids: SeededIDs(seed: 1), controlRegion: "us-east-1",
            recordingsBucket: nil)
        let histories = records.map { ConsentHistory(subjectID: $0.key, version: 1, records: $0.value) }
        let known = histories.map { history in
            var history = history
            if history.subjectID == Self.client { history.bornOn = bornOn }
            return history
        }
        let bare = ConsentHistory(subjectID: Self.client, bornOn: bornOn)
        let ledger = ConsentLedger(records[Self.client] == nil ? known + [bare] : known, documents: documents)
        return ledger.evaluate(
            .init(action: action, session: Self.session, purpose: purpose, context: context),
            people.map { ConsentLedger.Party(subject: $0.0, role: $0.1) })
    }

    func causes(_ action: ConsentAction, people: [(SubjectID, ParticipantRole)] = [(client, .client)])
        -> [ConsentGap.Cause]
    {
        evaluate(action, people: people).missing.map(\.cause)
    }
}

@Suite("Georgia's policy") struct GeorgiaPolicyTests {
    private let both: [(SubjectID, ParticipantRole)] = [
        (Judgement.client, .client), (Judgement.clinician, .clinician),
    ]

    @Test func `every rule names a statute or rule that the file cites`() {
        let policy = JurisdictionPolicies.builtIn.policy("US-GA")
        #expect(policy.id == "US-GA" && policy.ageOfMajority == 18)
        #expect(policy.requirements.allSatisfy { !$0.citations.isEmpty })
        let cited = policy.citations(of: policy.requirements(for: .record)).map(\.source)
        #expect(
            cited == [
                "Ga. Comp. R. & Regs. 135-7-.03(2)(b)",
                "O.C.G.A. § 16-11-62(2); Gavin v. State, 292 Ga. App. 402 (2008)",
            ])
    }

    @Test func `joining needs a written telehealth consent and the privacy acknowledgement`() {
        var case1 = Judgement("US-GA")
        #expect(case1.causes(.join) == [.absent, .absent])
        case1.add(.georgiaTelehealth, .verbal)
        case1.add(.hipaaTelehealth, .verbal)
        #expect(case1.causes(.join) == [.notWritten])
        case1.add(.georgiaTelehealth, .paper)
        #expect(case1.causes(.join) == [])
    }

    @Test func `treatment needs the written consent and the clinician's word that it was talked about`() {
        var case1 = Judgement("US-GA")
        case1.add(.georgiaTelehealth)
        #expect(case1.causes(.conduct) == [.verbalMissing])
        case1.add(.georgiaTelehealth, .verbal)
        let judged = case1.evaluate(.conduct)
        #expect(judged.isSatisfied && judged.basis.map(\.method) == [.electronic, .verbal])
        var spoken = Judgement("US-GA")
        spoken.add(.georgiaTelehealth, .verbal)
        #expect(spoken.causes(.conduct) == [.notWritten])
    }

    @Test func `a recording needs the written consent of everybody in it`() {
        var case1 = Judgement("US-GA")
        case1.add(.recording)
        #expect(case1.evaluate(.record, people: both).missing.map(\.subjectID) == [Judgement.clinician])
        case1.add(.recording, .verbal, of: Judgement.clinician)
        #expect(case1.causes(.record, people: both) == [.notWritten])
        case1.add(.recording, .paper, of: Judgement.clinician)
        #expect(case1.causes(.record, people: both) == [])
        #expect(case1.evaluate(.record, purpose: .training, people: both).missing.count == 2)
    }

    @Test func `somebody else may take part only with the client's written consent`() {
        var case1 = Judgement("US-GA")
        #expect(case1.causes(.thirdParty, people: both) == [])
        let policy = JurisdictionPolicies.builtIn.policy("US-GA")
        let asked = policy.requirements(for: .thirdParty)[0]
        #expect(asked.applies(to: .client, present: [.client, .interpreter]))
        #expect(!asked.applies(to: .clinician, present: [.interpreter]))
        #expect(!asked.applies(to: .client, present: [.client, .clinician, .guardian]))
        case1.add(.thirdPartyPresence)
        #expect(case1.causes(.thirdParty, people: both) == [])
    }

    @Test(arguments: [ParticipantRole.interpreter, .observer, .guest, .supervisor])
    func `an invited person is known to a policy by the role on the roster`(role: ParticipantRole) {
        let case1 = Judgement("US-GA")
        let context = RuleContext(
            now: case1.now, policy: case1.policy, ids: SeededIDs(seed: 1), controlRegion: "us-east-1",
            recordingsBucket: nil)
        let invited = Participant(
            id: ParticipantID("p"), sessionID: Judgement.session, subjectID: SubjectID("x"), role: role,
            externalUserID: "p-1")
        let judged = ConsentLedger().evaluate(
            .init(action: .thirdParty, session: Judgement.session, purpose: .clinical, context: context),
            [.init(subject: Judgement.client, role: .client), .init(invited)])
        #expect(judged.missing.map(\.subjectID) == [Judgement.client])
    }

    @Test func `a consent to an older text counts until the newer one's thirty days are over`() {
        var case1 = Judgement("US-GA")
        case1.add(.recording)
        case1.documents.append(Judgement.document(.recording, "2.0", effective: .seconds(2 * 86_400)))
        let newText = Judgement.start + .seconds(86_400)
        #expect(case1.evaluate(.record).basis.map(\.isExpiring) == [false])
        #expect(case1.evaluate(.record).basis.map(\.countsUntil) == [newText + .seconds(30 * 86_400)])
        case1.now = newText
        #expect(case1.evaluate(.record).basis.map(\.isReplaced) == [true])
        case1.now = newText + .seconds(30 * 86_400) - .microseconds(1)
        #expect(case1.causes(.record) == [])
        case1.now = newText + .seconds(30 * 86_400)
        #expect(case1.causes(.record) == [.outdatedVersion])
        #expect(case1.evaluate(.record).missing[0].remedy?.documents.map(\.version) == ["2.0"])
        case1.add(.recording, version: "2.0")
        #expect(case1.causes(.record) == [])
    }

    @Test func `the same words under a new number, or a text in another language, replace nothing`() {
        var case1 = Judgement("US-GA")
        case1.add(.recording)
        case1.documents.append(
            Judgement.document(.recording, "1.1", effective: .seconds(60), text: "recording 1.0 en-US"))
        case1.documents.append(
            Judgement.document(.recording, "2.0", language: "es-US", effective: .seconds(60)))
        case1.now = Judgement.start + .seconds(90 * 86_400)
        #expect(case1.causes(.record) == [])
    }

    @Test func `a year is the end, and the month before it the time to renew`() {
        var case1 = Judgement("US-GA")
        case1.add(.recording)
        let end = Judgement.start + .seconds(365 * 86_400)
        case1.now = end - .seconds(30 * 86_400) - .microseconds(1)
        #expect(case1.evaluate(.record).expiring.isEmpty)
        case1.now = end - .seconds(30 * 86_400)
        #expect(case1.evaluate(.record).expiring.count == 1)
        case1.now = end
        #expect(case1.causes(.record) == [.expired])
    }

    @Test func `a minor's own signature does not count, the guardian's does, until the eighteenth birthday`()
    {
        var case1 = Judgement("US-GA")
        case1.bornOn = CivilDate(String((Judgement.start - .seconds(17 * 365 * 86_400)).rfc3339.prefix(10)))
        case1.add(.recording)
        #expect(case1.causes(.record) == [.guardianRequired])
        #expect(case1.evaluate(.record).missing[0].remedy?.needsGuardian == true)
        case1.add(.recording, signer: SubjectID("guardian-1"))
        #expect(case1.causes(.record) == [])
        var grown = case1
        grown.bornOn = CivilDate(String((Judgement.start - .seconds(19 * 365 * 86_400)).rfc3339.prefix(10)))
        grown.records = [:]
        grown.add(.recording)
        #expect(grown.causes(.record) == [])
    }
}

@Suite("California's policy") struct CaliforniaPolicyTests {
    @Test func `a spoken telehealth consent suffices, with script and witness`() {
        var case1 = Judgement("US-CA")
        #expect(case1.evaluate(.join).missing.map(\.type) == [.telehealth, .hipaaTelehealth])
        case1.add(.hipaaTelehealth)
        case1.add(.telehealth, .verbal, evidence: ConsentEvidence(scriptVersion: "s1"))
        #expect(case1.causes(.join) == [.evidenceMissing])
        case1.add(.telehealth, .verbal)
        #expect(case1.causes(.join) == [])
    }

    @Test func `Georgia's telehealth consent is none here`() {
        var case1 = Judgement("US-CA")
        case1.add(.georgiaTelehealth)
        case1.add(.hipaaTelehealth)
        #expect(case1.evaluate(.join).missing.map(\.type) == [.telehealth])
    }

    @Test func `a recording is agreed to for each visit, by everybody`() {
        var case1 = Judgement("US-CA")
        let people: [(SubjectID, ParticipantRole)] = [
            (Judgement.client, .client), (Judgement.clinician, .clinician),
        ]
        case1.add(.recording)
        case1.add(.recording, of: Judgement.clinician, session: SessionID("another"))
        #expect(case1.causes(.record, people: people) == [.notForSession, .absent])
        case1.add(.recording, session: Judgement.session)
        case1.add(.recording, of: Judgement.clinician, session: Judgement.session)
        #expect(case1.causes(.record, people: people) == [])
        #expect(
            case1.evaluate(.record, people: people).citations.map(\.source).contains("Cal. Penal Code § 632"))
    }

    @Test func `a scan is bound by its hash`() {
        var case1 = Judgement("US-CA")
        case1.add(.hipaaTelehealth)
        case1.add(.telehealth, .paper, evidence: ConsentEvidence(scanReference: "scan-1"))
        #expect(case1.causes(.join) == [.evidenceMissing])
    }

    @Test func `a newer recording text is in force at once, others have two weeks`() {
        var case1 = Judgement("US-CA")
        case1.add(.telehealth)
        case1.add(.hipaaTelehealth)
        case1.add(.recording, session: Judgement.session)
        for type in ConsentType.builtIn {
            case1.documents.append(Judgement.document(type, "2.0", effective: .seconds(2 * 86_400)))
        }
        case1.now = Judgement.start + .seconds(86_400)
        #expect(case1.causes(.record) == [.outdatedVersion])
        #expect(case1.causes(.join) == [])
        case1.now = Judgement.start + .seconds(15 * 86_400)
        #expect(case1.causes(.join) == [.outdatedVersion, .outdatedVersion])
    }
}

@Suite("Policy files") struct JurisdictionPolicyTests {
    @Test func `a place without a policy is under the strictest one`() {
        var case1 = Judgement("US-XX")
        case1.add(.georgiaTelehealth)
        case1.add(.hipaaTelehealth)
        let judged = case1.evaluate(.join)
        #expect(judged.place == "default" && judged.missing.map(\.cause) == [.verbalMissing])
        case1.add(.georgiaTelehealth, .verbal)
        #expect(case1.causes(.join) == [])
        case1.bornOn = CivilDate(String((Judgement.start - .seconds(20 * 365 * 86_400)).rfc3339.prefix(10)))
        #expect(case1.causes(.join) == [.guardianRequired, .guardianRequired])
    }

    @Test func `whatever one place asks for, the default asks for as well`() {
        let book = JurisdictionPolicies.builtIn
        let strict = book.policy("default")
        for place in book.policies.values where place.id != strict.id {
            #expect(strict.ageOfMajority >= place.ageOfMajority)
            for asked in place.requirements where asked.action != .conduct {
                let own = strict.requirements(for: asked.action).first {
                    !Set($0.types).isDisjoint(with: asked.types)
                }
                guard let own else {
                    Issue.record(
                        "\(place.id) asks for \(asked.types) to \(asked.action), the default does not")
                    continue
                }
                #expect(own.methods.isSubset(of: asked.methods) && own.validity <= asked.validity)
                #expect(own.versionGrace <= asked.versionGrace && (own.perSession || !asked.perSession))
            }
        }
    }

    @Test(
        arguments: [
            (#"{"place": "US-ZZ"}"#, "the policy.version: must be a string"),
            (#"{"place": "zz", "version": "1", "title": "t", "ageOfMajority": 18}"#, "place: must be"),
            (#"{"plase": "US-ZZ"}"#, "the policy: unknown member plase"),
            ("[1.5]", "invalid JSON: expected a whole number at byte 2"),
            (#"{"place": "A", "place": "B"}"#, "invalid JSON: the key \"place\" appears twice"),
        ])
    func `a file that cannot be meant is refused with its place`(text: String, problem: String) {
        let error = #expect(throws: JurisdictionPolicyError.self) { try JurisdictionPolicy(json: Array(text.utf8)) }
        #expect(error?.description.hasPrefix(problem) == true, "\(String(describing: error))")
    }

    @Test(
        arguments: [
            (#""methods": ["VERBAL"]"#, "requirements[0].methods: a recording requires a written"),
            (#""methods": ["FAX"]"#, "requirements[0].methods: 'FAX' is none of"),
            (
                #""methods": ["PAPER"], "citations": ["x"]"#,
                "requirements[0].citations: unknown citation x"
            ),
            (#""methods": ["PAPER"], "validity": "1y""#, "requirements[0].validity: must be a whole number"),
        ])
    func `a requirement that cannot be meant is refused with its place`(text: String, problem: String) {
        var members = [
            "action": #""RECORD""#, "of": #"["*"]"#, "types": #"["recording"]"#, "validity": #""1d""#,
            "renewalWindow": #""0d""#, "versionGrace": #""0d""#, "citations": #"["a"]"#,
        ]
        for key in ["validity", "citations"] where text.contains("\"\(key)\"") { members[key] = nil }
        let rest = members.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
        let file = """
            {"place": "US-ZZ", "version": "1", "title": "t", "ageOfMajority": 18, \
            "citations": [{"id": "a", "source": "b", "says": "c"}], "requirements": [{\(rest), \(text)}]}
            """
        let error = #expect(throws: JurisdictionPolicyError.self) { try JurisdictionPolicy(json: Array(file.utf8)) }
        #expect(error?.description.hasPrefix(problem) == true, "\(String(describing: error))")
    }

    /// - Parameters:
    ///   - types: the value of `consentTypes`.
    ///   - join: types that joining asks for.
    ///   - people: of whom, and when such are present.
    private func policy(
        _ types: String, join: String = #""telehealth""#, record: String = #""recording""#,
        thirdParty: String = #""third_party_presence""#, of people: String = #"["*"]"#
    ) throws -> JurisdictionPolicy {
        func asked(_ action: String, _ types: String) -> String {
            """
            {"action": "\(action)", "of": \(people), "whenPresent": \(people), "types": [\(types)], \
            "methods": ["PAPER"], "validity": "1d", "renewalWindow": "0d", "versionGrace": "0d", "citations": ["a"]}
            """
        }
        let requirements = [("JOIN", join), ("RECORD", record), ("THIRD_PARTY", thirdParty)]
            .filter { !$0.1.isEmpty }.map { asked($0.0, $0.1) }.joined(separator: ", ")
        let file = """
            {"place": "US-ZZ", "version": "1", "title": "t", "ageOfMajority": 18, "consentTypes": \(types), \
            "citations": [{"id": "a", "source": "b", "says": "c"}], "requirements": [\(requirements)]}
            """
        return try JurisdictionPolicy(json: Array(file.utf8))
    }

    @Test(arguments: [
        (#"["*"]"#, nil), (#"["CLIENT", "*"]"#, nil), (#"["CLIENT"]"#, [ParticipantRole.client]),
        (#"["THIRD_PARTY"]"#, [.interpreter, .observer, .guest]),
        (#"["OBSERVER", "GUARDIAN"]"#, [.observer, .guardian]),
        (#"["CLINICIAN"]"#, [.clinician, .coClinician, .supervisor]), (#"["CO_CLINICIAN"]"#, [.coClinician]),
    ] as [(String, Set<ParticipantRole>?)])
    func `roles are named one by one, or by how their consents are kept`(
        names: String, roles: Set<ParticipantRole>?
    ) throws {
        let named = try policy("[]", of: names).requirements
        #expect(named.allSatisfy { $0.roles == roles && $0.whenPresent == roles })
    }

    @Test func `a role that there is not is refused with its place`() {
        let error = #expect(throws: JurisdictionPolicyError.self) { try policy("[]", of: #"["CLEINT"]"#) }
        #expect(error?.description.hasPrefix("requirements[0].of: 'CLEINT' is none of CLINICIAN, CLIENT") == true)
    }

    @Test func `a policy defines types of its own, and the book knows those of all its policies`() throws {
        let own = try policy(#"[{"id": "zz_telehealth", "title": "Telehealth in ZZ"}]"#, join: #""zz_telehealth""#)
        let type = try #require(ConsentType(id: "zz_telehealth"))
        #expect(own.definitions.map(\.type) == [type] && own.definitions.map(\.title) == ["Telehealth in ZZ"])
        #expect(own.requirements(for: .join).map(\.types) == [[type]])
        var book = JurisdictionPolicies.builtIn
        #expect(book.types == ConsentType.builtIn && book.type(id: "zz_telehealth") == nil)
        book.put(own)
        #expect(book.types == ConsentType.builtIn + [type] && book.type(id: "zz_telehealth") == type)
        #expect(book.type(id: "zz") == nil && book.type(id: "georgiaTelehealth") == nil)
        book.put(try policy(#"[{"id": "other", "title": "o"}]"#))
        #expect(book.type(id: "zz_telehealth") == nil && book.type(id: "other") != nil, "it was replaced")
    }

    @Test(arguments: [
        (#"[{"id": "recording", "title": "t"}]"#, "consentTypes[0].id: recording is a built-in type"),
        (
            #"[{"id": "a", "title": "t"}, {"id": "third_party_presence", "title": "t"}]"#,
            "consentTypes[1].id: third_party_presence is a built-in type"
        ),
        (#"[{"id": "georgia_telehealth", "title": "t"}]"#, "consentTypes[0].id: georgia_telehealth is a built-in type"),
        (#"[{"id": "georgiaTelehealth", "title": "t"}]"#, "consentTypes[0].id: must be 1 to 64 characters of a-z"),
        (#"[{"id": "ZZ", "title": "t"}]"#, "consentTypes[0].id: must be 1 to 64 characters of a-z"),
        (#"[{"id": "a", "title": "t"}, {"id": "a", "title": "u"}]"#, "consentTypes[1].id: a appears twice"),
        (#"[{"id": "a"}]"#, "consentTypes[0].title: must be a string"),
        (#"[{"id": "a", "title": "t", "scope": "x"}]"#, "consentTypes[0]: unknown member scope"),
        (#"{"id": "a"}"#, "the policy.consentTypes: must be a list"),
    ])
    func `a type that cannot be defined is refused with its place`(types: String, problem: String) {
        let error = #expect(throws: JurisdictionPolicyError.self) { try policy(types) }
        #expect(error?.description.hasPrefix(problem) == true, "\(String(describing: error))")
    }

    @Test func `recordings and third parties stand on the program's own types, whatever a policy says`() {
        let types = #"[{"id": "a", "title": "t"}]"#
        for (record, thirdParty, problem) in [
            ("", #""third_party_presence""#, "requirements: one for RECORD is missing"),
            (#""a""#, "", "requirements[1].types: RECORD requires exactly the type recording"),
            (#""recording", "a""#, "", "requirements[1].types: RECORD requires exactly the type recording"),
            (#""recording""#, #""a""#, "requirements[2].types: THIRD_PARTY requires exactly the type third_party_presence"),
        ] {
            let error = #expect(throws: JurisdictionPolicyError.self) {
                try policy(types, record: record, thirdParty: thirdParty)
            }
            #expect(error?.description.hasPrefix(problem) == true, "\(String(describing: error))")
        }
    }

    @Test func `a type that nobody defines is refused, the names of the release before are taken and told`() throws {
        let error = #expect(throws: JurisdictionPolicyError.self) { try policy("[]", join: #""telehaelth""#) }
        #expect(error?.description.hasPrefix("requirements[0].types: 'telehaelth' is none of georgia_") == true)
        #expect(throws: JurisdictionPolicyError.self) { try policy("[]", join: #""georgiaTelehealth""#) }
        let old = try policy(
            "[]", join: #""TELEHEALTH", "GEORGIA_TELEHEALTH", "TELEHEALTH""#, record: #""RECORDING""#,
            thirdParty: #""THIRD_PARTY_PRESENCE""#)
        #expect(old.requirements.map(\.types) == [
            [.telehealth, .georgiaTelehealth, .telehealth], [.recording], [.thirdPartyPresence],
        ])
        #expect(old.outdatedNames == ["TELEHEALTH", "GEORGIA_TELEHEALTH", "RECORDING", "THIRD_PARTY_PRESENCE"])
        #expect(JurisdictionPolicies.builtIn.policies.values.allSatisfy { $0.outdatedNames.isEmpty })
    }

    @Test func `a visit is judged where its client is, before that at home`() {
        var state = SessionState(
            session: Session(
                id: Judgement.session, appointmentID: AppointmentID("a"), clientID: Judgement.client,
                guardianID: SubjectID("g"), clinicianID: Judgement.clinician, startsAt: Judgement.start,
                endsAt: Judgement.start, admissionPolicy: .manual, clinicianJoinURL: "", clientJoinURL: "",
                createdAt: Judgement.start, createdBy: "x"))
        for (id, role) in [("g", ParticipantRole.guardian), ("client-1", .client)] {
            state.participants.append(
                Participant(
                    id: ParticipantID(id), sessionID: Judgement.session, subjectID: SubjectID(id), role: role,
                    externalUserID: id))
        }
        let book = JurisdictionPolicies.builtIn
        #expect(book.place(of: state).id == "US-GA")
        var check = Clinic.check
        check.locationState = "CA"
        state.participants[0].preVisitCheck = check
        #expect(book.place(of: state).id == "US-CA")
        check.locationState = "TX"
        state.participants[1].preVisitCheck = check
        #expect(book.place(of: state).id == "default")
    }
}
