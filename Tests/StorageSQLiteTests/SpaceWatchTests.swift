import Foundation
import Storage
import TelehealthEngine
import TelehealthModel
import Testing

@testable import StorageSQLite

@Suite("The watch over free space") struct SpaceWatchTests {
    private static let room = StoreSpace(free: 50_000_000, size: 100_000_000)

    @Test("one refused write makes the store full; only several good looks in a row end that")
    func needsSeveralGoodLooks() {
        var watch = SpaceWatch(alarmPercent: 0)
        #expect(watch.look(Self.room, now: 0, writes: false) == [])
        #expect(watch.refused(now: 1) == .full)
        #expect(watch.refused(now: 2) == nil, "told once")
        #expect(watch.wait(now: 1) <= 1_000_000_000, "looks come soon")
        for _ in 1..<SpaceWatch.goodLooksNeeded {
            #expect(watch.look(Self.room, now: 3, writes: true) == [] && watch.isFull)
        }
        #expect(watch.look(Self.room, now: 4, writes: true) == [.recovered] && !watch.isFull)
    }

    @Test("a refusal, a failed write or too little room between good looks begins the count anew")
    func flappingBeginsAnew() {
        let crumbs = StoreSpace(free: 100_000, size: 100_000_000)
        for spoil: (inout SpaceWatch) -> Void in [
            { _ = $0.refused(now: 5) }, { _ = $0.look(Self.room, now: 5, writes: false) },
            { _ = $0.look(crumbs, now: 5, writes: true) },
        ] {
            var watch = SpaceWatch(alarmPercent: 0)
            _ = watch.refused(now: 1)
            for _ in 1..<SpaceWatch.goodLooksNeeded { _ = watch.look(Self.room, now: 2, writes: true) }
            spoil(&watch)
            #expect(watch.look(Self.room, now: 6, writes: true) == [] && watch.isFull)
        }
    }

    @Test("where the operating system tells nothing, writes alone decide")
    func decidesWithoutFigures() {
        var watch = SpaceWatch(alarmPercent: 10)
        _ = watch.refused(now: 1)
        let notices = (0..<SpaceWatch.goodLooksNeeded).flatMap { _ in watch.look(nil, now: 2, writes: true) }
        #expect(notices == [.recovered])
    }

    @Test("the alarm comes before the disk is full, once, and ends a tenth above")
    func alarmsBefore() {
        var watch = SpaceWatch(alarmPercent: 10)
        func space(_ free: Int64) -> StoreSpace { StoreSpace(free: free, size: 1_000) }
        var told: [SpaceWatch.Notice] = []
        for free: Int64 in [500, 100, 99, 98, 105, 99, 110, 200] {
            told += watch.look(space(free), now: 0, writes: true)
        }
        #expect(told == [.low(space(99)), .enough(space(110))])
        var silent = SpaceWatch(alarmPercent: 0)
        #expect(silent.look(space(1), now: 0, writes: true) == [])
    }
}

@Suite("A store on a full disk") struct FullStoreTests {
    @Test("is full at the first refusal, takes single writes, and recovers by itself")
    func recoversByItself() async throws {
        try await withTemporaryDirectory { directory in
            let vfs = FaultVFS()
            let log = ConditionLog()
            let store = try SQLiteStore.open(
                directory: directory + "/live", configuration: .faulty(vfs, log: log))
            #expect(store.maintenance.storeState == .writable && store.maintenance.storeSpace != nil)
            vfs.fail(.write, nth: 1, persistently: true, code: 13)
            await #expect(throws: StoreError.full) { try await store.apply(Ledger.decision(0, step: 1)) }
            #expect(store.maintenance.storeState == .full)
            let healed = ContinuousClock.now
            vfs.heal()
            #expect(try await store.apply(Ledger.decision(0, step: 1)) == .committed)
            let deadline = ContinuousClock.now + .seconds(30)
            while store.maintenance.storeState == .full, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(log.conditions == [.full, .recovered])
            #expect(ContinuousClock.now - healed > .milliseconds(700), "one write that succeeds proves nothing")
            await store.close()
            vfs.destroy()
        }
    }
}
