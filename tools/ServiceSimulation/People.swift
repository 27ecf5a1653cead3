package import TelehealthHandlers
package import TelehealthModel
internal import TelehealthRules
package import VisitSimulation

/// Who calls. A token here is the caller's role and id in clear, with the service that acts for them behind it, if one
/// does; guests bring the pass that their redemption gave.
package enum People {
    package static let all: [(role: Role, id: String)] = [
        (.service, "desk"), (.scheduler, "scheduler"), (.admin, "admin"), (.clinician, "clinician-1"),
        (.clinician, "clinician-2"), (.client, "client-1"), (.client, "client-2"), (.client, "guardian-1"),
    ]

    /// Whose consents are kept.
    package static let subjects = all.filter { [.clinician, .client].contains($0.role) }.map(\.id)

    package static func token(_ role: Role, _ id: String) -> String { "\(role.rawValue)/\(id)" }

    package static func caller(_ token: String, clinic: SimulatedClinic) throws(TokenRefusal) -> Caller {
        if token.hasPrefix(GuestKey.prefix) {
            guard let guest = clinic.guestKey.caller(token), clinic.time.now < guest.expiresAt else {
                throw TokenRefusal(reason: "TOKEN_INVALID", message: "no pass")
            }
            return guest
        }
        let parts = token.split(separator: "/").map(String.init)
        guard (2...3).contains(parts.count), let role = Role(rawValue: parts[0]) else {
            throw TokenRefusal(reason: "TOKEN_INVALID", message: "no caller")
        }
        let id = SubjectID(parts[1])
        return Caller(
            subject: Subject(parts[1]), role: role, clientID: role == .client ? id : nil,
            clinicianID: role == .clinician ? id : nil, actor: parts.count == 3 ? Subject(parts[2]) : nil,
            expiresAt: Timestamp(microseconds: .max / 2))
    }
}
