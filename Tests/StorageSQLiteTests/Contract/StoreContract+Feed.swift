import Synchronization
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

extension StoreContract {
    private static func changed(_ name: String, version: Int64 = 2, client: String = "client-1") -> Decision {
        var session = Sample.session(name, appointment: Sample.appointment(name, client: client))
        session.version = version
        var decision = Decision([.session(session)])
        decision.audit = [entry]
        return decision
    }

    private static func audited(_ decision: Decision) -> Decision {
        var decision = decision
        decision.audit = [entry]
        return decision
    }

    private static let entry = AuditEntry(
        at: Sample.at(0), subject: "user-1", role: .admin, actor: nil, action: "Change", outcome: .allowed)
    private static let always = Sample.at(-1_000_000)..<Sample.at(1_000_000)

    static let feedPromises = [
        StorePromise("a follower hears of every later commit, in order, and can read what it changed") {
            (store) async throws in
            try await store.commit(audited(Sample.creation("before")))
            let heard = Mutex<[CommitNotice]>([])
            let start = store.follow { news in heard.withLock { $0.append(news) } }
            for name in ["a", "b"] { try await store.commit(audited(Sample.creation(name))) }
            try await store.record(entry)
            try await store.commit(changed("a"))
            let news = heard.withLock { $0 }
            #expect(news.map(\.position) == news.map(\.position).sorted() && (news.first?.position ?? 0) > start)
            let changes = news.flatMap(\.changes)
            #expect(changes.map(\.sessionID.rawValue) == ["session-a", "session-b", "session-a"])
            #expect(Set(changes.map(\.position)).count == 3 && changes.allSatisfy { $0.position > start })
            let marks = try await store.visitFeed.visitMarks(VisitQuery(viewer: nil, range: always, limit: 10))
            #expect(marks.map(\.sessionID.rawValue) == ["session-a", "session-b", "session-before"])
            #expect(marks.first?.position == changes.last?.position)
            for mark in marks { #expect(try await store.visitFeed.feedPosition(of: mark.sessionID) == mark.position) }
            #expect(try await store.visitFeed.feedPosition(of: SessionID("nobody's")) == 0)
        },
        StorePromise("a position's seal is known when its commit is, and no other is") { (store) async throws in
            let start = store.follow { _ in }
            try await store.commit(audited(Sample.creation("a")))
            let mark = try #require(
                try await store.visitFeed.visitMarks(VisitQuery(viewer: nil, range: always, limit: 1)).first)
            let seal = try #require(try await store.visitFeed.feedSeal(at: mark.position))
            #expect(mark.position == start + 1 && seal.position == mark.position && !seal.key.isEmpty)
            #expect(seal.at == entry.at)
            #expect(try await store.visitFeed.feedSeal(at: mark.position + 1) == nil)
            #expect(try await store.visitFeed.feedSeal(at: 0) != nil)
        },
        StorePromise("visits are marked by range, by place and by what changed behind a position") {
            (store) async throws in
            for (index, name) in ["a", "b", "c"].enumerated() {
                try await store.commit(
                    audited(Sample.creation(name, clinician: "doc-\(index)", start: Int64(index) * 100)))
            }
            var invited = Decision([
                .participant(
                    Participant(
                        id: ParticipantID("place"), sessionID: SessionID("session-b"), subjectID: SubjectID("doc-0"),
                        role: .coClinician, externalUserID: "external"))
            ])
            invited.audit = [entry]
            try await store.commit(invited)
            func marked(_ viewer: String?, _ range: Range<Timestamp> = always, after: Int64? = nil, limit: Int = 10)
                async throws -> [String]
            {
                let query = VisitQuery(
                    viewer: viewer.map { SubjectID($0) }, range: range, changedAfter: after, limit: limit)
                return try await store.visitFeed.visitMarks(query).map(\.sessionID.rawValue)
            }
            #expect(try await marked(nil) == ["session-a", "session-b", "session-c"])
            #expect(try await marked(nil, limit: 2) == ["session-a", "session-b"])
            #expect(try await marked("doc-0") == ["session-a", "session-b"])
            #expect(try await marked("doc-2") == ["session-c"])
            #expect(try await marked("nobody") == [])
            #expect(try await marked(nil, Sample.at(0)..<Sample.at(100)) == ["session-a"])
            let marks = try await store.visitFeed.visitMarks(VisitQuery(viewer: nil, range: always, limit: 10))
            #expect(try await marked(nil, after: marks[1].position) == ["session-c"])
            try await store.commit(changed("a"))
            #expect(try await marked("doc-1", after: marks[2].position) == ["session-a"], "it is doc-1's now")
        },
        StorePromise("a consent of a client moves their open visits in the feed, and no others") {
            (store) async throws in
            for (name, client, status) in [
                ("a", "client-1", SessionStatus.scheduled), ("b", "client-1", .completed),
                ("c", "client-2", .scheduled),
            ] {
                try await store.commit(audited(Sample.creation(name, client: client, status: status)))
            }
            let last = try await store.visitFeed.visitMarks(VisitQuery(viewer: nil, range: always, limit: 10))
                .map(\.position).max()
            try await store.commit(audited(Decision([.consentVersion(SubjectID("client-1"), 1)])))
            let moved = try await store.visitFeed.visitMarks(
                VisitQuery(viewer: nil, range: always, changedAfter: last, limit: 10))
            #expect(moved.map(\.sessionID.rawValue) == ["session-a"])
        },
        StorePromise("departures are kept for their viewers, and pruned with the events") { (store) async throws in
            try await store.commit(audited(Sample.creation("a")))
            let start = try await store.visitFeed.visitMarks(VisitQuery(viewer: nil, range: always, limit: 1))[0].position
            func departure(_ viewer: String?, at second: Int64) -> VisitDeparture {
                VisitDeparture(
                    sessionID: SessionID("session-a"), viewer: viewer.map { SubjectID($0) },
                    formerStart: Sample.at(50), at: Sample.at(second))
            }
            var first = changed("a")
            first.departures = [departure("doc-1", at: 1), departure(nil, at: 1)]
            try await store.commit(first)
            var second = changed("a", version: 3)
            second.departures = [departure("doc-1", at: 5)]
            try await store.commit(second)
            func kept(_ viewer: String?, after position: Int64, limit: Int = 10) async throws -> [VisitDeparture] {
                try await store.visitFeed.departures(of: viewer.map { SubjectID($0) }, after: position, limit: limit)
                    .map(\.departure)
            }
            #expect(try await kept("doc-1", after: start) == [departure("doc-1", at: 1), departure("doc-1", at: 5)])
            #expect(try await kept("doc-1", after: start, limit: 1) == [departure("doc-1", at: 1)])
            #expect(try await kept("doc-1", after: start + 1) == [departure("doc-1", at: 5)])
            #expect(try await kept(nil, after: start) == [departure(nil, at: 1)])
            #expect(try await kept("doc-2", after: 0) == [])
            try await store.prune(
                requestsBefore: Sample.at(0), eventsBefore: Sample.at(3), effectsBefore: Sample.at(0),
                earlyCancellationsBefore: Sample.at(0))
            #expect(try await kept("doc-1", after: 0) == [departure("doc-1", at: 5)])
            #expect(try await kept(nil, after: 0) == [])
        },
    ]
}
