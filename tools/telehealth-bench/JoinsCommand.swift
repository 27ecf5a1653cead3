import ArgumentParser
import ProtobufWire
import TelehealthAPI
import TelehealthClient
internal import TelehealthModel

struct JoinsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "joins",
        abstract: "First joins of patients who then wait: each writes a session, an event and an outcome.",
        discussion: """
            Run it with --prepare first, which creates the appointments, sessions and consents. Restart the service between \
            the two runs if its counters should cover the joins only.
            """)

    @OptionGroup var clinic: ClinicOptions

    @Option(help: "Patients who join concurrently, each one session after another.")
    var callers = 200

    @Option(help: "Sessions per patient.")
    var sessions = 40

    @Option(help: "Prefix that separates several runs on the same data.")
    var tag = "a"

    @Flag(help: "Only create what the joins need.")
    var prepare = false

    func validate() throws {
        guard (1...100_000).contains(callers), (1...100_000).contains(sessions) else {
            throw ValidationError("--callers and --sessions must be 1 to 100000")
        }
    }

    func run() async throws {
        let clinic = try clinic.open()
        if prepare { try await make(in: clinic) } else { try await join(in: clinic) }
        await clinic.close()
    }

    private func clientID(_ caller: Int) -> String { "client-\(tag)-\(caller)" }
    private func appointmentID(_ caller: Int, _ session: Int) -> String { "join-\(tag)-\(caller)-\(session)" }

    private func make(in clinic: Clinic) async throws {
        let scheduler = try clinic.caller(.scheduler, "bench-scheduler", connection: 0)
        try await Requests.registerTexts(as: clinic.caller(.admin, "bench-admin", connection: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                let id = clientID(caller)
                let client = try clinic.caller(.client, id, connection: caller)
                group.addTask {
                    _ = try await client.consents.submit(
                        Requests.consent("georgia_telehealth", of: id, as: .client))
                    _ = try await client.consents.submit(
                        Requests.consent("hipaa_telehealth", of: id, as: .client))
                    for session in 0..<sessions {
                        let appointment = appointmentID(caller, session)
                        _ = try await scheduler.appointments.put(
                            Requests.appointment(appointment, client: id, clinician: "clinician-\(tag)"))
                        _ = try await scheduler.sessions.create(.with { $0.appointmentID = appointment })
                    }
                }
            }
            try await group.waitForAll()
        }
        print("\(callers * sessions) sessions are ready")
    }

    private func join(in clinic: Clinic) async throws {
        let log = StepLog(["join"])
        let people = try (0..<callers).map { try clinic.caller(.client, clientID($0), connection: $0) }
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for (caller, client) in people.enumerated() {
                group.addTask {
                    for session in 0..<sessions {
                        // Errors are counted by the log.
                        try? await log.measure("join") {
                            let answer = try await client.sessions.join(
                                Requests.join(appointment: appointmentID(caller, session)))
                            guard answer.outcome == .waiting else {
                                throw WholeVisit.Wrong(what: "not waiting")
                            }
                        }
                    }
                }
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        log.printTable()
        print(
            "\(callers * sessions) joins by \(callers) callers, \(log.errorCount) errors,",
            "\(Int(Double(callers * sessions) / seconds)) a second")
        if log.errorCount > 0 { throw ExitCode.failure }
    }
}
