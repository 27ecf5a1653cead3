// Runs a client and a server of the RPC stack against each other, in one thread, without sockets and
// without a clock:
//
//   rpc-simulation --seeds N [--first S]     N runs; the failing seeds are printed
//   rpc-simulation --seed S                  one run again, exactly as it was
import ArgumentParser
import HTTP2Engine
import ProgramEdge

@main
struct RPCSimulation: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-simulation",
        abstract:
            "Simulates random calls under random conditions: none may hang, end twice or lose a byte."
    )

    @Option(help: "Number of runs.")
    var seeds: UInt64 = 1000

    @Option(help: "The first seed; later runs count up from it.")
    var first: UInt64 = 0

    @Option(help: "Run only this seed.")
    var seed: UInt64?

    @Flag(help: "Print each seed before its run, to find a run that traps.")
    var verbose = false

    func validate() throws {
        guard (1...1_000_000_000_000).contains(seeds), !first.addingReportingOverflow(seeds).overflow else {
            throw ValidationError("--seeds must be 1 to 1000000000000 and not exceed the greatest seed")
        }
    }

    static func main() {
        Program.begin()
        main(nil)
    }

    func run() throws {
        let range = seed.map { $0...$0 } ?? first...first + (seeds - 1)
        var failed = 0
        var steps = 0
        for seed in range {
            if verbose { print("seed \(seed)") }
            let world = try World(seed: seed)
            world.run()
            steps += world.steps
            guard !world.failures.isEmpty else { continue }
            failed += 1
            for failure in world.failures { print("seed \(seed): \(failure)") }
            print("to repeat: rpc-simulation --seed \(seed)")
        }
        print("\(steps) steps")
        print("\(range.count - failed) passed, \(failed) failed")
        if failed > 0 { throw ExitCode.failure }
    }
}
