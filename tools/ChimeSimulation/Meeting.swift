/// One person's (or device's) place in a meeting.
struct Attendee: Sendable {
    let id: String
    let externalUserID: String
    let joinToken: String
    /// Grows within the meeting; pages of a listing go by it.
    let ordinal: Int
    let createdAt: Timestamp
    var capabilities: Capabilities
    /// Connected with audio since; the only kind of presence that keeps a meeting alive.
    var joinedAt: Timestamp?
    var hasVideo = false
    var hasContent = false
    var deletedAt: Timestamp?

    var json: JSONValue {
        [
            "ExternalUserId": .string(externalUserID), "AttendeeId": .string(id),
            "JoinToken": .string(joinToken),
            "Capabilities": capabilities.json,
        ]
    }
}

/// A Chime SDK meeting: it lives from its creation to its end, and never again.
struct Meeting: Sendable {
    enum EndReason: String, Sendable {
        case deleted = "DELETED"
        case noAudio = "NO_AUDIO"
        case lifetime = "LIFETIME"
        case primaryEnded = "PRIMARY_ENDED"
        case ordered = "ORDERED"
    }

    /// Deleted attendees that a meeting remembers for the admin interface; the oldest go first.
    static let deletedAttendeesMax = 250

    let id: String
    let arn: String
    let externalID: String
    let clientRequestToken: String
    let controlRegion: String
    let mediaRegion: String
    let hostID: String?
    let primaryID: String?
    let tenantIDs: [String]
    let features: MeetingFeatures
    let createdAt: Timestamp
    /// In the order of their creation.
    var attendees: [Attendee] = []
    var deletedAttendees: [Attendee] = []
    private(set) var nextOrdinal = 1
    /// Since when nobody is connected with audio; `nil` while somebody is.
    var silentSince: Timestamp?
    var activePipelineID: String?
    var endedAt: Timestamp?
    var endReason: EndReason?
    /// The earliest instant for which the deadline queue will look at this meeting again.
    var queuedFor: Timestamp?

    var isLive: Bool { endedAt == nil }

    mutating func takeOrdinal() -> Int {
        defer { nextOrdinal += 1 }
        return nextOrdinal
    }

    func index(ofAttendee id: String) -> Int? { attendees.firstIndex { $0.id == id } }

    /// AWS documents external ids as case-insensitive.
    func index(ofUser externalUserID: String) -> Int? {
        let folded = externalUserID.lowercased()
        return attendees.firstIndex {
            $0.externalUserID == externalUserID || $0.externalUserID.lowercased() == folded
        }
    }

    func event(_ kind: ChimeEvent.Kind, at now: Timestamp, attendee: Attendee? = nil) -> ChimeEvent {
        ChimeEvent(
            kind: kind, at: now, region: controlRegion, mediaRegion: mediaRegion, meetingID: id,
            externalMeetingID: externalID, attendeeID: attendee?.id, externalUserID: attendee?.externalUserID)
    }

    var json: JSONValue {
        let host = "simulated.chime.invalid"
        let cell = id.prefix(8)
        let screen = JSONValue.string("wss://bitpw.\(host):443/v2/screen/\(id)")
        return [
            "MeetingId": .string(id), "MeetingHostId": .some(hostID.map(JSONValue.string) ?? .null),
            "ExternalMeetingId": .string(externalID), "MediaRegion": .string(mediaRegion),
            "MediaPlacement": [
                "AudioHostUrl": .string("\(cell).k.m2.\(host):3478"),
                "AudioFallbackUrl": .string("wss://wss.k.m2.\(host):443/calls/\(id)"),
                "SignalingUrl": .string("wss://signal.m2.\(host)/control/\(id)"),
                "TurnControlUrl": .string("https://\(cell).cell.\(host)/v2/turn_sessions"),
                "ScreenDataUrl": screen, "ScreenViewingUrl": screen, "ScreenSharingUrl": screen,
                "EventIngestionUrl": .string("https://data.ingest.\(host)/v1/client-events"),
            ],
            "MeetingFeatures": features.json,
            "PrimaryMeetingId": .some(primaryID.map(JSONValue.string) ?? .null),
            "TenantIds": .array(tenantIDs.map(JSONValue.string)), "MeetingArn": .string(arn),
        ]
    }
}
