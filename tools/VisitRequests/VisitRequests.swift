// Requests of a visit with invented answers, for the tools that play one: the probe's template visit and the benches.

internal import Crypto
internal import ProtobufWire
public import TelehealthAPI

/// A text of consent in one version and language.
public struct ConsentText: Sendable {
    /// What it is a consent to: "recording".
    public let type: String
    public let version: String
    public let language: String
    public let text: String

    public init(type: String, version: String, language: String = "en-US", text: String) {
        self.type = type
        self.version = version
        self.language = language
        self.text = text
    }

    /// Registers the text.
    public var registration: Telehealth_V1_PutConsentDocumentRequest {
        .with {
            $0.type = type
            $0.version = version
            $0.language = language
            $0.text = text
            // A fixed day: registering the same version again must have the same content.
            $0.effectiveTime = .with { $0.seconds = 1_760_000_000 }
        }
    }

    /// A person's consent to it, given on a screen.
    public func grant(
        by person: String, as role: Telehealth_V1_ConsentPersonRole
    ) -> Telehealth_V1_SubmitConsentRequest {
        .with {
            $0.personID = person
            $0.personRole = role
            $0.type = type
            $0.submission = .with {
                $0.decision = .granted
                $0.documentVersion = version
                $0.language = language
                $0.textSha256 = Array(SHA256.hash(data: Array(text.utf8)))
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

/// A join with the check that a client's first one carries.
public func joinWithCheck(_ key: Telehealth_V1_JoinSessionRequest.OneOf_Key) -> Telehealth_V1_JoinSessionRequest {
    .with {
        $0.key = key
        $0.preVisitCheck = .with {
            $0.locationState = "GA"
            $0.locationAddress = "Template address, Atlanta"
            $0.emergencyContactName = "Template contact"
            $0.emergencyContactPhone = "+1 404 555 0100"
            $0.privatePlace = true
            $0.reliableConnection = true
            $0.deviceType = .desktop
        }
    }
}
