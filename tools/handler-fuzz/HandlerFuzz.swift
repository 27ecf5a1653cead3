internal import ArgumentParser
internal import Glibc
internal import ProgramEdge
internal import RPCModel
internal import TelehealthModel

@main
struct HandlerFuzz: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handler-fuzz",
        abstract: "Fuzzes the real handler of every RPC with random, mutated and extreme requests.",
        discussion: """
            Requests are generated from the API's descriptors, with ids, tokens and versions of existing rows. The \
            handlers run with the real access checks over an in-memory clinic with its own clock. A run fails, and \
            names the call, when a call ends with a fault of the service (INTERNAL, UNKNOWN, a refusal without a \
            reason), when a refusal violates the call's contract in proto/, when a stored row violates a rule of the \
            domain, or when the process crashes. It also fails when it proves too little: half of each RPC's calls must \
            pass validation, 100 must succeed, and a session must enter every state. A quarter of the calls set each \
            number of an otherwise valid request to its extremes.

              handler-fuzz --calls 20000            a short run
              handler-fuzz --seed 7 --calls 20000   repeats the same requests
              tools/fuzz --handlers                 builds and runs it with AddressSanitizer
            """)

    /// More would find most visits over.
    private static let callsOfAClinic = 50

    @Option(help: "Number of calls; more follow until every RPC succeeded often enough, up to ten times as many.")
    var calls = 20_000

    @Option(help: "The first seed. Default: random, and printed.")
    var seed: UInt64?

    @Option(help: "Minutes after which no new clinic is started, regardless of --calls.")
    var minutes: Int?

    @Flag(help: "Show the outcomes of the calls.")
    var reasons = false

    @Flag(help: "Plant a fault in a rule first; the run must find it.")
    var plant = false

    func validate() throws {
        guard (1...1_000_000_000).contains(calls) else { throw ValidationError("--calls must be 1 to 1000000000") }
        if let minutes, !(1...10_000).contains(minutes) { throw ValidationError("--minutes must be 1 to 10000") }
    }

    static func main() async {
        Program.begin()
        // The words are read before other threads exist: to leave over a wrong one while they run would race with them.
        await main(nil)
    }

    func run() async throws {
        let first = seed ?? UInt64.random(in: 1...999_999_999)
        print("seed \(first)")
        LastCall.installReporter()
        let methods = try await World.methods()
        var tally = Tally(methods.map(\.descriptor.path))
        var sweep = Sweep(methods)
        let end = minutes.map { ContinuousClock.now + .seconds(60 * $0) }
        var episode = first
        while !tally.isAtFault, tally.calls < calls || (!tally.isEnough && tally.calls < calls * 10) {
            if let end, ContinuousClock.now > end { break }
            var clinic = try await Episode(
                seed: episode, methods: methods, rare: tally.rare(Int(episode % 12)), plantsTrap: plant)
            await clinic.run(calls: Self.callsOfAClinic, &tally, &sweep)
            episode &+= 1
        }
        print(tally.table(withReasons: reasons))
        let problems = tally.verdict(statuses: SessionStatus.allCases.map(\.rawValue))
        for problem in problems { print(problem) }
        print("\(tally.calls) calls, \(episode &- first) clinics")
        print("\(problems.isEmpty ? 1 : 0) passed, \(problems.isEmpty ? 0 : 1) failed")
        if !problems.isEmpty { throw ExitCode(1) }
    }
}
