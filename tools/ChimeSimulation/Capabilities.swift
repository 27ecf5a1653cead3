/// What an attendee may send and receive.
struct Capabilities: Sendable, Hashable {
    enum Direction: String, Sendable {
        case sendReceive = "SendReceive"
        case send = "Send"
        case receive = "Receive"
        case none = "None"

        var canSend: Bool { self == .sendReceive || self == .send }
        var canReceive: Bool { self == .sendReceive || self == .receive }
    }

    var audio: Direction = .sendReceive
    var video: Direction = .sendReceive
    var content: Direction = .sendReceive

    init() {}

    /// - Throws: `badRequest` when a member is missing or no capability: all three are required.
    init(_ json: JSONValue) throws(ServiceError) {
        audio = try Self.direction(json, "Audio")
        video = try Self.direction(json, "Video")
        content = try Self.direction(json, "Content")
    }

    private static func direction(_ json: JSONValue, _ name: String) throws(ServiceError) -> Direction {
        guard let direction = (json[name]?.text).flatMap(Direction.init(rawValue:)) else {
            throw .badRequest(
                "ValidationError: Capabilities.\(name) must be SendReceive, Send, Receive or None")
        }
        return direction
    }

    /// The rules that AWS documents with CreateAttendee and UpdateAttendeeCapabilities.
    func check(in features: MeetingFeatures) throws(ServiceError) {
        if !features.allowsVideo, video != .none {
            throw .badRequest(
                "ValidationError: the meeting's MaxResolution of None forbids the Video capability")
        }
        if !features.allowsContent, content != .none {
            throw .badRequest(
                "ValidationError: the meeting's MaxResolution of None forbids the Content capability")
        }
        if content.canReceive, !video.canReceive {
            throw .badRequest(
                "ValidationError: Content of SendReceive or Receive needs Video of SendReceive or Receive")
        }
    }

    /// What an attendee gets who was created without capabilities.
    static func standard(in features: MeetingFeatures) -> Capabilities {
        var capabilities = Capabilities()
        if !features.allowsVideo { capabilities.video = .none }
        if !features.allowsContent || !features.allowsVideo { capabilities.content = .none }
        return capabilities
    }

    var json: JSONValue {
        [
            "Audio": .string(audio.rawValue), "Video": .string(video.rawValue),
            "Content": .string(content.rawValue),
        ]
    }

    var eventJSON: JSONValue {
        [
            "audio": .string(audio.rawValue), "video": .string(video.rawValue),
            "content": .string(content.rawValue),
        ]
    }
}
