internal import Crypto
internal import Foundation
internal import ProtobufWire
internal import TelehealthAPI

/// Template consent texts for trials; not legal advice.
enum ConsentTemplate {
    static let version = "probe-1"
    static let language = "en-US"
    static let types = ["georgia_telehealth", "hipaa_telehealth", "recording", "third_party_presence"]

    /// Seconds since 1970.
    static func now() -> Int64 { Int64(Date().timeIntervalSince1970) }

    static func text(of type: String) -> String {
        switch type {
        case "georgia_telehealth":
            "TEMPLATE for counsel to replace. I agree to a video visit and was informed about its risks, my rights, what happens in an emergency, and who carries the video."
        case "hipaa_telehealth":
            "TEMPLATE for counsel to replace. I was told how my health information is kept private in a video visit."
        case "recording":
            "TEMPLATE for counsel to replace. I agree that this visit is recorded for the purposes named."
        case "telehealth":
            "TEMPLATE for counsel to replace. I agree to a video visit and was told what it can and cannot do."
        case "third_party_presence":
            "TEMPLATE for counsel to replace. I agree that the people named to me take part in this visit."
        default: "TEMPLATE for counsel to replace. I agree to what this clinic asks of me: \(type)."
        }
    }

    static func document(of type: String) -> Telehealth_V1_PutConsentDocumentRequest {
        .with {
            $0.type = type
            $0.version = version
            $0.language = language
            $0.text = text(of: type)
            // A fixed day: registering the same version again must have the same content.
            $0.effectiveTime = .with { $0.seconds = 1_760_000_000 }
        }
    }

    static func grant(
        _ type: String, by person: String, as role: Telehealth_V1_ConsentPersonRole
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
}
