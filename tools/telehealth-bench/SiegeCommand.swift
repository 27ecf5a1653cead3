import ArgumentParser
import Foundation
import ProtobufWire
import RPCClient
import RPCModel
import Synchronization
import TelehealthAPI
import TelehealthClient
internal import TelehealthModel
import TextFormats

struct SiegeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "siege",
        abstract: "Simulates a well-behaved client that calls on schedule, and measures latency from the scheduled times.",
        discussion: """
            Prints one line: calls, their p50 and p99 in ms, new connections, the p99 of a new connection with its first \
            call, and the numbers of refused and lost calls with their reasons. Run it alone or alongside 'attack'.
            """)

    @OptionGroup var clinic: ClinicOptions

    @Option(help: "Seconds.")
    var seconds = 10

    @Option(help: "Calls per second; the default limit of a clinician is 100.")
    var rate = 60

    @Option(help: "New connections per second, each with one call.")
    var connects = 2

    func validate() throws {
        guard (1...86_400).contains(seconds), (1...100_000).contains(rate), (1...10_000).contains(connects) else {
            throw ValidationError("--seconds must be 1 to 86400, --rate 1 to 100000, --connects 1 to 10000")
        }
    }

    private struct Outcome: Sendable {
        var times: [Double] = []
        var failures: [String: Int] = [:]
    }

    private final class Tally: Sendable {
        let outcome = Mutex(Outcome())
    }

    func run() async throws {
        let clinic = try clinic.open()
        let (session, doctor) = try await prepare(in: clinic)
        var once = clinic.configuration
        once.maxAttempts = 1
        once.timeout = .seconds(10)
        let tokens = FixedToken(try clinic.token(.clinician, doctor))
        let steady = TelehealthClient(over: clinic.channels[0], configuration: once, tokens: tokens)
        let configuration = once
        async let calls = measure(rate * seconds, every: .seconds(1) / rate) {
            _ = try await steady.sessions.get(session)
        }
        async let anew = measure(connects * seconds, every: .seconds(1) / connects) {
            let channel = try self.clinic.channel()
            defer { Task { await channel.shutdown() } }
            let client = TelehealthClient(over: channel, configuration: configuration, tokens: tokens)
            _ = try await client.sessions.get(session)
        }
        let (steadyOutcome, newOutcome) = await (calls, anew)
        report(steadyOutcome, newOutcome)
        await clinic.close()
    }

    /// A session that the good client's clinician may read.
    private func prepare(in clinic: Clinic) async throws -> (Telehealth_V1_GetSessionRequest, clinician: String) {
        let tag = String(UInt32.random(in: .min ... .max), radix: 36)
        let scheduler = try clinic.caller(.scheduler, "bench-scheduler", connection: 0)
        let doctor = "clinician-\(tag)"
        _ = try await scheduler.appointments.put(
            Requests.appointment("siege-\(tag)", client: "client-\(tag)", clinician: doctor))
        let made = try await scheduler.sessions.create(.with { $0.appointmentID = "siege-\(tag)" })
        let request = Telehealth_V1_GetSessionRequest.with { $0.key = .sessionID(made.session?.sessionID ?? "") }
        _ = try await clinic.caller(.clinician, doctor, connection: 0).sessions.get(request)
        return (request, doctor)
    }

    /// Each call at its planned time, whether or not those before were answered; times count from the plan.
    private func measure(_ count: Int, every interval: Duration, _ call: @escaping @Sendable () async throws -> Void)
        async -> Outcome
    {
        let tally = Tally()
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                let planned = start + interval * number
                try? await Task.sleep(until: planned, clock: .continuous)
                group.addTask {
                    do {
                        try await call()
                        let time = (ContinuousClock.now - planned) / .milliseconds(1)
                        tally.outcome.withLock { $0.times.append(time) }
                    } catch {
                        let name = (error as? RPCError).map { $0.reason ?? "\($0.code)" } ?? "\(error)"
                        tally.outcome.withLock { $0.failures[name.escapedForDisplay(), default: 0] += 1 }
                    }
                }
            }
        }
        return tally.outcome.withLock { $0 }
    }

    private func report(_ steady: Outcome, _ anew: Outcome) {
        let failures = steady.failures.merging(anew.failures, uniquingKeysWith: +)
        let reasons = failures.sorted { $0.key < $1.key }.map { "\($0.value)x\($0.key)" }.joined(separator: ",")
        print(
            steady.times.count, percentile(steady.times, 50), percentile(steady.times, 99), anew.times.count,
            percentile(anew.times, 99), failures.values.reduce(0, +), reasons.isEmpty ? "-" : reasons)
    }

    private func percentile(_ times: [Double], _ percent: Int) -> String {
        let sorted = times.sorted()
        guard !sorted.isEmpty else { return "-" }
        return String(format: "%.1f", sorted[min(sorted.count - 1, sorted.count * percent / 100)])
    }
}
