import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

extension StoreContract {
    /// Loads, adds one event and one version, and begins again on a conflict.
    private static func addEvent(_ store: any TelehealthStore, session id: SessionID) async throws {
        while true {
            guard var session = try await store.session(id)?.session else { return }
            var decision = Decision()
            decision.expectations = [.session(id, version: session.version)]
            session.version += 1
            session.lastEventSequence += 1
            decision.changes = [.session(session)]
            decision.events = [
                SessionEvent(
                    sessionID: id, sequence: session.lastEventSequence, at: Sample.at(0),
                    kind: .statusChanged,
                    status: .inProgress)
            ]
            switch try await store.apply(decision) {
            case .committed:
                // A reader that asks after the answer sees at least what was answered.
                #expect(try await store.session(id)!.session.version >= session.version)
                return
            case .conflict: continue
            case .requestExists: return
            }
        }
    }

    static let concurrencyPromises = [
        StorePromise("load, decide, apply loses no update among many callers") { (store) async throws in
            let sessions = 3
            let callers = 24
            let rounds = 8
            for index in 0..<sessions { try await store.commit(Sample.creation("\(index)")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<callers {
                    group.addTask {
                        for _ in 0..<rounds {
                            try await addEvent(store, session: SessionID("session-\(caller % sessions)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let perSession = Int64(callers * rounds / sessions)
            for index in 0..<sessions {
                let state = try #require(try await store.session(SessionID("session-\(index)")))
                #expect(state.session.version == 1 + perSession)
                let events = try await store.events(of: state.session.id, after: 0, limit: 10_000)
                #expect(events?.map(\.sequence) == Array(1...perSession))
            }
        },
        StorePromise("a reader's view of a session never goes back") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for _ in 0..<200 { try await addEvent(store, session: "session-a") }
                }
                for reader in 0..<4 {
                    group.addTask {
                        var seen: Int64 = 0
                        while seen < 201 {
                            // The two ways to the same row must agree on what is newest.
                            let state =
                                reader % 2 == 0
                                ? try await store.session("session-a")
                                : try await store.latestSession(of: "appt-a")
                            let version = try #require(state).session.version
                            #expect(version >= seen)
                            seen = version
                            let other = try #require(try await store.session("session-a")).session.version
                            #expect(other >= seen)
                            seen = other
                            await Task.yield()
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
        StorePromise("of many twins with one request id exactly one commits") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            let results = await withTaskGroup(of: ApplyResult?.self) { group in
                for index in 0..<50 {
                    group.addTask {
                        var decision = Decision([.participant(Sample.participant("p-\(index)", session: "a"))]
                        )
                        decision.request = Sample.request("twin")
                        return try? await store.apply(decision)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 == .committed } == 1)
            #expect(results.count { $0 == .requestExists(Sample.request("twin")) } == 49)
            #expect(try await store.session("session-a")?.participants.count == 1)
        },
        StorePromise("an effect is claimed by one worker only") { (store) async throws in
            for index in 0..<20 {
                try await store.commit(Sample.creation("\(index)"))
                try await store.commit(
                    Decision([.effect(Sample.effect("e-\(index)", session: "\(index)", sequence: 1))]))
            }
            let claimed = try await withThrowingTaskGroup(of: [Effect].self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await store.operations.claimEffects(limit: 3, now: Sample.at(1), lease: .seconds(9))
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == 20)
            #expect(Set(claimed.map(\.id)).count == 20)
        },
    ]
}
