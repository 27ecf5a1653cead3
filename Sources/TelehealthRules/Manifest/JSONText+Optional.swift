internal import TelehealthModel
internal import TextFormats

extension JSONText {
    static func optional(_ text: String?) -> JSONText { text.map(JSONText.string) ?? .null }
    static func optional(_ instant: Timestamp?) -> JSONText { optional(instant?.rfc3339Microseconds) }
}
