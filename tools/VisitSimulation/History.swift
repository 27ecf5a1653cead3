internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

/// One random history of one appointment: people on several devices, a worker, a sweeper, a faulty Chime,
/// and crashes between any two steps. The store and Chime outlive the crashes, nothing else does.
public final class History: Sendable {
    /// One process.
    struct Life {
        let fuse: CrashPoint
        let hub: EventHub
        let useCases: UseCases
        let worker: EffectWorker
        let sweeper: Sweeper
    }

    struct State {
        var random: SeededRandom
        var life: Life
        /// What was acknowledged, and must still be so at the end.
        var promises: [(String, @Sendable (MemoryStore.Tables) -> Bool)] = []
        var failures: [String] = []
        var log: [String] = []
        var lastRequest = ""
        var version: Int64 = 1
        var crashes = 0
        var grants: [String] = []
        /// Guests, with the passes that their redemptions gave.
        var guests: [Caller] = []
        var tokens: [HeldToken] = []
        var watch: Viewing?
    }

    let clinic: Clinic
    let state: Mutex<State>
    private let policy: Policy

    public init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let lateJoiner = Policy.LateJoiner.allCases.randomElement(using: &random) ?? .refuse
        let admission: AdmissionPolicy =
            Int.random(in: 0..<4, using: &random) == 0 ? .manual : .onClinicianJoin
        let sentOut = Policy.ThirdPartyWithoutConsent.allCases.randomElement(using: &random) ?? .wait
        clinic = Clinic(seed: seed) { policy in
            policy.lateJoiner = lateJoiner
            policy.thirdPartyWithoutConsent = sentOut
            policy.admission = admission
        }
        policy = clinic.policy
        state = Mutex(State(random: random, life: Self.life(clinic, policy)))
        let store = clinic.store
        clinic.chime.onCapture { prefix in
            let tables = store.snapshot
            let recordings = tables.sessions.values.flatMap(\.recordings)
            guard let row = recordings.first(where: { $0.capturePrefix == prefix }), row.state == .requested,
                let session = tables.sessions[row.sessionID],
                Invariants.broken(by: session, tables).isEmpty
            else {
                store.tables.withLock { $0.violations.append("a capture began that may not run") }
                return
            }
        }
    }

    /// - Returns: sentences about what went wrong; empty when all held.
    public func run(steps: Int) async -> (failures: [String], log: [String], crashes: Int) {
        do {
            try await clinic.grantTelehealth()
            try await clinic.grantRecording()
            try await clinic.grant(.thirdPartyPresence)
            _ = try await clinic.useCases.appointments.put(
                clinic.put(start: .seconds(600), length: .seconds(1800), guardian: Clinic.guardian),
                clinic.call(Clinic.scheduler))
            _ = try await clinic.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), clinic.call(Clinic.scheduler))
        } catch { return (["setup: \(error)"], [], 0) }
        for _ in 0..<steps {
            if pick(5) == 0 { clinic.store.interrupt { await self.act(nested: true) } }
            await act(nested: false)
            restartIfDead()
            checkChime()
            checkTokens()
            look()
            if !clinic.store.snapshot.violations.isEmpty { break }
        }
        await settle()
        let tables = clinic.store.snapshot
        state.withLock { state in
            state.failures += tables.violations
            for (name, holds) in state.promises where !holds(tables) {
                state.failures.append("lost: \(name)")
            }
        }
        return state.withLock { ($0.failures, $0.log, $0.crashes) }
    }

    private static func life(_ clinic: Clinic, _ policy: Policy) -> Life {
        let fuse = CrashPoint()
        let store = CrashingStore(base: clinic.store, fuse: fuse)
        let gateway = CrashingGateway(base: clinic.chime, fuse: fuse)
        let hub = EventHub(following: store)
        let presence = PresenceTracker(time: clinic.time, following: store)
        let credentials = CredentialCache(following: store)
        return Life(
            fuse: fuse, hub: hub,
            useCases: UseCases(
                store: store, hub: hub, presence: presence, credentials: credentials, gateway: gateway,
                time: clinic.time, ids: clinic.ids, policy: policy, guestKey: clinic.guestKey),
            worker: EffectWorker(
                store: store, credentials: credentials, gateway: gateway, time: clinic.time, ids: clinic.ids,
                policy: policy),
            sweeper: Sweeper(
                store: store, presence: presence, gateway: gateway, time: clinic.time, ids: clinic.ids,
                policy: policy))
    }

    func pick(_ count: Int) -> Int { state.withLock { Int.random(in: 0..<count, using: &$0.random) } }
    func note(_ line: String) { state.withLock { $0.log.append(line) } }
    func promise(_ name: String, _ holds: @escaping @Sendable (MemoryStore.Tables) -> Bool) {
        state.withLock { $0.promises.append((name, holds)) }
    }
    var life: Life { state.withLock { $0.life } }
    var session: SessionID? { clinic.store.snapshot.order.last }

    private func restartIfDead() {
        guard life.fuse.isBlown else { return }
        note("crash")
        let next = Self.life(clinic, policy)
        // Its watch dies with it; the viewer resumes after the last event seen.
        state.withLock {
            $0.watch?.open?.close()
            $0.watch?.open = nil
            $0.life = next
            $0.crashes += 1
        }
    }

    private func act(nested: Bool) async {
        switch pick(nested ? 42 : 78) {
        case 0...4: await join(Clinic.clientCaller)
        case 5...7: await join(Clinic.clinicianCaller)
        case 8: await join(Clinic.otherClinician)
        case 9: await join(Clinic.guardianCaller)
        case 10...11: await startRecording()
        case 12: await stopRecording()
        case 13...14: await revoke()
        case 15: await consent(.recording, Clinic.clientCaller, .granted)
        case 16: await consent(.recording, Clinic.clinicianCaller, .granted)
        case 17:
            if pick(2) == 0 {
                await signForClient()
            } else {
                await consent(.recording, Clinic.guardianCaller, pick(4) == 0 ? .declined : .granted)
            }
        case 18:
            if pick(3) == 0 {
                await attest()
            } else {
                await consent([.georgiaTelehealth, .hipaaTelehealth][pick(2)], Clinic.clientCaller, .granted)
            }
        case 19: await leave(anybody())
        case 20: await share(anybody())
        case 21: await finish()
        case 22: await admit()
        case 23: if pick(5) == 0 { await feedOutOfOrder() } else { await schedule() }
        case 24...41: await actOnPeople()
        case 42...45: clinic.time.advance(by: .seconds(Int64(1 + pick(20))))
        case 46: clinic.time.advance(by: .seconds(Int64(60 * (1 + pick(8)))))
        case 47...54: await work()
        case 55...56: await sweep()
        case 57: clinic.chime.killMeetings()
        case 58: fault()
        case 59...60: lightFuse()
        case 61: clinic.chime.speak()
        case 62: echo()
        case 63: await watch()
        case 64...66: await heartbeat()
        case 67...70: await tell()
        case 71: clinic.chime.breakCapture()
        case 72...73:
            let kinds = [
                "AttendeeJoined", "AttendeeLeft", "AttendeeDropped", "AttendeeContentJoined",
                "AttendeeContentLeft",
            ]
            clinic.chime.connect(kinds[pick(kinds.count)], pick(3))
        case 74: await keep()
        default: await create()
        }
    }

    // People

    func invocation(_ caller: Caller) -> Invocation {
        var call = clinic.call(caller, timeout: .zero)
        state.withLock { state in
            // Sometimes a device repeats its last request id, with the same or another body.
            if Int.random(in: 0..<12, using: &state.random) == 0, !state.lastRequest.isEmpty {
                call.request = .init(
                    id: state.lastRequest, hash: [UInt8(Int.random(in: 0..<2, using: &state.random))])
            }
            state.lastRequest = call.request?.id ?? ""
        }
        return call
    }

    @discardableResult
    func attempt<Value>(_ name: String, _ body: () async throws(TelehealthError) -> Value) async
        -> Value?
    {
        do {
            let value = try await body()
            note("\(name): ok")
            return value
        } catch {
            note("\(name): \(error.reason.rawValue)")
            return nil
        }
    }

    func join(_ caller: Caller) async {
        guard let session else { return }
        let device: String? = [nil, "a", "b"][pick(3)]
        let command = JoinSession(
            sessionID: session, preVisitCheck: caller.role == .client ? Clinic.check : nil, deviceID: device)
        let outcome = await attempt("join \(caller.subject)") { () throws(TelehealthError) in
            try await life.useCases.sessions.join(command, invocation(caller))
        }
        guard let media = outcome?.media, let participant = outcome?.participant else { return }
        let state = clinic.store.snapshot.sessions[session]
        let wasLetIn = state?.participant(participant.id)?.admittedAt != nil
        let isOwn = media.credentials.externalUserID == participant.externalUserID
        let token = HeldToken(
            session: session, participant: participant.id, generation: media.meeting.generation,
            meetingID: media.meeting.meetingID ?? "", attendeeID: media.credentials.attendeeID)
        self.state.withLock { $0.tokens.append(token) }
        if !wasLetIn || !isOwn || participant.state != .admitted { fail("credentials without admission") }
    }

    private func startRecording() async {
        guard let session else { return }
        let outcome = await attempt("record") { () throws(TelehealthError) in
            try await life.useCases.recordings.start(
                StartRecording(sessionID: session), invocation(Clinic.clinicianCaller))
        }
        guard let id = outcome?.recording.id else { return }
        promise("recording \(id)") { $0.sessions[session]?.recording(id) != nil }
    }

    private func stopRecording() async {
        guard let session else { return }
        let outcome = await attempt("stop recording") { () throws(TelehealthError) in
            try await life.useCases.recordings.stop(
                StopRecording(sessionID: session), invocation(Clinic.clinicianCaller))
        }
        guard let id = outcome?.recording.id else { return }
        promise("stop of \(id)") { $0.sessions[session]?.recording(id)?.stopCause != nil }
    }

    func leave(_ caller: Caller) async {
        guard let session else { return }
        await attempt("leave \(caller.subject)") { () throws(TelehealthError) in
            try await life.useCases.sessions.leave(
                LeaveSession(sessionID: session, deviceID: pick(3) == 0 ? "a" : nil), invocation(caller))
        }
    }

    private func share(_ caller: Caller) async {
        guard let session else { return }
        let starts = pick(3) > 0
        let share = await attempt("share \(starts)") { () throws(TelehealthError) in
            starts
                ? try await life.useCases.screenShares.start(session, invocation(caller))
                : try await life.useCases.screenShares.stop(session, invocation(caller))
        }
        guard starts, let share else { return }
        let sharer = clinic.store.snapshot.sessions[session]?.participant(share.share.participantID)
        if sharer?.role.rights.sharesScreen != true { fail("somebody who only watches was let share") }
    }

    private func finish() async {
        guard let session else { return }
        let way = pick(7)
        let state = await attempt("finish \(way)") { () throws(TelehealthError) in
            switch way {
            case 0...2:
                try await life.useCases.sessions.end(
                    EndSession(sessionID: session), invocation(Clinic.clinicianCaller))
            case 3:
                try await life.useCases.sessions.cancel(
                    CancelSession(sessionID: session, reason: .technical), invocation(Clinic.clientCaller))
            case 4: try await life.useCases.sessions.markNoShow(session, invocation(Clinic.clinicianCaller))
            case 5: try await life.useCases.sessions.undoNoShow(session, invocation(Clinic.scheduler))
            default:
                try await life.useCases.sessions.updateStatus(
                    session, to: .completed, invocation(Clinic.clinicianCaller))
            }
        }
        guard let status = state?.session.status, status.isTerminal, let id = state?.session.id else {
            return
        }
        promise("\(status) of \(id)") {
            let row = $0.sessions[id]?.session
            return row?.status == status || status == .noShow && row?.noShowUndoneAt != nil
        }
    }

    private func admit() async {
        guard let session, let people = clinic.store.snapshot.sessions[session]?.participants, !people.isEmpty
        else { return }
        let person = people[pick(people.count)].id
        await attempt("admit") { () throws(TelehealthError) in
            try await life.useCases.participants.admit(session, person, invocation(Clinic.clinicianCaller))
        }
    }

    private func create() async {
        let state = await attempt("create") { () throws(TelehealthError) in
            try await life.useCases.sessions.create(
                CreateSession(appointmentID: Clinic.appointment), invocation(Clinic.scheduler))
        }
        guard let id = state?.session.id else { return }
        promise("session \(id)") { $0.sessions[id] != nil }
    }

    // Machines

    private func work() async {
        let claimed = await life.worker.runDue()
        if claimed > 0 { note("worked \(claimed)") }
    }

    private func sweep() async {
        do { note("swept \(try await life.sweeper.sweep())") } catch { note("sweep failed") }
    }

    private func fault() {
        let calls = [
            "createMeeting", "deleteMeeting", "startCapture", "stopCapture", "findCapture", "attendee",
            "createAttendee", "capture", "startConcatenation", "deleteAttendee",
        ]
        let call = calls[pick(calls.count)]
        switch pick(5) {
        case 0...1: clinic.chime.fail(call, .loseAnswer)
        case 2: clinic.chime.fail(call, .refuse(GatewayError(kind: .notAuthorised, code: "Forbidden")))
        default: clinic.chime.fail(call, .refuse(GatewayError(kind: .throttled, code: "Throttling")))
        }
        note("fault \(call)")
    }

    private func lightFuse() {
        life.fuse.light(pick(16))
        note("fuse lit")
    }

    func fail(_ sentence: String) { state.withLock { $0.failures.append(sentence) } }

    /// Whatever runs at Chime, some row knows it.
    private func checkChime() {
        let tables = clinic.store.snapshot
        let tokens = Set(tables.sessions.values.flatMap(\.meetings).map(\.clientRequestToken))
        let prefixes = Set(
            tables.sessions.values.flatMap(\.recordings).filter(\.state.mayCapture).map(\.capturePrefix))
        for meeting in clinic.chime.liveMeetings where !tokens.contains(meeting.token) {
            fail("a meeting that no row knows")
        }
        for capture in clinic.chime.runningCaptures where !prefixes.contains(capture.prefix) {
            fail("a capture that no row knows")
        }
    }

    /// A token handed out lives only as long as its bearer is in the visit, give or take the outbox.
    private func checkTokens() {
        let tables = clinic.store.snapshot
        let pending = Set(
            tables.effects.lazy.filter { $0.state != .done }.compactMap { effect in
                if case .attendee(.delete, let id, _) = effect.kind { id } else { nil }
            })
        let alive = Dictionary(
            uniqueKeysWithValues: clinic.chime.liveMeetings.map { ($0.id, Set($0.attendees.values)) })
        for token in state.withLock({ $0.tokens }) where alive[token.meetingID] != nil {
            guard let session = tables.sessions[token.session],
                session.meeting(token.generation)?.state == .active,
                let person = session.participant(token.participant), !pending.contains(person.id)
            else { continue }
            switch person.state {
            case .waiting, .removed, .denied:
                if alive[token.meetingID]?.contains(token.attendeeID) == true {
                    fail("the token of somebody \(person.state) is alive")
                }
            case .expected, .admitted, .left: break
            }
        }
    }

    /// With nothing left to do, everybody in the visit has at Chime what the roster says.
    private func checkCapabilities() {
        let tables = clinic.store.snapshot
        for session in tables.sessions.values {
            guard let meeting = session.liveMeeting, meeting.state == .active,
                let chime = clinic.chime.liveMeetings.first(where: { $0.id == meeting.meetingID }),
                !tables.effects.contains(where: { $0.sessionID == session.session.id && $0.state != .done })
            else { continue }
            for person in session.admitted where person.attendeeGeneration == meeting.generation {
                guard let has = chime.capabilities[person.externalUserID],
                    chime.attendees[person.externalUserID] != nil
                else { continue }
                if has != person.capabilities { fail("\(person.role) may send what the roster forbids") }
            }
        }
    }

    /// After the last crash: the open session is ended, and everything outside comes to its end by the
    /// worker alone, although people keep the meetings alive.
    private func settle() async {
        let next = Self.life(clinic, policy)
        state.withLock { $0.life = next }
        clinic.chime.forgetFaults()
        clinic.store.interrupt {}
        for _ in 0..<10 {
            clinic.chime.speak()
            await life.worker.runDue()
            clinic.time.advance(by: .seconds(31))
        }
        checkTokens()
        checkCapabilities()
        await watch()
        look()
        state.withLock { state in
            state.watch?.open?.close()
            state.watch = nil
        }
        for state in clinic.store.snapshot.sessions.values where !state.session.status.isTerminal {
            let id = state.session.id
            await attempt("settle") { () throws(TelehealthError) in
                state.session.status == .inProgress
                    ? try await life.useCases.sessions.end(EndSession(sessionID: id), clinic.call(Clinic.admin))
                    : try await life.useCases.sessions.cancel(
                        CancelSession(sessionID: id, reason: .other), clinic.call(Clinic.admin))
            }
        }
        for _ in 0..<80 {
            clinic.chime.speak()
            await life.worker.runDue()
            clinic.time.advance(by: .seconds(3))
            if clinic.pendingEffects.isEmpty { break }
        }
        let tables = clinic.store.snapshot
        if !clinic.pendingEffects.isEmpty { fail("undone: \(clinic.pendingEffects.map(\.kind))") }
        if !clinic.chime.liveMeetings.isEmpty { fail("a meeting outlived its session") }
        if !clinic.chime.runningCaptures.isEmpty { fail("a capture outlived its session") }
        if clinic.chime.world.withLock({ $0.capturesCutByDeletion }) > 0 {
            fail("a meeting was deleted under a running capture")
        }
        for state in tables.sessions.values {
            if !state.session.status.isTerminal { fail("an open session is left") }
            if state.meetings.contains(where: { $0.state != .ended && $0.state != .failed }) {
                fail("a generation is left")
            }
            if state.recordings.contains(where: { ![.available, .failed, .deleted].contains($0.state) }) {
                fail("a recording is left: \(state.recordings.map(\.state))")
            }
            if state.recordings.contains(where: { $0.state == .deleted && $0.hold != nil }) {
                fail("a recording was deleted under hold")
            }
        }
    }
}
