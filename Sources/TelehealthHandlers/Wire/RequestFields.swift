internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthCore

/// Reads the fields of one request and notes what is wrong with them; shapes only, rules stay in the domain.
///
/// A field that is wrong gives a placeholder that never leaves: ``finish()`` throws when anything was noted, so all
/// wrong fields are told at once. Values are never repeated in a violation: they may be personal.
struct RequestFields {
    /// Fields that one answer names. They travel in the trailers, of which a peer takes some kilobytes; who has more
    /// wrong is told of the rest next time.
    static let violationsMax = 32

    private(set) var violations: [TelehealthError.FieldViolation] = []

    mutating func refuse(_ field: String, _ description: String) {
        guard violations.count < Self.violationsMax else { return }
        violations.append(.init(field: field, description: description))
    }

    /// - Throws: `INVALID_ARGUMENT` / `INVALID_FIELD` with a `BadRequest` that names every violation.
    func finish() throws(RPCError) {
        guard violations.isEmpty else {
            var error = TelehealthError(.fieldInvalid)
            error.violations = violations
            throw error.asRPCError
        }
    }

    mutating func id<ID: Identifier>(_ field: String, _ text: String, as type: ID.Type = ID.self) -> ID {
        if text.isEmpty {
            refuse(field, "is required")
        } else if !ID.isValid(text) {
            refuse(field, "must be 1 to 64 characters of A-Z a-z 0-9 . _ : -")
        }
        return ID(text)
    }

    mutating func optionalID<ID: Identifier>(_ field: String, _ text: String, as type: ID.Type = ID.self)
        -> ID?
    {
        text.isEmpty ? nil : id(field, text, as: type)
    }

    /// A device's own name has the shape of an id, and is none of ours.
    mutating func deviceID(_ text: String) -> String? {
        optionalID("device_id", text, as: ParticipantID.self)?.rawValue
    }

    /// A UUID in its text form, any version.
    mutating func requestID(_ text: String) -> String {
        let isUUID =
            text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { index, byte in
                switch index {
                case 8, 13, 18, 23: byte == UInt8(ascii: "-")
                default:
                    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                        || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
                }
            }
        if text.isEmpty {
            refuse("request_id", "is required")
        } else if !isUUID {
            refuse("request_id", "must be a UUID")
        }
        return text
    }

    /// A required text, which has to say something, with a limit in bytes.
    mutating func text(_ field: String, _ text: String, bytes: ClosedRange<Int>) -> String {
        required(field, text, count: text.utf8.count, in: bytes, "bytes")
    }

    /// A required text, which has to say something, with a limit in Unicode scalars.
    mutating func text(_ field: String, _ text: String, characters: ClosedRange<Int>) -> String {
        required(field, text, count: text.characterCount, in: characters, "characters")
    }

    private mutating func required(
        _ field: String, _ text: String, count: Int, in range: ClosedRange<Int>, _ unit: String
    ) -> String {
        if text.isEmpty {
            refuse(field, "is required")
        } else if !range.contains(count) {
            refuse(field, "must be \(range.lowerBound) to \(range.upperBound) \(unit)")
        } else if text.utf8.contains(0) {
            refuse(field, "must not hold a NUL character")
        } else if !text.saysSomething {
            refuse(field, "must hold a letter or digit")
        }
        return text
    }

    /// - Parameter saysSomething: it stands for something that may be asked for, so a blank does not do.
    mutating func optionalText(_ field: String, _ text: String, bytesMax: Int, saysSomething: Bool = false) -> String? {
        if text.isEmpty { return nil }
        if saysSomething { return self.text(field, text, bytes: 1...bytesMax) }
        if text.utf8.count > bytesMax {
            refuse(field, "must be at most \(bytesMax) bytes")
        } else if text.utf8.contains(0) {
            refuse(field, "must not hold a NUL character")
        }
        return text
    }

    /// A BCP 47 tag in its canonical form.
    mutating func language(_ field: String, _ text: String) -> String {
        if text.isEmpty {
            refuse(field, "is required")
        } else if LanguageTag(text) == nil {
            refuse(field, "must be a BCP 47 language tag of at most \(LanguageTag.charactersMax) characters")
        }
        return LanguageTag.canonical(text)
    }

    mutating func optionalLanguage(_ field: String, _ text: String) -> String? {
        text.isEmpty ? nil : language(field, text)
    }

    mutating func time(_ field: String, _ value: Google_Protobuf_Timestamp?) -> Timestamp {
        guard let value else {
            refuse(field, "is required")
            return Timestamp(microseconds: 0)
        }
        return instant(field, value)
    }

    mutating func optionalTime(_ field: String, _ value: Google_Protobuf_Timestamp?) -> Timestamp? {
        value.map { instant(field, $0) }
    }

    mutating func optionalDuration(_ field: String, _ value: Google_Protobuf_Duration?) -> Duration? {
        guard let value else { return nil }
        guard (0...315_576_000_000).contains(value.seconds), (0..<1_000_000_000).contains(value.nanos) else {
            refuse(field, "must be a duration that is not negative")
            return nil
        }
        return .seconds(value.seconds) + .nanoseconds(Int64(value.nanos))
    }

    private mutating func instant(_ field: String, _ value: Google_Protobuf_Timestamp) -> Timestamp {
        guard let instant = Timestamp(value) else {
            refuse(field, "must be a time between the years 1 and 9999")
            return Timestamp(microseconds: 0)
        }
        return instant
    }

    /// One case of an enum where the request must choose one.
    mutating func choice<Wire: ProtobufEnum, Value>(
        _ field: String, _ wire: Wire, _ value: Value?, default: Value
    )
        -> Value
    {
        guard let value else {
            refuse(field, wire.rawValue == 0 ? "is required" : "is not a value this service accepts")
            return `default`
        }
        return value
    }

    /// An enum whose zero means ``default``.
    mutating func choiceOrDefault<Wire: ProtobufEnum, Value>(
        _ field: String, _ wire: Wire, _ value: Value?, default: Value
    ) -> Value {
        wire.rawValue == 0 ? `default` : choice(field, wire, value, default: `default`)
    }

    mutating func pageSize(_ size: Int32) -> Int {
        guard (0...200).contains(size) else {
            refuse("page_size", "must be 0 to 200")
            return 1
        }
        return size == 0 ? 50 : Int(size)
    }
}
