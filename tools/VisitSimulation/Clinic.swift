internal import Crypto
internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// A service over the memory store and the fake Chime, with one appointment's people, driven step by step.
final class Clinic: Sendable {
    static let client = SubjectID("client-1")
    static let clinician = SubjectID("clinician-1")
    static let guardian = SubjectID("guardian-1")
    static let otherSubject = SubjectID("clinician-2")
    static let appointment = AppointmentID("appointment-1")
    static let text = "I agree."
    /// The same in every run and every life of one.
    static let guestKey = GuestKey(bytes: (0..<UInt8(GuestKey.byteCount)).map { $0 }) ?? GuestKey()

    let time = VirtualTime()
    let store = MemoryStore()
    let chime: FakeChime
    let ids: SeededIDs
    let policy: Policy
    let guestKey = Clinic.guestKey
    let hub: EventHub
    let presence: PresenceTracker
    let credentials: CredentialCache
    let useCases: UseCases
    let worker: EffectWorker
    let sweeper: Sweeper

    init(seed: UInt64 = 1, bucket: String? = "recordings", _ configure: (inout Policy) -> Void = { _ in }) {
        var policy = Policy()
        configure(&policy)
        self.policy = policy
        ids = SeededIDs(seed: seed)
        chime = FakeChime(time: time, bucket: bucket)
        hub = EventHub(following: store)
        presence = PresenceTracker(time: time, following: store)
        credentials = CredentialCache(following: store)
        useCases = UseCases(
            store: store, hub: hub, presence: presence, credentials: credentials, gateway: chime, time: time, ids: ids,
            policy: policy, guestKey: guestKey)
        let notices = Notices()
        self.noticeBox = notices
        worker = EffectWorker(
            store: store, credentials: credentials, gateway: chime, time: time, ids: ids, policy: policy,
            notify: { notices.append($0) })
        sweeper = Sweeper(
            store: store, presence: presence, gateway: chime, time: time, ids: ids, policy: policy)
    }

    private let noticeBox: Notices
    var deadLetters: [EffectNotice] {
        noticeBox.all.filter { if case .dead = $0.kind { true } else { false } }
    }

    var alarms: [EffectNotice] {
        noticeBox.all.filter { if case .meetingRefused = $0.kind { true } else { false } }
    }

    // Callers
    static let far = Timestamp(microseconds: .max / 2)
    static func caller(_ subject: SubjectID, _ role: Role, actor: Subject? = nil) -> Caller {
        Caller(
            subject: "user-\(subject.rawValue)", role: role, clientID: role == .client ? subject : nil,
            clinicianID: role == .clinician ? subject : nil, actor: actor, expiresAt: far)
    }
    static let clientCaller = caller(client, .client)
    static let guardianCaller = caller(guardian, .client)
    static let clinicianCaller = caller(clinician, .clinician)
    static let scheduler = caller(SubjectID("scheduler"), .scheduler)
    static let admin = caller(SubjectID("admin"), .admin)
    static let stranger = caller(SubjectID("client-2"), .client)
    static let otherClinician = caller(SubjectID("clinician-2"), .clinician)

    func call(_ caller: Caller, timeout: Duration? = nil, id: String? = nil, hash: UInt8 = 1) -> Invocation {
        Invocation(
            caller: caller, request: .init(id: id ?? ids.uuid(), hash: Array(repeating: hash, count: 32)),
            timeout: timeout)
    }

    // A day at the clinic
    func put(
        version: Int64 = 1, start: Duration = .zero, length: Duration = .seconds(3600),
        clinician: SubjectID = Clinic.clinician, guardian: SubjectID? = nil, guardsAdult: Bool = false
    ) -> PutAppointment {
        PutAppointment(
            id: Self.appointment, clientID: Self.client, guardianID: guardian, guardsAdult: guardsAdult,
            clinicianID: clinician,
            startsAt: VirtualTime.nine + start, endsAt: VirtualTime.nine + start + length,
            timeZone: "America/New_York", sourceVersion: version)
    }

    /// Appointment and session, one minute after its start.
    func open(guardian: SubjectID? = nil, admission: AdmissionPolicy? = nil) async throws -> SessionID {
        _ = try await useCases.appointments.put(
            put(start: .seconds(60), guardian: guardian), call(Self.scheduler))
        let session = try await useCases.sessions.create(
            CreateSession(appointmentID: Self.appointment, admissionPolicy: admission), call(Self.scheduler))
        time.advance(by: .seconds(120))
        return session.session.id
    }

    func registerDocuments() async throws {
        for type in ConsentType.builtIn {
            _ = try await useCases.documents.put(
                PutConsentDocument(type: type, version: "1.0", language: "en-US", text: Self.text),
                call(Self.admin))
        }
    }

    static func statement(
        _ decision: ConsentDecision = .granted, _ method: ConsentMethod = .electronic,
        attestedBy: String? = nil,
        session: SessionID? = nil, expiresAt: Timestamp? = nil, purposes: [Recording.Purpose] = []
    ) -> ConsentStatement {
        ConsentStatement(
            decision: decision, method: method, documentVersion: "1.0", documentLanguage: "en-US",
            textHash: Array(SHA256.hash(data: Array(text.utf8))),
            acknowledgements: .init(patientRights: true, emergencyProtocols: true, privacyRisks: true),
            recordingPurposes: purposes, attestedBy: attestedBy,
            evidence: method == .electronic ? nil : "shelf 3, sheet 7", sessionID: session,
            expiresAt: expiresAt)
    }

    @discardableResult
    func grant(
        _ type: ConsentType, by caller: Caller = Clinic.clientCaller, statement: ConsentStatement? = nil
    ) async throws -> ConsentRecord {
        try await useCases.consents.submit(
            SubmitConsent(
                subjectID: caller.clientID ?? caller.clinicianID ?? SubjectID("nobody"), type: type,
                statement: (statement ?? Self.statement()).about(type)), call(caller))
    }

    /// The client's telehealth consents.
    func grantTelehealth() async throws {
        try await registerDocuments()
        try await grant(.georgiaTelehealth)
        try await grant(.hipaaTelehealth)
    }

    /// Both people's recording consents; the client's is returned.
    @discardableResult
    func grantRecording() async throws -> ConsentRecord {
        try await grant(.recording, by: Self.clinicianCaller)
        return try await grant(.recording)
    }

    static let check = PreVisitCheck(
        locationState: "GA", locationAddress: "1 Peachtree St, Atlanta", emergencyContactName: "Pat",
        emergencyContactPhone: "+1 404 555 0100", isLocationPrivate: true, hasReliableConnection: true,
        device: .desktop, checkedAt: VirtualTime.nine)

    /// Joins while the worker works.
    func join(
        _ caller: Caller, _ session: SessionID, id: String? = nil, check: PreVisitCheck = Clinic.check
    ) async throws(TelehealthError) -> JoinOutcome {
        let command = JoinSession(
            sessionID: session, preVisitCheck: caller.role == .client ? check : nil)
        let invocation = call(caller, id: id)
        let isDone = Atomic(false)
        async let outcome = withDone(isDone) { () throws(TelehealthError) in
            try await self.useCases.sessions.join(command, invocation)
        }
        while !isDone.load(ordering: .acquiring) {
            await worker.runDue()
            await Task.yield()
        }
        return try await outcome.get()
    }

    private func withDone<Value: Sendable>(
        _ flag: borrowing Atomic<Bool>, _ body: () async throws(TelehealthError) -> Value
    ) async -> Result<Value, TelehealthError> {
        defer { flag.store(true, ordering: .releasing) }
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    /// Both in the visit.
    ///
    /// - Parameter isOpen: the client agrees that others take part.
    func visit(guardian: SubjectID? = nil, isOpen: Bool = false) async throws -> SessionID {
        try await grantTelehealth()
        if isOpen { try await grant(.thirdPartyPresence) }
        let session = try await open(guardian: guardian)
        _ = try await join(Self.clientCaller, session)
        _ = try await join(Self.clinicianCaller, session)
        return session
    }

    /// Both in the visit, and the capture runs.
    func recordedVisit() async throws -> (session: SessionID, recording: RecordingID, consent: ConsentRecord)
    {
        let session = try await visit()
        let consent = try await grantRecording()
        let outcome = try await useCases.recordings.start(
            StartRecording(sessionID: session), call(Self.clinicianCaller))
        await work(seconds: 3)
        guard try state(session).recordings.last?.state == .recording else {
            throw TelehealthError(.recordingNotActive)
        }
        return (session, outcome.recording.id, consent)
    }

    /// Lets so much time pass in half seconds, the worker working and people talking.
    func work(seconds: Int) async {
        for _ in 0..<seconds * 2 {
            await worker.runDue()
            time.advance(by: .milliseconds(500))
            chime.speak()
        }
        await worker.runDue()
    }

    func state(_ session: SessionID) throws -> SessionState {
        guard let state = store.snapshot.sessions[session] else { throw TelehealthError(.sessionNotFound) }
        return state
    }
    func kinds(_ session: SessionID) -> [SessionEvent.Kind] {
        store.snapshot.events[session]?.map(\.kind) ?? []
    }
    var pendingEffects: [Effect] { store.snapshot.effects.filter { $0.state != .done } }
}

extension ConsentStatement {
    /// A recording consent names what it is for: treatment, where nothing else is said.
    func about(_ type: ConsentType) -> ConsentStatement {
        guard type == .recording, recordingPurposes.isEmpty else { return self }
        var statement = self
        statement.recordingPurposes = [.clinical]
        return statement
    }
}

private final class Notices: Sendable {
    private let list = Mutex<[EffectNotice]>([])
    func append(_ notice: EffectNotice) { list.withLock { $0.append(notice) } }
    var all: [EffectNotice] { list.withLock { $0 } }
}

/// The reason with which a call was refused; nil when it was not.
func refusal<Value>(_ body: () async throws(TelehealthError) -> Value) async -> TelehealthError.Reason? {
    do {
        _ = try await body()
        return nil
    } catch { return error.reason }
}
