import Foundation
import Storage
import StorageSQLite
import Testing

@Suite("A power cut at any write") struct PowerCutTests {
    /// One run: the power goes at the given change; then the store is opened on what the cut may have left.
    private func problems(
        cutAt change: Int, _ image: FaultVFS.Image, seed: UInt64, isSynchronous: Bool = true
    ) async throws -> [String] {
        try await withTemporaryDirectory { directory in
            let vfs = FaultVFS()
            vfs.cut(atChange: change)
            var configuration = StoreConfiguration.faulty(vfs)
            configuration.isSynchronous = isSynchronous
            var records = [Ledger.Record](repeating: .init(), count: Ledger().sessions)
            if let store = try? SQLiteStore.open(directory: directory + "/live", configuration: configuration)
            {
                records = await Ledger().run(store)
                await store.close()
            }
            try vfs.writeImage(to: directory + "/found", image, seed: seed)
            try Ledger.takeMark(from: directory + "/live", to: directory + "/found")
            vfs.destroy()
            return try await Ledger.problems(records, inDirectory: directory + "/found")
        }
    }

    /// How many changes a whole run makes; concurrency makes it vary a little.
    private func changesOfOneRun() async throws -> Int {
        try await withTemporaryDirectory { directory in
            let vfs = FaultVFS()
            let store = try SQLiteStore.open(directory: directory, configuration: .faulty(vfs))
            let records = await Ledger().run(store)
            #expect(records.allSatisfy { $0.acknowledged == Ledger().steps })
            #expect(store.statistics.checkpoints >= 2, "the workload must reach checkpoints to test them")
            await store.close()
            defer { vfs.destroy() }
            return vfs.changes
        }
    }

    @Test(
        "leaves every acknowledged decision, and each one whole or not at all",
        arguments: FaultVFS.Image.allCases)
    func keepsAcknowledgedDecisions(_ image: FaultVFS.Image) async throws {
        let seed = Self.baseSeed
        var generator = SeededGenerator(seed: seed)
        let changes = try await changesOfOneRun()
        for round in 0..<Self.rounds {
            let cut = Int.random(in: 1...changes, using: &generator)
            let problems = try await problems(cutAt: cut, image, seed: generator.next())
            #expect(
                problems == [], "seed \(seed), round \(round), cut at change \(cut) of \(changes), \(image)")
        }
    }

    @Test("loses acknowledged decisions when the store does not sync, so the test above can fail")
    func losesDecisionsWithoutSync() async throws {
        let changes = try await changesOfOneRun()
        var lossy = 0
        for cut in stride(from: changes / 4, to: changes * 3 / 4, by: max(changes / 20, 1)) {
            if try await !problems(cutAt: cut, .dropped, seed: 1, isSynchronous: false).isEmpty { lossy += 1 }
        }
        #expect(lossy > 0)
    }

    private static let environment = ProcessInfo.processInfo.environment
    /// `TELEHEALTH_SEED` repeats a run, `TELEHEALTH_CRASH_ROUNDS` lengthens it; then each call of a device fails, too.
    private static let baseSeed =
        environment["TELEHEALTH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
    private static let rounds = environment["TELEHEALTH_CRASH_ROUNDS"].flatMap { Int($0) } ?? 40
    static let isLong = environment["TELEHEALTH_CRASH_ROUNDS"] != nil
}
