// Plays random visits against the domain's rules, in memory and without a clock:
//
//   visit-simulation --seeds N [--first S]     N histories; the failing seeds are printed
//   visit-simulation --seed S                  one history again, exactly as it was
import ArgumentParser
import Foundation
import ProgramEdge
import Synchronization
import VisitSimulation

@main
struct VisitHistories: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "visit-simulation",
        abstract:
            "Simulates random visits of many people, with crashes between any two steps: every rule must hold after each."
    )

    /// Acts of one history.
    private static let steps = 60
    /// Failing histories shown whole.
    private static let shownMax = 3

    @Option(help: "Number of histories.")
    var seeds: UInt64 = 10_000

    @Option(help: "The first seed; later runs count up from it.")
    var first: UInt64 = 1

    @Option(help: "Run only this seed and print what happened.")
    var seed: UInt64?

    @Option(help: "Number of concurrent histories.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    func validate() throws {
        guard (1...1_000_000_000_000).contains(seeds), !first.addingReportingOverflow(seeds).overflow,
            (1...1024).contains(threads)
        else {
            throw ValidationError("--seeds must be 1 to 1000000000000 and not exceed the greatest seed; --threads must be 1 to 1024")
        }
    }

    static func main() async {
        Program.begin()
        // The words are read before other threads exist: to leave over a wrong one while they run would race with them.
        await main(nil)
    }

    func run() async throws {
        if let seed { return try await play(alone: seed) }
        let range = first..<first + seeds
        let tally = Tally(next: first, range: range)
        await withDiscardingTaskGroup { group in
            for _ in 0..<threads {
                group.addTask {
                    while let seed = tally.take() {
                        let result = await History(seed: seed).run(steps: Self.steps)
                        let failed = tally.note(result.failures, crashes: result.crashes)
                        guard !result.failures.isEmpty else { continue }
                        print("seed \(seed): \(Self.sentences(result.failures))")
                        if failed <= Self.shownMax { print("to repeat: visit-simulation --seed \(seed)") }
                    }
                }
            }
        }
        let (failed, crashes) = tally.result
        print("\(range.count) histories of \(Self.steps) steps, \(crashes) crashes")
        print("\(range.count - failed) passed, \(failed) failed")
        // A simulation that never crashes would prove little.
        if failed > 0 || UInt64(crashes) < seeds / 4 { throw ExitCode.failure }
    }

    private func play(alone seed: UInt64) async throws {
        let result = await History(seed: seed).run(steps: Self.steps)
        print(result.log.joined(separator: "\n"))
        print(
            result.failures.isEmpty
                ? "1 passed, 0 failed" : "\(Self.sentences(result.failures))\n0 passed, 1 failed")
        if !result.failures.isEmpty { throw ExitCode.failure }
    }

    private static func sentences(_ failures: [String]) -> String {
        Set(failures).sorted().joined(separator: "; ")
    }
}

/// Hands out seeds and counts; says every five seconds how far it is.
private final class Tally: Sendable {
    private struct State {
        var next: UInt64
        var done = 0
        var failed = 0
        var crashes = 0
        var told = ContinuousClock.now
    }

    private let range: Range<UInt64>
    private let state: Mutex<State>

    init(next: UInt64, range: Range<UInt64>) {
        self.range = range
        state = Mutex(State(next: next))
    }

    func take() -> UInt64? {
        state.withLock { state in
            guard state.next < range.upperBound else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// - Returns: how many have failed so far.
    func note(_ failures: [String], crashes: Int) -> Int {
        let (failed, progress) = state.withLock { state -> (Int, String?) in
            state.done += 1
            state.crashes += crashes
            if !failures.isEmpty { state.failed += 1 }
            guard state.told.duration(to: .now) >= .seconds(5) else { return (state.failed, nil) }
            state.told = .now
            return (state.failed, "\(state.done) of \(range.count), \(state.failed) failed\n")
        }
        if let progress { FileHandle.standardError.write(Data(progress.utf8)) }
        return failed
    }

    var result: (failed: Int, crashes: Int) { state.withLock { ($0.failed, $0.crashes) } }
}
