import Synchronization
import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("A watch of all visits of a range") struct SessionsWatchTests {
    private static let day = VirtualTime.nine..<(VirtualTime.nine + .seconds(86_400))

    private func open(
        _ clinic: Clinic, _ caller: Caller = Clinic.clinicianCaller, _ range: Range<Timestamp> = day,
        behind token: String? = nil
    ) async throws(TelehealthError) -> SessionsWatch {
        try await clinic.useCases.watches.watchSessions(
            startingFrom: range.lowerBound, before: range.upperBound, behind: token, clinic.call(caller))
    }

    /// What a viewer sees: `s` for a snapshot's visits, `c` for a change, each with the version, `g` for one that is
    /// gone, `h` for a heartbeat.
    private func word(_ step: SessionsWatch.Step?) -> String {
        switch step {
        case .visits(let briefs, _): "s" + briefs.map { "\($0.state.session.version)" }.joined(separator: ",")
        case .changed(let brief, _): "c\(brief.state.session.version)"
        case .gone: "g"
        case .heartbeat: "h"
        case nil: "-"
        }
    }

    private func token(_ step: SessionsWatch.Step?) -> String? {
        switch step {
        case .visits(_, let token): token
        case .changed(_, let token), .gone(_, let token), .heartbeat(let token): token
        case nil: nil
        }
    }

    /// Everything that is there to be told, and the last token.
    private func told(_ watch: inout SessionsWatch, _ clinic: Clinic) async throws -> (words: [String], token: String) {
        await clinic.useCases.watches.tellSessionsWatchesOnce()
        clinic.useCases.watches.sessionsWatches.tick(now: clinic.time.now)
        var words: [String] = []
        while true {
            let step = try await watch.next()
            words.append(word(step))
            if case .heartbeat(let token)? = step, words.count > 0 { return (words.dropLast(), token) }
            if step == nil { return (words, "") }
        }
    }

    private func move(_ clinic: Clinic, version: Int64, by start: Duration, to clinician: SubjectID = Clinic.clinician)
        async throws
    {
        _ = try await clinic.useCases.appointments.put(
            clinic.put(version: version, start: start, clinician: clinician), clinic.call(Clinic.scheduler))
    }

    @Test func `it begins with what there is and goes on with every change, the newest for several`() async throws {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        var watch = try await open(clinic)
        #expect(try await told(&watch, clinic).words == ["s1"])
        _ = try await clinic.join(Clinic.clientCaller, id)
        let version = try clinic.state(id).session.version
        #expect(try await told(&watch, clinic).words == ["c\(version)"])
        #expect(try await told(&watch, clinic).words == [], "nothing twice")
    }

    @Test func `a commit that was read before it was published is not sent again`() async throws {
        let clinic = Clinic()
        _ = try await clinic.open()
        var watch = try await open(clinic)
        _ = try await told(&watch, clinic)
        try await move(clinic, version: 2, by: .seconds(61))
        // The next commit can be read, and whoever reports it is late.
        let held = Mutex<[CommitNotice]>([])
        let followers = clinic.store.tables.withLock { tables in
            defer { tables.followers = [{ notice in held.withLock { $0.append(notice) } }] }
            return tables.followers
        }
        try await move(clinic, version: 3, by: .seconds(120))
        #expect(try await told(&watch, clinic).words == ["c3"])
        for notice in held.withLock({ $0 }) { for follower in followers { follower(notice) } }
        #expect(try await told(&watch, clinic).words == [])
    }

    @Test func `behind any token comes what changed behind it, and nothing else`() async throws {
        let clinic = Clinic()
        _ = try await clinic.open()
        var watch = try await open(clinic)
        var tokens = [try await told(&watch, clinic).token]
        for step in 1...4 {
            try await move(clinic, version: Int64(step + 1), by: .seconds(60 + Int64(step)))
            tokens.append(try await told(&watch, clinic).token)
        }
        for (index, token) in tokens.enumerated() {
            var resumed = try await open(clinic, behind: token)
            #expect(word(try await resumed.next()) == "h", "it is greeted")
            #expect(try await told(&resumed, clinic).words == (index == 4 ? [] : ["c5"]), "behind token \(index)")
            resumed.leave()
        }
    }

    @Test func `a visit goes when it is handed over or moved away, for those who saw it and nobody else`()
        async throws
    {
        let clinic = Clinic()
        _ = try await clinic.open()
        var watches = [
            try await open(clinic), try await open(clinic, Clinic.otherClinician), try await open(clinic, Clinic.admin),
        ]
        func all() async throws -> [[String]] {
            var words: [[String]] = []
            for index in watches.indices { words.append(try await told(&watches[index], clinic).words) }
            return words
        }
        #expect(try await all() == [["s1"], ["s"], ["s1"]])
        try await move(clinic, version: 2, by: .seconds(60), to: Clinic.otherSubject)
        #expect(try await all() == [["g"], ["c2"], ["c2"]])
        try await move(clinic, version: 3, by: .seconds(90_000), to: Clinic.otherSubject)
        #expect(try await all() == [[], ["g"], ["g"]])
        try await move(clinic, version: 4, by: .seconds(60))
        #expect(try await all() == [["c4"], [], ["c4"]])
    }

    @Test func `what goes while nobody watches is told to who resumes, and to no stranger`() async throws {
        let clinic = Clinic()
        _ = try await clinic.open()
        var tokens: [String] = []
        let callers = [Clinic.clinicianCaller, Clinic.otherClinician, Clinic.scheduler]
        for caller in callers {
            var watch = try await open(clinic, caller)
            tokens.append(try #require(token(try await watch.next())))
            watch.leave()
        }
        try await move(clinic, version: 2, by: .seconds(90_000))
        var seen: [[String]] = []
        for (caller, token) in zip(callers, tokens) {
            var watch = try await open(clinic, caller, behind: token)
            _ = try await watch.next()
            seen.append(try await told(&watch, clinic).words)
            watch.leave()
        }
        #expect(seen == [["g"], [], ["g"]])
    }

    @Test func `a consent of the client is a change of their open visits`() async throws {
        let clinic = Clinic()
        let id = try await clinic.open()
        try await clinic.registerDocuments()
        var watch = try await open(clinic)
        guard case .visits(let briefs, _)? = try await watch.next() else {
            Issue.record("no snapshot")
            return
        }
        #expect(briefs.first?.joinGaps?.count == 2)
        try await clinic.grant(.georgiaTelehealth)
        await clinic.useCases.watches.tellSessionsWatchesOnce()
        guard case .changed(let brief, _)? = try await watch.next() else {
            Issue.record("no change")
            return
        }
        #expect(brief.joinGaps?.map(\.type) == [.hipaaTelehealth] && brief.state.session.id == id)
    }

    @Test func `what changes while the snapshot is being read is told, and what the snapshot holds is not told again`()
        async throws
    {
        let clinic = Clinic()
        try await clinic.grantTelehealth()
        let id = try await clinic.open()
        var watch = try await open(clinic)
        // Behind the watch's begin, before its reading.
        _ = try await clinic.join(Clinic.clientCaller, id)
        let version = try clinic.state(id).session.version
        #expect(try await told(&watch, clinic).words == ["s\(version)"])
        var second = try await open(clinic)
        _ = try await second.next()
        _ = try await clinic.join(Clinic.clinicianCaller, id)
        let later = try clinic.state(id).session.version
        #expect(try await told(&second, clinic).words == ["c\(later)"])
    }

    @Test func `a reader that stands still costs a place, and learns the newest of each visit`() async throws {
        let clinic = Clinic()
        _ = try await clinic.open()
        var watch = try await open(clinic)
        #expect(try await told(&watch, clinic).words == ["s1"])
        for step in 1...50 {
            try await move(clinic, version: Int64(step + 1), by: .seconds(60 + Int64(step)))
            await clinic.useCases.watches.tellSessionsWatchesOnce()
        }
        #expect(try await told(&watch, clinic).words == ["c51"])
    }

    @Test func `one that is thousands of visits behind is told to resume`() async throws {
        let hub = SessionsWatchHub(following: MemoryStore())
        let (seat, position) = hub.enter(viewer: nil, expiresAt: Clinic.far)
        let entries = (1...5000).map { number in
            SessionsWatchHub.Entry(
                sessionID: SessionID("session-\(number)"),
                seal: FeedSeal(position: position + Int64(number), key: [], at: VirtualTime.nine), brief: nil,
                readAt: 0, departures: [])
        }
        hub.endRound([nil: entries], through: position + 5000)
        guard case .ended(let error) = await hub.next(seat) else {
            Issue.record("it goes on")
            return
        }
        #expect(error.reason == .watchLagging)
    }

    @Test func `it ends with its token, and when it is left`() async throws {
        let clinic = Clinic()
        let brief = Caller(
            subject: "user-admin", role: .admin, expiresAt: clinic.time.now + .seconds(10))
        var watch = try await open(clinic, brief)
        _ = try await watch.next()
        clinic.time.advance(by: .seconds(11))
        clinic.useCases.watches.sessionsWatches.tick(now: clinic.time.now)
        let ended = await refusal { () async throws(TelehealthError) in try await watch.next() }
        #expect(ended == .tokenExpired)
        watch.leave()
        var left = try await open(clinic)
        _ = try await left.next()
        left.leave()
        #expect(try await left.next() == nil)
        #expect(clinic.useCases.watches.sessionsWatches.watchCount == 0)
    }

    @Test func `a token is good for its caller, range and log, and for half the time that events are kept`()
        async throws
    {
        let clinic = Clinic()
        _ = try await clinic.open()
        var watch = try await open(clinic)
        let token = try #require(token(try await watch.next()))
        #expect(token.utf8.count <= 64)
        func refused(
            _ text: String? = nil, _ caller: Caller = Clinic.clinicianCaller, _ range: Range<Timestamp> = Self.day
        ) async -> TelehealthError.Reason? {
            await refusal { () async throws(TelehealthError) in
                try await open(clinic, caller, range, behind: text ?? token)
            }
        }
        #expect(await refused(nil, Clinic.otherClinician) == .resumeExpired)
        #expect(await refused(nil, Clinic.admin) == .resumeExpired)
        let longer = Self.day.lowerBound..<(Self.day.upperBound + .seconds(1))
        #expect(await refused(nil, Clinic.clinicianCaller, longer) == .resumeExpired)
        #expect(await refused("") == .resumeExpired)
        #expect(await refused(String(token.dropLast())) == .resumeExpired)
        // A clinic where other things have happened.
        let other = Clinic(seed: 2)
        other.time.advance(by: .seconds(1))
        _ = try await other.open()
        _ = try await open(other)
        let foreign = await refusal { () async throws(TelehealthError) in try await open(other, behind: token) }
        #expect(foreign == .resumeExpired)
        clinic.time.advance(by: .seconds(3 * 86_400))
        #expect(await refused() == nil)
        clinic.time.advance(by: .seconds(86_400))
        #expect(await refused() == .resumeExpired)
    }

    @Test(arguments: [Role.client, .service, .guest])
    func `nobody else has such a view, not even a clinician without an id`(_ role: Role) async throws {
        let clinic = Clinic()
        let nameless = Caller(subject: "nobody", role: .clinician, expiresAt: Clinic.far)
        for caller in [Clinic.caller(Clinic.client, role), nameless] {
            let refused = await refusal { () async throws(TelehealthError) in try await open(clinic, caller) }
            #expect(refused == .notAllowed)
        }
        let rows = clinic.store.snapshot.audit.filter { $0.action == "WatchSessions" }
        #expect(rows.map(\.outcome) == [.denied, .denied])
    }

    @Test func `each watch stands once in the audit log`() async throws {
        let clinic = Clinic()
        var watch = try await open(clinic)
        _ = try await told(&watch, clinic)
        #expect(clinic.store.snapshot.audit.filter { $0.action == "WatchSessions" }.count == 1)
    }

    @Test func `more visits than one stream may hold are refused at its begin`() async throws {
        let clinic = Clinic { $0.watchedVisitsMax = 1 }
        _ = try await clinic.open()
        _ = try await open(clinic)
        _ = try await clinic.useCases.appointments.put(
            PutAppointment(
                id: AppointmentID("appointment-2"), clientID: SubjectID("client-2"), clinicianID: Clinic.clinician,
                startsAt: VirtualTime.nine + .seconds(1800), endsAt: VirtualTime.nine + .seconds(3600),
                timeZone: "America/New_York", sourceVersion: 1), clinic.call(Clinic.scheduler))
        _ = try await clinic.useCases.sessions.create(
            CreateSession(appointmentID: AppointmentID("appointment-2")), clinic.call(Clinic.scheduler))
        let refused = await refusal { () async throws(TelehealthError) in try await open(clinic) }
        #expect(refused == .watchTooLarge)
    }
}
