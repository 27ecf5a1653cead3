import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing

extension StoreContract {
    private static func claim(_ store: any TelehealthStore, at seconds: Int64, limit: Int = 10) async throws
        -> [Effect]
    {
        try await store.operations.claimEffects(limit: limit, now: Sample.at(seconds), lease: .seconds(30))
    }

    static let effectPromises = [
        StorePromise("every column of an effect comes back as it went in") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            var effect = Effect(
                id: "e-1", sessionID: "session-a", sequence: 1,
                kind: .recording(.confirmCapture, "r", generation: 3), createdAt: Sample.at(1))
            effect.attempts = 4
            effect.fence = 8
            effect.lastError = "Throttled"
            effect.refusal = .quota
            effect.notBefore = Sample.at(5)
            try await store.commit(Decision([.effect(effect)]))
            effect.fence = 9
            effect.leasedUntil = Sample.at(36)
            #expect(try await claim(store, at: 6) == [effect])
        },
        StorePromise("every kind of effect comes back with what it carries") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            for (index, kind) in Sample.effectKinds.enumerated() {
                let effect = Effect(
                    id: EffectID("e-\(index)"), sessionID: "session-a", sequence: Int64(index + 1), kind: kind,
                    createdAt: Sample.at(1))
                try await store.commit(Decision([.effect(effect)]))
                #expect(try await store.operations.effect(effect.id) == effect)
            }
        },
        StorePromise("pruning forgets what was done long ago, and nothing that somebody may still look for") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            let states: [(String, Effect.State, Int64)] = [
                ("old", .done, 10), ("new", .done, 20), ("dead", .dead, 5), ("pending", .pending, 6),
            ]
            for (index, (name, state, due)) in states.enumerated() {
                var effect = Sample.effect(name, session: "a", sequence: Int64(index + 1), due: due)
                effect.state = state
                try await store.commit(Decision([.effect(effect)]))
            }
            try await store.prune(
                requestsBefore: Sample.at(0), eventsBefore: Sample.at(0), effectsBefore: Sample.at(20),
                earlyCancellationsBefore: Sample.at(20))
            #expect(try await store.operations.effect("old") == nil)
            for name in ["new", "dead", "pending"] as [EffectID] {
                #expect(try await store.operations.effect(name)?.id == name)
            }
        },
        StorePromise("an effect falls due at its time and not before") { (store) async throws in
            try await store.commit(Sample.creation("a"))
            try await store.commit(
                Decision([.effect(Sample.effect("e-1", session: "a", sequence: 1, due: 10))]))
            #expect(try await store.operations.nextEffectDue() == Sample.at(10))
            #expect(try await claim(store, at: 9) == [])
            #expect(try await claim(store, at: 10).map(\.id) == ["e-1"])
        },
        StorePromise("a leased effect belongs to nobody else until the lease ends; then the fence has grown") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            try await store.commit(Decision([.effect(Sample.effect("e-1", session: "a", sequence: 1))]))
            #expect(try await claim(store, at: 0).map(\.fence) == [1])
            #expect(try await store.operations.nextEffectDue() == Sample.at(30))
            #expect(try await claim(store, at: 29) == [])
            #expect(try await claim(store, at: 30).map(\.fence) == [2])
            var late = Decision()
            late.expectations = [.effect("e-1", fence: 1)]
            #expect(try await store.apply(late) == .conflict)
        },
        StorePromise("lanes of one session do not wait for each other, effects of a lane do") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            let calls: [(Effect.RecordingCall, RecordingID)] = [
                (.startCapture, "r-1"), (.confirmCapture, "r-1"), (.stopCapture, "r-1"),
                (.startConcatenation, "r-1"), (.confirmConcatenation, "r-2"),
            ]
            let effects = calls.enumerated().map { index, call in
                Effect(
                    id: EffectID("e-\(index)"), sessionID: "session-a", sequence: Int64(index + 1),
                    kind: .recording(call.0, call.1, generation: 1), createdAt: Sample.at(0))
            }
            try await store.commit(Decision(effects.map { .effect($0) }))
            var claimed = try await claim(store, at: 1)
            #expect(Set(claimed.map(\.id)) == ["e-0", "e-1", "e-4"])
            let polling = try #require(claimed.firstIndex { $0.id == "e-1" })
            claimed[polling].state = .done
            try await store.commit(Decision([.effect(claimed[polling])]))
            #expect(try await claim(store, at: 2).map(\.id) == ["e-3"])
        },
        StorePromise("effects of one lane run one after another; a dead one stops the rest") {
            (store) async throws in
            for name in ["a", "b"] {
                try await store.commit(Sample.creation(name))
                try await store.commit(
                    Decision(
                        (1...3).map {
                            .effect(Sample.effect("\(name)-\($0)", session: name, sequence: Int64($0)))
                        }))
            }
            var first = try await claim(store, at: 0)
            #expect(Set(first.map(\.id)) == ["a-1", "b-1"])
            for index in first.indices {
                first[index].state = first[index].id == "a-1" ? .done : .dead
                try await store.commit(Decision([.effect(first[index])]))
            }
            #expect(try await claim(store, at: 1).map(\.id) == ["a-2"])
            #expect(try await claim(store, at: 2) == [])
            // b's second one is due but blocked: it must not make a worker spin.
            #expect(try await store.operations.nextEffectDue() == Sample.at(31))
        },
        StorePromise("what polls a recording holds up neither its stop nor the deletion of the meeting") {
            (store) async throws in
            try await store.commit(Sample.creation("a"))
            let kinds: [Effect.Kind] = [
                .recording(.confirmCapture, "recording-1", generation: 1),
                .recording(.stopCapture, "recording-1", generation: 1),
                .recording(.confirmConcatenation, "recording-1", generation: 1), .meeting(.delete, generation: 1),
            ]
            let effects = kinds.enumerated().map { index, kind in
                Effect(
                    id: EffectID("e-\(index + 1)"), sessionID: SessionID("session-a"),
                    sequence: Int64(index + 1), kind: kind, createdAt: Sample.at(0))
            }
            try await store.commit(Decision(effects.map { .effect($0) }))
            #expect(Set(try await claim(store, at: 0).map(\.id)) == ["e-1", "e-2"])
            var done = effects[1]
            done.state = .done
            try await store.commit(Decision([.effect(done)]))
            #expect(try await claim(store, at: 1).map(\.id) == ["e-4"])
        },
        StorePromise("a claim takes the longest due first and no more than asked") { (store) async throws in
            for index in 0..<5 {
                try await store.commit(Sample.creation("\(index)"))
                try await store.commit(
                    Decision([
                        .effect(
                            Sample.effect(
                                "e-\(index)", session: "\(index)", sequence: 1, due: Int64(10 - index)))
                    ]))
            }
            #expect(try await claim(store, at: 20, limit: 2).map(\.id) == ["e-4", "e-3"])
            #expect(try await claim(store, at: 20, limit: 10).map(\.id) == ["e-2", "e-1", "e-0"])
            #expect(try await claim(store, at: 20, limit: 0) == [])
        },
    ]
}
