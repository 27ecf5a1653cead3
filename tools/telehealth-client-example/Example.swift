// A front desk's view of one visit: creates the session of an appointment and follows it until it is over.
//
//   telehealth-client-example TARGET APPOINTMENT-ID TOKEN-FILE
//
// TOKEN-FILE holds the token of somebody who may see the appointment; it is read anew when the service says that the
// token has expired, so whatever writes the file may replace it at any time.
import Foundation
import RPCModel
import TelehealthClient

@main struct Example {
    static func main() async throws {
        guard CommandLine.arguments.count == 4 else {
            print("usage: telehealth-client-example TARGET APPOINTMENT-ID TOKEN-FILE")
            exit(2)
        }
        let appointment = CommandLine.arguments[2]
        let tokenFile = CommandLine.arguments[3]

        let tokens = TokenCache {
            let token = try String(contentsOfFile: tokenFile, encoding: .utf8)
            return (token.trimmingCharacters(in: .whitespacesAndNewlines), .seconds(3600))
        }
        let client = try TelehealthClient(ClientConfiguration(target: CommandLine.arguments[1]), tokens: tokens)
        do {
            try await follow(appointment, with: client)
        } catch let error as RPCError {
            // The reason is stable and made for programs; the message is for people.
            print("failed: \(error.reason ?? error.code.description): \(error.message)")
            for field in error.badFields { print("  \(field.field): \(field.description)") }
            exit(1)
        }
        await client.shutdown()
    }

    static func follow(_ appointment: String, with client: TelehealthClient) async throws {
        let sessionID: String
        do {
            // No request_id: the client makes one and repeats it should the network break, so there is one session.
            let created = try await client.createSession(.with { $0.appointmentID = appointment })
            sessionID = created.session?.sessionID ?? ""
        } catch let error where error.reason == "SESSION_EXISTS" {
            sessionID = error.errorInfo?.metadata["session_id"] ?? ""
        }

        // Goes on by itself after a broken connection and ends with the visit.
        for try await update in client.watch(sessionID) {
            switch update {
            case .snapshot(let snapshot):
                guard let session = snapshot.session else { continue }
                print("session \(session.sessionID) is \(session.status)")
                for person in session.participants { print("  \(person.role): \(person.state)") }
            case .event(let event):
                print("event \(event.sequence): \(event.kind.map { "\($0)" } ?? "unknown"), now \(event.status)")
            }
        }
        let session = try await client.getSession(.with { $0.key = .sessionID(sessionID) }).session
        print("over: \(session?.status ?? .unspecified) after \(session?.durationMinutes ?? 0) minutes")
    }
}
