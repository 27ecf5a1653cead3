import Foundation
import Storage
import StorageSQLite
import TelehealthEngine
import TelehealthModel
import Testing

@Suite("A device that fails") struct DeviceFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let call: FaultVFS.Call
        let isPersistent: Bool
        var isShort = false
        var testDescription: String {
            "\(call)\(isPersistent ? " from then on" : " once")\(isShort ? ", half written" : "")"
        }
    }

    private static let faults: [Fault] =
        FaultVFS.Call.allCases.flatMap {
            [Fault(call: $0, isPersistent: false), Fault(call: $0, isPersistent: true)]
        } + [
            Fault(call: .write, isPersistent: false, isShort: true),
            Fault(call: .write, isPersistent: true, isShort: true),
        ]

    /// A smaller workload: the loop below runs it once per call that can fail.
    private static let ledger = Ledger(sessions: 4, steps: 3, writers: 2)

    @Test(
        "loses no acknowledged decision whichever call fails first; a failed write or sync ends writing",
        arguments: faults)
    func everyCall(_ fault: Fault) async throws {
        var nth = 1
        var failuresSeen = 0
        while true {
            let failed = try await run(fault, nth)
            if !failed { break }
            failuresSeen += 1
            // One early call in three, then ever wider steps: reads alone are several hundred. Which ones is chance.
            nth += nth < 60 ? (PowerCutTests.isLong ? 1 : Int.random(in: 1...5)) : nth / 12
        }
        // A short workload truncates nothing before its end, and a plain close truncates once.
        #expect(failuresSeen > 0)
    }

    /// - Returns: whether the fault struck.
    private func run(_ fault: Fault, _ nth: Int) async throws -> Bool {
        try await withTemporaryDirectory { directory in
            let vfs = FaultVFS()
            vfs.fail(fault.call, nth: nth, persistently: fault.isPersistent, short: fault.isShort)
            let log = ConditionLog()
            var records = [Ledger.Record](repeating: .init(), count: Self.ledger.sessions)
            if let store = try? SQLiteStore.open(
                directory: directory + "/live", configuration: .faulty(vfs, log: log))
            {
                let published = CommitLog()
                published.follow(store)
                records = await Self.ledger.run(store)
                expectPublished(published, records, "\(fault.testDescription), call \(nth)")
                if log.isReadOnly { try await expectReadOnly(store, records, vfs, fault) }
                await store.close()
            }
            let failed = vfs.failures > 0
            for image in FaultVFS.Image.allCases {
                let found = directory + "/\(image)"
                try vfs.writeImage(to: found, image, seed: UInt64(nth))
                try Ledger.takeMark(from: directory + "/live", to: found)
                let problems = try await Ledger.problems(records, inDirectory: found)
                #expect(problems == [], "\(fault.testDescription), call \(nth), \(image)")
            }
            vfs.destroy()
            return failed
        }
    }

    /// Events are told exactly when their commit is answered as such: nothing of a failed one, and none is left out.
    private func expectPublished(_ log: CommitLog, _ records: [Ledger.Record], _ when: String) {
        for (index, record) in records.enumerated() {
            let told = log.sequences(of: SessionID("session-\(index)"))
            #expect(told == Array(0..<record.acknowledged).map { $0 + 1 }, "session \(index), \(when)")
        }
    }

    private func expectReadOnly(
        _ store: SQLiteStore, _ records: [Ledger.Record], _ vfs: FaultVFS, _ fault: Fault
    ) async throws {
        vfs.heal()
        await #expect(throws: StoreError.self, "no write after a device failure") {
            try await store.apply(Ledger.decision(99, step: 1))
        }
        for (index, record) in records.enumerated() where record.acknowledged > 0 {
            let version = try await store.session(SessionID("session-\(index)"))?.session.version
            #expect(
                version == record.acknowledged, "what is read is what was acknowledged, no more and no less")
        }
    }

    @Test(
        "a full disk refuses writes and keeps what was acknowledged; with space again it goes on",
        arguments: [false, true])
    func fullDisk(isShort: Bool) async throws {
        for nth in stride(from: 1, to: 90, by: 4) {
            try await withTemporaryDirectory { directory in
                let vfs = FaultVFS()
                let log = ConditionLog()
                let store = try SQLiteStore.open(
                    directory: directory + "/live", configuration: .faulty(vfs, log: log))
                vfs.fail(.write, nth: nth, persistently: true, code: 13, short: isShort)
                let published = CommitLog()
                published.follow(store)
                var records = await Self.ledger.run(store)
                expectPublished(published, records, "call \(nth)")
                guard vfs.failures > 0 else {
                    await store.close()
                    return vfs.destroy()
                }
                if records.contains(where: { $0.acknowledged < Self.ledger.steps }) {
                    #expect(log.conditions.first == .full)
                    await #expect(throws: StoreError.full) {
                        try await store.apply(Ledger.decision(50, step: 1))
                    }
                }
                vfs.heal()
                for index in records.indices {
                    while records[index].acknowledged < Self.ledger.steps {
                        let step = records[index].acknowledged + 1
                        #expect(try await store.apply(Ledger.decision(index, step: step)) == .committed)
                        records[index] = .init(acknowledged: step, attempted: step)
                    }
                }
                #expect(!log.isReadOnly)
                #expect(log.conditions.isEmpty || log.conditions.first == .full)
                #expect(try await Ledger.problems(records, in: store) == [])
                await store.close()
                try vfs.writeImage(to: directory + "/found", .dropped, seed: 1)
                vfs.destroy()
                #expect(try await Ledger.problems(records, inDirectory: directory + "/found") == [])
            }
        }
    }
}
