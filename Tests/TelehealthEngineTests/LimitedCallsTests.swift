import Synchronization
import TelehealthEngine
import TelehealthModel
import Testing

@testable import VisitSimulation

@Suite("Calls that a limit refused, in the audit log") struct LimitedCallsTests {
    private let store = MemoryStore()
    private let time = VirtualTime()

    private func note(_ calls: LimitedCalls, _ count: Int, from source: String, action: String = "GetSession") {
        for _ in 0..<count {
            calls.note(action: action, caller: nil, source: source, reason: "RATE_LIMITED")
        }
    }

    @Test func `nothing is written while calls are noted, then one row for each identity with its count`() async {
        let calls = LimitedCalls(store: store, time: time)
        note(calls, 5_000, from: "203.0.113.9")
        note(calls, 3, from: "203.0.113.10")
        #expect(store.snapshot.audit.isEmpty)
        await calls.write()
        let rows = store.snapshot.audit.sorted { $0.count > $1.count }
        #expect(rows.map(\.count) == [5_000, 3])
        #expect(rows.map(\.source) == ["203.0.113.9", "203.0.113.10"])
        #expect(rows.allSatisfy { $0.outcome == .denied && $0.reason == "RATE_LIMITED" && $0.action == "GetSession" })
        await calls.write()
        #expect(store.snapshot.audit.count == 2, "what was written is not written again")
    }

    @Test func `what the log cannot take now is counted in the next row`() async {
        let calls = LimitedCalls(store: store, time: time)
        store.recordingFailure.withLock { $0 = .full }
        note(calls, 7, from: "203.0.113.9")
        await calls.write()
        note(calls, 2, from: "203.0.113.9")
        store.recordingFailure.withLock { $0 = nil }
        await calls.write()
        #expect(store.snapshot.audit.map(\.count) == [9])
    }

    @Test func `the last sums are written at the stop`() async {
        let calls = LimitedCalls(store: store, time: time)
        let work = Task { await calls.run() }
        note(calls, 4, from: "203.0.113.9")
        work.cancel()
        await work.value
        #expect(store.snapshot.audit.map(\.count) == [4])
    }
}
