internal import ArgumentParser
internal import Glibc
internal import ProgramEdge
internal import RPCModel
internal import TelehealthModel

@main
struct HandlerFuzz: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handler-fuzz",
        abstract: "Calls every RPC's real handler with random, mutated and extreme requests.",
        discussion: """
            Requests are made from the API's descriptors; ids, tokens and versions are those of living rows. The \
            handlers stand behind the real gate, over a clinic in memory with a clock of its own. A run fails when a \
            call ends with a fault of the service (INTERNAL, UNKNOWN, a refusal without its reason), when a refusal is \
            not as the call's contract in proto/ says, when a stored row breaks a rule of the domain, or when the \
            process dies, and then says which call it was. It also fails when it proves little: each RPC must pass validation half the time and be OK 100 times, and a session must \
            enter every state. A quarter of the calls puts every number of every request to its ends in turn, in a \
            request that is right but for that.

              handler-fuzz --calls 20000            a short run
              handler-fuzz --seed 7 --calls 20000   the same requests again
              tools/fuzz --handlers                 builds it with Address Sanitizer and runs it
            """)

    /// More would find most visits over.
    private static let callsOfAClinic = 50

    @Option(help: "Calls to make; more follow until every RPC was OK often enough, at most ten times as many.")
    var calls = 20_000

    @Option(help: "Where the random requests begin. Default: drawn, and printed.")
    var seed: UInt64?

    @Option(help: "Minutes after which no new clinic is opened, whatever --calls says.")
    var minutes: Int?

    @Flag(help: "Show how the calls ended.")
    var reasons = false

    @Flag(help: "Put a fault into a rule first: the run must find it.")
    var plant = false

    func validate() throws {
        guard (1...1_000_000_000).contains(calls) else { throw ValidationError("--calls is 1 to 1000000000") }
        if let minutes, !(1...10_000).contains(minutes) { throw ValidationError("--minutes is 1 to 10000") }
    }

    static func main() async {
        Program.begin()
        // Before other threads exist: to leave over a wrong word while they run would race with them.
        let command = parseOrExit()
        do { try await command.run() } catch { exit(withError: error) }
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
