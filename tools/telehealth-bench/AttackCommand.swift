import ArgumentParser
import Foundation

struct AttackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack",
        abstract: "Attacks a service in one way, as fast as its share of the CPU allows, for a limited time.",
        discussion: "For services on this machine only: it calls 127.0.0.1 from a loopback address.")

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case badTokens = "bad-tokens"
        case forgedGrants = "forged-grants"
        case silentConnections = "silent-connections"
        case slowReaders = "slow-readers"
        case rapidResets = "rapid-resets"
        case adminReads = "admin-reads"
    }

    @OptionGroup var clinic: ClinicOptions

    @Option(help: "The attack: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: Kind

    @Option(help: "Source address: 127.x.y.z.")
    var source = "127.0.0.2"

    @Option(help: "Seconds, at most 120.")
    var seconds = 10

    @Option(help: "Percent of one core to use.")
    var cpu = 50

    func validate() throws {
        guard (1...120).contains(seconds) else { throw ValidationError("--seconds must be 1 to 120") }
        guard (1...100).contains(cpu) else { throw ValidationError("--cpu must be 1 to 100") }
        guard clinic.target.hasPrefix("127.0.0.1:"), source.hasPrefix("127.") else {
            throw ValidationError("the target and the source must be addresses of this machine")
        }
    }

    func run() throws {
        let clinic = try clinic.open()
        let attack = try Attack(kind, Attack.Scene(target: self.clinic.target, source: source, clinic: clinic))
        let budget = ProcessorBudget(percent: cpu)
        while budget.elapsed < .seconds(seconds) {
            if !attack.step() { usleep(1000) }
            budget.keep()
        }
        let count = attack.count
        print(
            count.connections, count.requests, count.answers, Int(budget.used / budget.elapsed * 100 + 0.5))
    }
}

/// Keeps this process below its share of one core, by sleeping.
struct ProcessorBudget {
    private let start = ContinuousClock.now
    private let usedBefore = Self.processTime
    private let share: Double

    init(percent: Int) { share = Double(percent) / 100 }

    var elapsed: Duration { ContinuousClock.now - start }
    var used: Duration { Self.processTime - usedBefore }

    func keep() {
        let ahead = used - elapsed * share
        if ahead > .zero { usleep(UInt32(min(ahead / .microseconds(1) / share, 100_000))) }
    }

    /// Of all threads, in user and kernel mode.
    private static var processTime: Duration {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return .seconds(seconds) + .microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }
}
