import Crypto
import Foundation
import ProtobufWire
import TelehealthAPI
import TelehealthClient

/// The requests of a visit, filled in.
enum Requests {
    private static let version = "bench-1"
    private static let language = "en-US"

    /// Registers a text for each type of consent; doing it again changes nothing.
    static func registerTexts(as admin: TelehealthClient) async throws {
        for type in ["georgia_telehealth", "hipaa_telehealth", "recording"] {
            _ = try await admin.consentDocuments.put(
                .with {
                    $0.type = type
                    $0.version = version
                    $0.language = language
                    $0.text = text(of: type)
                    $0.effectiveTime = .with { $0.seconds = 1_760_000_000 }
                })
        }
    }

    /// In one minute, for half an hour.
    static func appointment(
        _ id: String, client: String, clinician: String
    ) -> Telehealth_V1_PutAppointmentRequest {
        .with {
            let now = Int64(Date().timeIntervalSince1970)
            $0.appointmentID = id
            $0.clientID = client
            $0.clinicianID = clinician
            $0.scheduledStartTime = .with { $0.seconds = now + 60 }
            $0.scheduledEndTime = .with { $0.seconds = now + 1860 }
            $0.timeZone = "America/New_York"
            $0.sourceVersion = 1
        }
    }

    static func consent(
        _ type: String, of person: String, as role: Telehealth_V1_ConsentPersonRole
    ) -> Telehealth_V1_SubmitConsentRequest {
        .with {
            $0.personID = person
            $0.personRole = role
            $0.type = type
            $0.submission = .with {
                $0.decision = .granted
                $0.documentVersion = version
                $0.language = language
                $0.textSha256 = Array(SHA256.hash(data: Array(text(of: type).utf8)))
                $0.method = .electronic
                $0.acknowledgements = .with {
                    $0.patientRights = true
                    $0.emergencyProtocols = true
                    $0.privacyRisks = true
                }
                if type == "recording" { $0.recordingPurposes = [.clinical] }
            }
        }
    }

    /// A client's join by appointment, with the check that a first join carries.
    static func join(appointment: String) -> Telehealth_V1_JoinSessionRequest {
        .with {
            $0.key = .appointmentID(appointment)
            $0.preVisitCheck = .with {
                $0.locationState = "GA"
                $0.locationAddress = "12 Example Street, Atlanta"
                $0.emergencyContactName = "Example contact"
                $0.emergencyContactPhone = "+1 404 555 0100"
                $0.privatePlace = true
                $0.reliableConnection = true
                $0.deviceType = .desktop
            }
        }
    }

    private static func text(of type: String) -> String {
        "A text for measurements: \(type)."
    }
}
