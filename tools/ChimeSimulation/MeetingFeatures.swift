/// The features that a meeting was created with.
struct MeetingFeatures: Sendable, Hashable {
    /// Attendees of a meeting, and of one with full HD video or ultra HD content.
    static let attendeesMax = 250
    static let attendeesMaxInHighResolution = 25

    var echoReduction: String?
    var videoResolution: String?
    var contentResolution: String?
    var attendeeCount: Int?

    var allowsVideo: Bool { videoResolution != "None" }
    var allowsContent: Bool { contentResolution != "None" }
    var attendeeLimit: Int { attendeeCount ?? Self.attendeesMax }

    init() {}

    init(_ json: JSONValue) throws(ServiceError) {
        echoReduction = try Self.choice(json, "Audio", "EchoReduction", ["AVAILABLE", "UNAVAILABLE"])
        videoResolution = try Self.choice(json, "Video", "MaxResolution", ["None", "HD", "FHD"])
        contentResolution = try Self.choice(json, "Content", "MaxResolution", ["None", "FHD", "UHD"])
        if let attendee = json["Attendee"], let count = attendee["MaxCount"] {
            guard let number = count.wholeNumber, (1...Int64(Self.attendeesMax)).contains(number) else {
                throw .badRequest("Attendee.MaxCount must be 1 to \(Self.attendeesMax)")
            }
            attendeeCount = Int(number)
        }
        if videoResolution == "FHD" || contentResolution == "UHD" {
            guard let attendeeCount, attendeeCount <= Self.attendeesMaxInHighResolution else {
                throw .badRequest(
                    "FHD video and UHD content need an Attendee.MaxCount of at most "
                        + "\(Self.attendeesMaxInHighResolution)")
            }
        }
    }

    private static func choice(
        _ json: JSONValue, _ feature: String, _ name: String, _ allowed: [String]
    ) throws(ServiceError) -> String? {
        guard let value = json[feature]?[name] else { return nil }
        guard let text = value.text, allowed.contains(text) else {
            throw .badRequest("\(feature).\(name) must be one of \(allowed.joined(separator: ", "))")
        }
        return text
    }

    var json: JSONValue {
        [
            "Audio": echoReduction.map { ["EchoReduction": .string($0)] },
            "Video": videoResolution.map { ["MaxResolution": .string($0)] },
            "Content": contentResolution.map { ["MaxResolution": .string($0)] },
            "Attendee": attendeeCount.map { ["MaxCount": .integer(Int64($0))] },
        ]
    }
}
