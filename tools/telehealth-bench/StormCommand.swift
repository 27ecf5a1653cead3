import ArgumentParser
import ProtobufWire
import RPCModel
import Synchronization
import TelehealthAPI
import TelehealthClient
internal import TelehealthModel

struct StormCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm",
        abstract: "Starts many visits within one second, against the Chime limits of one account.",
        discussion: """
            All patients are waiting; within one second all clinicians join, each to a meeting that has yet to be created, \
            then their patients. Chime creates about ten meetings per second, so most joins wait or are refused with a retry \
            delay, and try again. Prints the times until participants have credentials, including retries, and how many \
            never got any.
            """)

    @OptionGroup var clinic: ClinicOptions

    @Option(help: "Visits.")
    var visits = 250

    @Option(help: "Seconds after which a participant counts as lost.")
    var patience = 120

    private struct Visit: Sendable {
        let appointmentID: String
        let clientID: String
        let sessionID: String
        let client: TelehealthClient
        let clinician: TelehealthClient
    }

    private final class Tally: Sendable {
        let toldToWait = Mutex(0)
        let lost = Mutex(0)
    }

    func validate() throws {
        guard (1...1_000_000).contains(visits), (1...86_400).contains(patience) else {
            throw ValidationError("--visits must be 1 to 1000000, --patience 1 to 86400")
        }
    }

    func run() async throws {
        let clinic = try clinic.open()
        let visits = try await prepare(in: clinic)
        let log = StepLog(["clinician joins", "patient joins, enters"])
        let tally = Tally()
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for (number, visit) in visits.enumerated() {
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(1000 * number / visits.count))
                    await play(visit, log, tally)
                }
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        log.printTable()
        let (lost, told) = (tally.lost.withLock { $0 }, tally.toldToWait.withLock { $0 })
        print(
            "\(visits.count) visits in one second: \(lost) participants lost, \(told) responses with a retry delay,",
            "everyone in after \((seconds * 10).rounded() / 10) s")
        await clinic.close()
        if lost > 0 { throw ExitCode.failure }
    }

    private func prepare(in clinic: Clinic) async throws -> [Visit] {
        let tag = String(UInt32.random(in: .min ... .max), radix: 36)
        let scheduler = try clinic.caller(.scheduler, "bench-scheduler", connection: 0)
        try await Requests.registerTexts(as: clinic.caller(.admin, "bench-admin", connection: 0))
        return try await withThrowingTaskGroup(of: Visit.self) { group in
            for number in 0..<visits {
                let (client, clinician) = ("client-\(tag)-\(number)", "clinician-\(tag)-\(number)")
                let caller = try clinic.caller(.client, client, connection: number)
                let doctor = try clinic.caller(.clinician, clinician, connection: number)
                group.addTask {
                    let appointment = "storm-\(tag)-\(number)"
                    _ = try await scheduler.appointments.put(
                        Requests.appointment(appointment, client: client, clinician: clinician))
                    let made = try await scheduler.sessions.create(.with { $0.appointmentID = appointment })
                    for type in ["georgia_telehealth", "hipaa_telehealth"] {
                        _ = try await caller.consents.submit(Requests.consent(type, of: client, as: .client))
                    }
                    _ = try await caller.sessions.join(Requests.join(appointment: appointment))
                    return Visit(
                        appointmentID: appointment, clientID: client,
                        sessionID: made.session?.sessionID ?? "",
                        client: caller, clinician: doctor)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func play(_ visit: Visit, _ log: StepLog, _ tally: Tally) async {
        let arrived = await enter(log, "clinician joins", tally) {
            try await visit.clinician.sessions.join(.with { $0.key = .sessionID(visit.sessionID) })
        }
        guard arrived else { return }
        _ = await enter(log, "patient joins, enters", tally) {
            try await visit.client.sessions.join(Requests.join(appointment: visit.appointmentID))
        }
    }

    /// One person until they hold credentials, asking again when told to.
    private func enter(
        _ log: StepLog, _ step: String, _ tally: Tally,
        _ join: @Sendable () async throws -> Telehealth_V1_JoinSessionResponse
    ) async -> Bool {
        let start = ContinuousClock.now
        do {
            try await log.measure(step) {
                while true {
                    do {
                        let answer = try await join()
                        guard answer.credentials != nil else {
                            throw WholeVisit.Wrong(what: "no credentials")
                        }
                        return
                    } catch let error as RPCError {
                        guard let wait = error.retryDelay, ContinuousClock.now - start < .seconds(patience)
                        else {
                            throw error
                        }
                        tally.toldToWait.withLock { $0 += 1 }
                        try await Task.sleep(for: wait)
                    }
                }
            }
            return true
        } catch {
            tally.lost.withLock { $0 += 1 }
            return false
        }
    }
}
