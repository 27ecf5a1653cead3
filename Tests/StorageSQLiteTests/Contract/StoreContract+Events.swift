import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

extension StoreContract {
    /// A session with events 1...count, one second apart.
    private static func events(_ count: Int64, _ name: String, _ status: SessionStatus) -> Decision {
        var decision = Sample.creation(name)
        var session = Sample.session(name, status: status)
        session.lastEventSequence = count
        decision.changes[0] = .session(session)
        decision.events = (1...count).map { Sample.event($0, session: name, status: status) }
        return decision
    }

    static let eventPromises = [
        StorePromise("events come back behind the asked number, in order, at most as many as asked") {
            (store) async throws in
            try await store.commit(events(5, "a", .inProgress))
            try await store.commit(events(3, "b", .inProgress))
            #expect(
                try await store.events(of: "session-a", after: 2, limit: 10)
                    == [3, 4, 5].map { Sample.event($0, session: "a", status: .inProgress) })
            #expect(try await store.events(of: "session-a", after: 1, limit: 2)?.map(\.sequence) == [2, 3])
            #expect(try await store.events(of: "session-a", after: 5, limit: 10) == [])
            #expect(try await store.events(of: "session-a", after: 0, limit: 0) == [])
        },
        StorePromise("every column of an event comes back as it went in") { (store) async throws in
            var decision = Sample.creation("a")
            let full = SessionEvent(
                sessionID: "session-a", sequence: 1, at: Sample.at(1), kind: .recordingFailed,
                status: .inProgress,
                participantID: "p", recordingID: "r", screenShareID: ScreenShareID("s"), generation: 4,
                reason: .text("why"))
            let plain = SessionEvent(
                sessionID: "session-a", sequence: 2, at: Sample.at(2), kind: .created, status: .scheduled)
            decision.events = [full, plain]
            try await store.commit(decision)
            #expect(try await store.events(of: "session-a", after: 0, limit: 10) == [full, plain])
        },
        StorePromise("every reason comes back as it went in, and so does another version's word") {
            (store) async throws in
            var decision = Sample.creation("a")
            for kind in SessionEvent.Kind.allCases {
                for status in SessionStatus.allCases {
                    for reason in SessionEvent.Reason.known(of: kind, status) + [.text("OF_ANOTHER_VERSION")] {
                        decision.events.append(
                            SessionEvent(
                                sessionID: "session-a", sequence: Int64(decision.events.count + 1), at: Sample.at(1),
                                kind: kind, status: status, reason: reason))
                    }
                }
            }
            try await store.commit(decision)
            let read = try await store.events(of: "session-a", after: 0, limit: decision.events.count)
            #expect(read == decision.events)
        },
        StorePromise("pruned events answer as no longer kept, kept ones still come") { (store) async throws in
            try await store.commit(events(5, "ended", .completed))
            try await store.commit(events(5, "open", .inProgress))
            try await store.prune(
                requestsBefore: Sample.at(0), eventsBefore: Sample.at(3), effectsBefore: Sample.at(0),
                earlyCancellationsBefore: Sample.at(0))
            #expect(try await store.events(of: "session-ended", after: 0, limit: 10) == nil)
            #expect(
                try await store.events(of: "session-ended", after: 2, limit: 10)?.map(\.sequence) == [
                    3, 4, 5,
                ])
            #expect(try await store.events(of: "session-open", after: 0, limit: 10)?.count == 5)
            try await store.prune(
                requestsBefore: Sample.at(0), eventsBefore: Sample.at(100), effectsBefore: Sample.at(0),
                earlyCancellationsBefore: Sample.at(0))
            #expect(try await store.events(of: "session-ended", after: 2, limit: 10) == nil)
            #expect(try await store.events(of: "session-ended", after: 5, limit: 10) == [])
        },
        StorePromise("an event that comes after the pruning is pruned in its turn") { (store) async throws in
            try await store.commit(events(2, "a", .completed))
            try await store.prune(
                requestsBefore: Sample.at(0), eventsBefore: Sample.at(100), effectsBefore: Sample.at(0),
                earlyCancellationsBefore: Sample.at(0))
            var session = Sample.session("a", status: .completed)
            session.lastEventSequence = 3
            var late = Decision([.session(session)])
            late.events = [Sample.event(3, session: "a", seconds: 200, status: .completed)]
            try await store.commit(late)
            #expect(try await store.events(of: "session-a", after: 2, limit: 10)?.count == 1)
            try await store.prune(
                requestsBefore: Sample.at(0), eventsBefore: Sample.at(300), effectsBefore: Sample.at(0),
                earlyCancellationsBefore: Sample.at(0))
            #expect(try await store.events(of: "session-a", after: 2, limit: 10) == nil)
        },
        StorePromise("pruning forgets expired requests and no others, however many") { (store) async throws in
            try await store.commitAll(
                (0..<1_203).map { index in
                    var decision = Decision()
                    decision.request = Sample.request("old-\(index)", created: -86_400 - 10)
                    return decision
                })
            var decision = Decision()
            decision.request = Sample.request("new")
            try await store.commit(decision)
            try await store.prune(
                requestsBefore: Sample.at(0), eventsBefore: Sample.at(0), effectsBefore: Sample.at(0),
                earlyCancellationsBefore: Sample.at(0))
            for name in ["old-0", "old-1", "old-600", "old-1202"] {
                #expect(try await store.request(Sample.request(name).key) == nil)
            }
            #expect(try await store.request(Sample.request("new").key) != nil)
        },
    ]
}
