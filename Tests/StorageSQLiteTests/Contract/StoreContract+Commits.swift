import Synchronization
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

/// What a follower heard, in the order in which it heard it.
final class CommitLog: Sendable {
    private let notices = Mutex<[CommitNotice]>([])

    /// - Returns: as ``CommitFeed/follow(_:)``.
    @discardableResult
    func follow(_ store: any TelehealthStore) -> Int64 {
        store.follow { [self] notice in notices.withLock { $0.append(notice) } }
    }

    var all: [CommitNotice] { notices.withLock { $0 } }
    var events: [SessionEvent] { all.flatMap(\.events) }

    func sequences(of session: SessionID) -> [Int64] {
        events.filter { $0.sessionID == session }.map(\.sequence)
    }
}

extension StoreContract {
    private static let entry = AuditEntry(
        at: Sample.at(0), subject: "user-1", role: .admin, actor: nil, action: "Change", outcome: .allowed)

    /// Loads, adds one event and one version, and begins again on a conflict.
    ///
    /// - Parameter name: written into the event, as somebody's id.
    private static func addEvent(_ store: any TelehealthStore, session id: SessionID, named name: String)
        async throws -> SessionEvent
    {
        while true {
            var session = try #require(try await store.session(id)).session
            var decision = Decision()
            decision.expectations = [.session(id, version: session.version)]
            session.version += 1
            session.lastEventSequence += 1
            let event = SessionEvent(
                sessionID: id, sequence: session.lastEventSequence, at: Sample.at(0), kind: .statusChanged,
                status: .inProgress, participantID: ParticipantID(name))
            decision.changes = [.session(session)]
            decision.events = [event]
            decision.audit = [entry]
            if try await store.apply(decision) == .committed { return event }
        }
    }

    private static let callers = 16
    private static let rounds = 12
    private static let sessions = (0..<3).map { SessionID("session-\($0)") }

    /// Many callers, each of whom adds its events one after another to the sessions in turn.
    ///
    /// - Parameter answered: called when a commit was answered, before the next one is begun.
    private static func addEventsAtOnce(
        _ store: any TelehealthStore, answered: @escaping @Sendable (SessionEvent) async throws -> Void = { _ in }
    ) async throws {
        for index in sessions.indices { try await store.commit(Sample.creation("\(index)")) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    for round in 0..<rounds {
                        try await answered(
                            try await addEvent(
                                store, session: sessions[(caller + round) % sessions.count],
                                named: "\(caller) \(round)"))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    static let commitPromises = [
        StorePromise("events are published once, in the order of their commits, however many commit at once") {
            (store) async throws in
            let log = CommitLog()
            log.follow(store)
            try await addEventsAtOnce(store)
            for session in sessions {
                let kept = try await store.events(of: session, after: 0, limit: 10_000)
                #expect(log.events.filter { $0.sessionID == session } == kept)
            }
            #expect(log.events.count == callers * rounds)
            // Across sessions: what a caller asked for after an answer was committed after what was answered.
            let names = log.events.compactMap { $0.participantID?.rawValue.split(separator: " ").map(String.init) }
            for caller in 0..<callers {
                let order = names.filter { $0[0] == "\(caller)" }.map { $0[1] }
                #expect(order == (0..<rounds).map(String.init))
            }
            let positions = log.all.map(\.position)
            #expect(positions == positions.sorted())
            #expect(log.all.flatMap(\.changes).map(\.position).isSorted)
        },
        StorePromise("events are published before their commit is answered") { (store) async throws in
            let log = CommitLog()
            log.follow(store)
            let late = Atomic(0)
            try await addEventsAtOnce(store) { event in
                if !log.events.contains(event) { late.add(1, ordering: .relaxed) }
            }
            #expect(late.load(ordering: .relaxed) == 0)
        },
        StorePromise("whoever begins to follow hears all that cannot be read yet") { (store) async throws in
            let begun = Mutex<[(log: CommitLog, session: SessionID, read: Int64)]>([])
            try await addEventsAtOnce(store) { event in
                let log = CommitLog()
                log.follow(store)
                let read = try #require(try await store.session(event.sessionID)).session.lastEventSequence
                begun.withLock { $0.append((log, event.sessionID, read)) }
            }
            let followers = begun.withLock { $0 }
            #expect(followers.count == callers * rounds)
            for (log, session, read) in followers {
                let last = try #require(try await store.session(session)).session.lastEventSequence
                let heard = log.sequences(of: session)
                let first = heard.first ?? last + 1
                #expect(first <= read + 1 && heard == Array(first..<last + 1))
            }
        },
        StorePromise("what is declined is not published") { (store) async throws in
            var creation = Sample.creation("a")
            creation.events = [Sample.event(1, session: "a")]
            creation.request = Sample.request("twin")
            try await store.commit(creation)
            let log = CommitLog()
            log.follow(store)
            var late = Decision()
            late.expectations = [.session("session-a", version: 7)]
            late.events = [Sample.event(2, session: "a")]
            #expect(try await store.apply(late) == .conflict)
            var repeated = Decision()
            repeated.request = Sample.request("twin")
            repeated.events = [Sample.event(2, session: "a")]
            #expect(try await store.apply(repeated) == .requestExists(Sample.request("twin")))
            try await store.record(entry)
            #expect(log.events == [] && log.all.allSatisfy { $0.endedSessions.isEmpty && !$0.hasPendingEffects })
            #expect(log.all.last?.position ?? 0 > 0, "the entry is published all the same")
        },
        StorePromise("a notice names the sessions that are over, and says whether there is work") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            try await store.commit(Sample.creation("b"))
            let log = CommitLog()
            log.follow(store)
            var effect = Sample.effect("e", session: "a", sequence: 1)
            try await store.commit(Decision([.effect(effect)]))
            effect.state = .done
            try await store.commit(Decision([.effect(effect)]))
            try await store.commit(Decision([.session(Sample.session("a", status: .completed))]))
            try await store.commit(Decision([.session(Sample.session("b", status: .inProgress))]))
            #expect(log.all.map(\.hasPendingEffects) == [true, false, false, false])
            #expect(log.all.map(\.endedSessions) == [[], [], ["session-a"], []])
        },
    ]
}

extension [Int64] {
    fileprivate var isSorted: Bool { self == sorted() }
}
