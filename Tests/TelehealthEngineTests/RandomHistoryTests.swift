import Foundation
import Testing

@testable import VisitSimulation

@Suite("Random histories") struct RandomHistoryTests {
    private static func setting(_ name: String, _ standard: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? standard
    }

    /// `TELEHEALTH_HISTORIES` says how many, `TELEHEALTH_HISTORY_SEED` where they begin: a failure prints
    /// its seed.
    @Test func `the invariants hold in all of them, whatever crashes in between`() async {
        let count = Self.setting("TELEHEALTH_HISTORIES", 2000)
        let first = Self.setting("TELEHEALTH_HISTORY_SEED", 1)
        let lanes: UInt64 = 4
        await withTaskGroup(of: (crashes: Int, failures: Int).self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var crashes = 0
                    var failures = 0
                    for seed in stride(from: first + lane, to: first + count, by: Int(lanes)) {
                        let result = await History(seed: seed).run(steps: 60)
                        crashes += result.crashes
                        guard !result.failures.isEmpty else { continue }
                        failures += 1
                        if failures <= 3 {
                            Issue.record(
                                """
                                seed \(seed): \(Set(result.failures).sorted().joined(separator: "; "))
                                \(result.log.suffix(25).joined(separator: "\n"))
                                """)
                        }
                    }
                    return (crashes, failures)
                }
            }
            var crashes = 0
            for await lane in group { crashes += lane.crashes }
            #expect(crashes > Int(count) / 4, "the histories crash too seldom to say anything")
        }
    }
}
