import Foundation
import ProtobufWire
import TelehealthAPI
import TelehealthClient
import VisitRequests

/// The requests of a visit, filled in.
enum Requests {
    /// Registers a text for each type of consent; doing it again changes nothing.
    static func registerTexts(as admin: TelehealthClient) async throws {
        for type in ["georgia_telehealth", "hipaa_telehealth", "recording"] {
            _ = try await admin.consentDocuments.put(text(of: type).registration)
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
        text(of: type).grant(by: person, as: role)
    }

    /// A client's join by appointment, with the check that a first join carries.
    static func join(appointment: String) -> Telehealth_V1_JoinSessionRequest {
        joinWithCheck(.appointmentID(appointment))
    }

    private static func text(of type: String) -> ConsentText {
        ConsentText(type: type, version: "bench-1", text: "A text for measurements: \(type).")
    }
}
