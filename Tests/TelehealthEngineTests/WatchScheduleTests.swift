import Synchronization
import TelehealthModel
import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("A watch that begins while others commit") struct WatchScheduleTests {
    private static let seeds = 200

    @Test func `misses no event and tells none twice, wherever between its reads they commit`() async throws {
        var early = 0
        for seed in 1...UInt64(Self.seeds) {
            let clinic = Clinic(seed: seed)
            let id = try await clinic.open()
            let random = Mutex(SeededRandom(seed: seed))
            @Sendable func pick(_ range: ClosedRange<Int>) -> Int {
                random.withLock { Int.random(in: range, using: &$0) }
            }
            for _ in 0..<pick(0...9) { try await happen(clinic, id) }
            let known = try clinic.state(id).session.lastEventSequence
            let after = pick(0...2) == 0 ? nil : Int64(pick(0...Int(known)))
            clinic.store.besideReads {
                for _ in 0..<max(0, pick(-2...2)) { try? await happen(clinic, id) }
            }
            let watch = try await open(clinic, id, after: after)
            clinic.store.besideReads(nil)
            if try clinic.state(id).session.lastEventSequence > watch.sequence { early += 1 }
            var told = sequences(watch)
            for _ in 0..<pick(0...3) {
                try await happen(clinic, id)
                told += sequences(watch)
            }
            let last = try clinic.state(id).session.lastEventSequence
            #expect(told == Array((after ?? watch.sequence)..<last).map { $0 + 1 }, "seed \(seed)")
            watch.close()
        }
        #expect(early > Self.seeds / 4, "events must come while watches begin")
    }

    @Test func `misses no event and tells none twice on many threads`() async throws {
        let clinic = Clinic { $0.watchQueueMax = 10_000 }
        let id = try await clinic.open()
        let watches = try await withThrowingTaskGroup(of: [SessionWatch].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<100 { try await happen(clinic, id) }
                    return []
                }
            }
            for viewer in 0..<4 {
                group.addTask {
                    var opened: [SessionWatch] = []
                    for number in 0..<25 {
                        let known = try clinic.state(id).session.lastEventSequence
                        let after = (viewer + number) % 2 == 0 ? nil : known
                        opened.append(try await open(clinic, id, after: after))
                    }
                    return opened
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let last = try clinic.state(id).session.lastEventSequence
        #expect(last == 401 && watches.count == 100)
        for watch in watches {
            #expect(sequences(watch) == Array(watch.sequence..<last).map { $0 + 1 })
            watch.close()
        }
    }

    @Test func `ends when more happens than it may hold while it reads, and can be resumed`() async throws {
        let clinic = Clinic { $0.watchQueueMax = 3 }
        let id = try await clinic.open()
        clinic.store.besideReads { for _ in 0..<2 { try? await happen(clinic, id) } }
        let watch = try await open(clinic, id, after: nil)
        clinic.store.besideReads(nil)
        #expect(watch.take() == [.ended(TelehealthError(.watchLagging))])
        watch.close()
        let resumed = try await open(clinic, id, after: watch.sequence)
        let last = try clinic.state(id).session.lastEventSequence
        #expect(sequences(resumed) == Array(watch.sequence..<last).map { $0 + 1 })
    }
}

private func open(_ clinic: Clinic, _ id: SessionID, after: Int64?) async throws -> SessionWatch {
    try await clinic.useCases.watches.watchSession(id, after: after, clinic.call(Clinic.clinicianCaller), wake: {})
}

private func sequences(_ watch: SessionWatch) -> [Int64] {
    watch.take().compactMap { if case .event(let event) = $0 { event.sequence } else { nil } }
}

/// One more event of the session, committed by somebody else.
private func happen(_ clinic: Clinic, _ id: SessionID) async throws {
    while true {
        var session = try clinic.state(id).session
        var decision = Decision()
        decision.expectations = [.session(id, version: session.version, lastEvent: session.lastEventSequence)]
        session.lastEventSequence += 1
        decision.changes = [.session(session)]
        decision.events = [
            SessionEvent(
                sessionID: id, sequence: session.lastEventSequence, at: clinic.time.now,
                kind: .connectionQualityChanged, status: session.status)
        ]
        if try await clinic.store.apply(decision) == .committed { return }
    }
}
