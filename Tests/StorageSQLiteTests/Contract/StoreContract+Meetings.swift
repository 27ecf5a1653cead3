import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

extension StoreContract {
    private static func fact(_ id: String, _ seconds: Int64, session: String = "a") -> MeetingFact {
        MeetingFact(
            id: id, sessionID: SessionID("session-\(session)"), generation: 1, kind: .attendeeJoined,
            at: Sample.at(seconds), participantID: ParticipantID("p"), pipelineID: "pipe",
            receivedAt: Sample.at(seconds + 1))
    }

    private static func interval(_ id: String, _ from: Int64, _ to: Int64?) -> PresenceInterval {
        var row = PresenceInterval(
            id: id, sessionID: "session-a", participantID: "p", generation: 1, startedAt: Sample.at(from))
        row.endedAt = to.map(Sample.at)
        return row
    }

    static let meetingPromises = [
        StorePromise("facts are kept whole, and a decision holds while their number stands") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            var first = Decision([.meetingFact(fact("e1", 1)), .meetingFact(fact("e2", 2))])
            first.expectations = [.meetingFacts("session-a", count: 0)]
            try await store.commit(first)
            let stored = try await store.meetingFacts(of: "session-a")
            #expect(Set(stored) == [fact("e1", 1), fact("e2", 2)])
            var stale = Decision([.meetingFact(fact("e3", 3))])
            stale.expectations = [.meetingFacts("session-a", count: 1)]
            #expect(try await store.apply(stale) == .conflict)
            #expect(try await store.apply(Decision([.meetingFact(fact("e1", 9))])) == .conflict)
            #expect(try await store.meetingFacts(of: "session-b").isEmpty)
        },
        StorePromise("presence intervals are replaced by their id and come by their begin") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            try await store.commit(
                Decision([.presence(interval("e2", 20, nil)), .presence(interval("e9", 10, 15))]))
            var ended = interval("e2", 20, 30)
            ended.endCause = .dropped
            ended.resumedAt = Sample.at(40)
            try await store.commit(Decision([.presence(ended)]))
            #expect(try await store.presence(of: "session-a") == [interval("e9", 10, 15), ended])
        },
        StorePromise("a session is found by its meeting, its token and its pipelines") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            try await store.commit(Sample.creation("b"))
            try await store.commit(
                Decision([
                    .meeting(Sample.fullMeeting(1, session: "a")),
                    .recording(Sample.fullRecording("r", session: "b")),
                ]))
            #expect(try await store.owner(of: .meeting("meeting-1")) == "session-a")
            #expect(try await store.owner(of: .token("token-1")) == "session-a")
            #expect(try await store.owner(of: .pipeline("pipeline")) == "session-b")
            #expect(try await store.owner(of: .pipeline("concatenation")) == "session-b")
            for reference in [MeetingReference.meeting("x"), .token("x"), .pipeline("x")] {
                #expect(try await store.owner(of: reference) == nil)
            }
        },
        StorePromise("recordings to delete are those whose time is over and that nothing keeps") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            func row(_ id: String, _ state: Recording.State, until: Int64?, held: Bool = false) -> Recording {
                var row = Sample.recording(id, session: "a")
                row.state = state
                row.retainUntil = until.map(Sample.at)
                row.hold = held ? LegalHold(setAt: Sample.at(0), setBy: "a", reason: "r") : nil
                return row
            }
            try await store.commit(
                Decision([
                    .recording(row("late", .available, until: 20)),
                    .recording(row("due", .failed, until: 10)),
                    .recording(row("held", .available, until: 5, held: true)),
                    .recording(row("open", .available, until: nil)),
                    .recording(row("runs", .recording, until: 5)),
                    .recording(row("gone", .deleted, until: 5)),
                    .recording(row("later", .available, until: 31)),
                ]))
            let due = try await store.recordingsToDelete(before: Sample.at(30), limit: 10)
            #expect(due.map(\.recording) == ["due", "late"])
            #expect(due.allSatisfy { $0.session == "session-a" })
            #expect(try await store.recordingsToDelete(before: Sample.at(30), limit: 1).count == 1)
        },
        StorePromise("a person's quality is one row, guarded by the number of its reports") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            var quality = ClientQuality(
                sessionID: "session-a", participantID: "p", firstReportAt: Sample.at(1))
            quality.lastReportAt = Sample.at(2)
            quality.reportCount = 3
            quality.joinCount = 1
            quality.video = .milliseconds(4000)
            quality.videoAt720 = .milliseconds(3000)
            quality.observed = .milliseconds(5000)
            quality.lossPercentMilliseconds = 6
            quality.framesMilliseconds = 7
            quality.drops = 8
            quality.connectionClass = .fair
            quality.classToldAt = Sample.at(9)
            quality.classTold = .poor
            var first = Decision([.clientQuality(quality)])
            first.expectations = [.clientReports("session-a", "p", count: 0)]
            try await store.commit(first)
            #expect(try await store.quality.clientQuality(of: "p", in: "session-a") == quality)
            #expect(try await store.apply(first) == .conflict)
            #expect(try await store.quality.clientQuality(of: "q", in: "session-a") == nil)
        },
        StorePromise("the figures of a period are its rows' sums, its begin taken in and its end left out") {
            (store) async throws in
            try await fillFigures(store)
            let figures = try await store.quality.serviceFigures(
                ServiceFiguresQuery(from: Sample.at(0), to: Sample.at(1000), joinConsents: [[.hipaaTelehealth, .telehealth]])
            )
            #expect(figures.sessionsCreated == 3 && figures.sessionsWithFailedMeeting == 1)
            #expect(figures.creationFailures == 1)
            #expect(figures.joins == 100 && figures.joinTotal == .milliseconds(5050 * 10))
            #expect(figures.join95th == .milliseconds(950))
            #expect(figures.reporters == 1 && figures.video == .seconds(10))
            #expect(figures.videoAt720 == .seconds(6))
            #expect(figures.intervals == 2 && figures.drops == 1 && figures.reconnections == 1)
            #expect(figures.presence == .seconds(150) && figures.disconnected == .seconds(10))
            #expect(figures.visits == 2 && figures.visitsCovered == 1)
            #expect(figures.recordings == 2 && figures.recordingsCovered == 1)
            let empty = try await store.quality.serviceFigures(
                ServiceFiguresQuery(from: Sample.at(5000), to: Sample.at(6000), joinConsents: []))
            #expect(empty == ServiceFigures())
        },
    ]

    private static func fillFigures(_ store: any TelehealthStore) async throws {
        // One before the period, one at its end: neither counts.
        for (name, created) in [("a", 0), ("b", 10), ("c", 999), ("early", -1), ("late", 1000)]
            as [(String, Int64)]
        {
            try await store.commit(Sample.creation(name, client: "client-\(name)", created: created))
        }
        var failed = Sample.fullMeeting(1, session: "b")
        failed.state = .failed
        failed.activeAt = nil
        var rows: [Decision.Change] = [.meeting(failed), .meeting(Sample.fullMeeting(1, session: "a"))]
        for name in ["a", "b"] {
            var visit = Sample.session(
                name, appointment: Sample.appointment(name, client: "client-\(name)"),
                created: name == "a" ? 0 : 10)
            visit.startedAt = Sample.at(100)
            rows.append(.session(visit))
        }
        rows.append(.consent(Sample.consent("c-1", subject: "client-a", recorded: 50)))
        // Given after the visit began: too late for it.
        rows.append(.consent(Sample.consent("c-2", subject: "client-b", recorded: 150)))
        for index in 1...100 {
            rows.append(
                .joinTime(
                    JoinTime(
                        sessionID: "session-a", participantID: "p", number: index,
                        at: Sample.at(Int64(index)),
                        duration: .milliseconds(10 * ((index * 37) % 101)))))
        }
        rows.append(
            .joinTime(
                JoinTime(
                    sessionID: "session-a", participantID: "p", number: 101, at: Sample.at(1000),
                    duration: .seconds(60))))
        var quality = ClientQuality(sessionID: "session-a", participantID: "p", firstReportAt: Sample.at(5))
        quality.video = .seconds(10)
        quality.videoAt720 = .seconds(6)
        rows.append(.clientQuality(quality))
        var dropped = interval("e1", 100, 200)
        dropped.endCause = .dropped
        dropped.resumedAt = Sample.at(210)
        rows += [
            .presence(dropped), .presence(interval("e2", 210, 260)), .presence(interval("e3", 300, nil)),
        ]
        for (id, consents) in [("r1", [ConsentID("c-1")]), ("r2", [])] {
            var recording = Sample.recording(id, session: "a")
            recording.startedAt = Sample.at(120)
            recording.consentIDs = consents
            rows.append(.recording(recording))
        }
        rows += [
            .serviceFailure(ServiceFailure(at: Sample.at(1), action: "CreateSession", reason: "STORE_FULL")),
            .serviceFailure(ServiceFailure(at: Sample.at(1), action: "JoinSession", reason: "STORE_FULL")),
            .serviceFailure(
                ServiceFailure(at: Sample.at(1000), action: "CreateSession", reason: "STORE_FULL")),
        ]
        try await store.commit(Decision(rows))
    }
}
