// A front desk's view of one visit: creates the session of an appointment and follows it until it is over.
//
//   telehealth-client-example TARGET APPOINTMENT-ID TOKEN-FILE
//
// TOKEN-FILE holds the token of a caller who may see the appointment. The program reads it again when the service says
// that the token has expired, so whatever writes the file may replace it at any time.
import Foundation
import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient

@main struct Example {
    static func main() async throws {
        let usage = """
            Creates the session of an appointment and follows it until it is over.

            usage: telehealth-client-example TARGET APPOINTMENT-ID TOKEN-FILE

            """
        if CommandLine.arguments.contains("--help") {
            print(usage, terminator: "")
            exit(0)
        }
        guard CommandLine.arguments.count == 4 else {
            FileHandle.standardError.write(
                Data("\(CommandLine.arguments.dropFirst().joined(separator: " "))\n\(usage)".utf8))
            exit(2)
        }
        let tokenFile = CommandLine.arguments[3]
        let tokens = TokenCache {
            let token = try String(contentsOfFile: tokenFile, encoding: .utf8)
            return (token.trimmingCharacters(in: .whitespacesAndNewlines), .seconds(3600))
        }
        let client = try TelehealthClient(
            ClientConfiguration(target: CommandLine.arguments[1]), tokens: tokens)
        do {
            try await follow(appointment: CommandLine.arguments[2], with: client)
        } catch let error as RPCError {
            // The reason is stable and made for programs; the message is for people.
            say("failed: \(error.reason ?? "-"): \(error)")
            exit(1)
        }
        await client.shutdown()
    }

    /// Prints a line, which leaves at once, also into a pipe or a file.
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    static func follow(appointment: String, with client: TelehealthClient) async throws {
        do {
            // No request_id: the client makes one and keeps it when it has to try again, so this creates one session.
            _ = try await client.sessions.create(.with { $0.appointmentID = appointment })
        } catch {
            guard error.reason == "SESSION_EXISTS" else { throw error }
            say("the session already exists")
        }
        let found = try await client.sessions.get(.with { $0.key = .appointmentID(appointment) })
        guard let sessionID = found.session?.sessionID else { return }

        // Goes on by itself after a broken connection, and ends with the visit.
        for try await update in client.sessions.watch(sessionID) {
            switch update {
            case .snapshot(let snapshot):
                say("\(sessionID) is \(snapshot.session?.status ?? .unspecified)")
                for person in snapshot.session?.participants ?? [] {
                    say("  \(person.role) \(person.state)")
                }
            case .event(let event):
                if case .participantWaiting? = event.kind { say("a participant is waiting") }
                say("event \(event.sequence): \(sessionID) is \(event.status)")
            }
        }
        let over = try await client.sessions.get(.with { $0.key = .sessionID(sessionID) })
        say(
            "ended: \(over.session?.status ?? .unspecified) after \(over.session?.durationMinutes ?? 0) minutes"
        )
    }
}
