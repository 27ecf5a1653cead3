internal import TelehealthModel
internal import TextFormats

/// The FHIR R4 vocabulary (hl7.org/fhir/R4) of the exported resources.
enum FHIR {
    /// The namespace of the service's own ids and codes. A URN does not suggest that the address can be fetched.
    static let namespace = "urn:telehealth:v1"

    static func coding(_ system: String, _ code: String, _ display: String? = nil) -> JSONText {
        .object(present: [
            "system": .string(system), "code": .string(code), "display": display.map(JSONText.string),
        ])
    }

    static func concept(_ codings: JSONText...) -> JSONText { .object(["coding": .array(codings)]) }

    /// One of our own codes: an enum value's public name.
    static func own(_ kind: String, _ code: String) -> JSONText { coding("\(namespace):\(kind)", code) }

    static func identifier(_ kind: String, _ value: String) -> JSONText {
        .object(["system": .string("\(namespace):\(kind)"), "value": .string(value)])
    }

    /// A reference, by identifier, to something outside the bundle.
    static func reference(_ type: String, _ kind: String, _ value: String) -> JSONText {
        .object(["type": .string(type), "identifier": identifier(kind, value)])
    }

    static func person(_ id: SubjectID, isPatient: Bool) -> JSONText {
        reference(isPatient ? "Patient" : "RelatedPerson", "person", id.rawValue)
    }

    /// `dateTime` and `instant`, both of which require a time zone.
    static func time(_ instant: Timestamp) -> JSONText { .string(instant.rfc3339) }

    static func period(_ start: Timestamp?, _ end: Timestamp?) -> JSONText? {
        if start == nil && end == nil { return nil }
        return .object(present: ["start": start.map(time), "end": end.map(time)])
    }

    static func `extension`(_ name: String, _ value: [String: JSONText]) -> JSONText {
        .object(value.merging(["url": .string("\(namespace):extension:\(name)")]) { first, _ in first })
    }
}
