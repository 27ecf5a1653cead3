/// An opaque identifier: 1 to 64 characters of `[A-Za-z0-9._:-]`, compared byte by byte.
///
/// Identifiers of our own are random (``IDSource``); those of the scheduling system are taken as they come.
/// None is ever sent to Chime: a meeting and its attendees carry pseudonyms.
public protocol Identifier: Hashable, Sendable, CustomStringConvertible {
    var rawValue: String { get }
    init(rawValue: String)
}

extension Identifier {
    public init(_ rawValue: String) { self.init(rawValue: rawValue) }
    public var description: String { rawValue }

    /// Whether the text has the shape above.
    public static func isValid(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// The scheduling system's appointment.
public struct AppointmentID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One video visit.
public struct SessionID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One person's place in one session.
public struct ParticipantID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A person who can consent or take part: a client, guardian or clinician of the clinic's own records.
public struct SubjectID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One entry of somebody's consent history.
public struct ConsentID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One recording: one capture pipeline, one playable file.
public struct RecordingID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A note in the clinic's records; taken as it comes.
public struct SessionNoteID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One interval in which one participant shared a screen.
public struct ScreenShareID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One piece of work outside the database that a commit asked for.
public struct EffectID: Identifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}
