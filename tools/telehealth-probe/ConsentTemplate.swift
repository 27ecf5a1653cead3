internal import FoundationEssentials
internal import TelehealthAPI
internal import VisitRequests

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

    static func document(of type: String) -> Telehealth_V1_PutConsentDocumentRequest { template(type).registration }

    static func grant(
        _ type: String, by person: String, as role: Telehealth_V1_ConsentPersonRole
    ) -> Telehealth_V1_SubmitConsentRequest {
        template(type).grant(by: person, as: role)
    }

    private static func template(_ type: String) -> ConsentText {
        ConsentText(type: type, version: version, language: language, text: text(of: type))
    }
}
