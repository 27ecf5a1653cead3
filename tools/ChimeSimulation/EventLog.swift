/// Something that AWS would tell through EventBridge.
struct ChimeEvent: Sendable {
    enum Kind: String, Sendable {
        case meetingStarted = "chime:MeetingStarted"
        case meetingEnded = "chime:MeetingEnded"
        case attendeeAdded = "chime:AttendeeAdded"
        case attendeeDeleted = "chime:AttendeeDeleted"
        case attendeeAuthorized = "chime:AttendeeAuthorized"
        case attendeeJoined = "chime:AttendeeJoined"
        case attendeeLeft = "chime:AttendeeLeft"
        case attendeeDropped = "chime:AttendeeDropped"
        case attendeeVideoStarted = "chime:AttendeeVideoStarted"
        case attendeeVideoStopped = "chime:AttendeeVideoStopped"
        case attendeeContentJoined = "chime:AttendeeContentJoined"
        case attendeeContentLeft = "chime:AttendeeContentLeft"
        case attendeeCapabilitiesUpdated = "chime:AttendeeCapabilitiesUpdated"
        case pipelineInProgress = "chime:MediaPipelineInProgress"
        case pipelineDeleted = "chime:MediaPipelineDeleted"
        case pipelinePermanentFailure = "chime:MediaPipelinePermanentFailure"

        var isOfPipeline: Bool { rawValue.hasPrefix("chime:MediaPipeline") }

        /// AWS adds the network type where a connection came or went.
        var hasNetworkType: Bool {
            [.attendeeJoined, .attendeeLeft, .attendeeDropped].contains(self)
        }
    }

    var kind: Kind
    var at: Timestamp
    var region: String
    var mediaRegion: String
    var meetingID: String?
    var externalMeetingID: String?
    var attendeeID: String?
    var externalUserID: String?
    var capabilities: Capabilities?
    var pipelineID: String?
    var id = ""

    /// The EventBridge envelope. Spec: Amazon Chime SDK developer guide, "Amazon Chime SDK meeting events".
    func json(account: String) -> JSONValue {
        [
            "version": "0", "id": .string(id),
            "detail-type": kind.isOfPipeline
                ? "Chime Media Pipeline State Change" : "Chime Meeting State Change",
            "source": "aws.chime", "account": .string(account), "time": .string(at.iso8601),
            "region": .string(region), "resources": [],
            "detail": [
                "version": "0", "eventType": .string(kind.rawValue), "timestamp": .integer(at.milliseconds),
                "meetingId": meetingID.map(JSONValue.string),
                "externalMeetingId": externalMeetingID.map(JSONValue.string),
                "attendeeId": attendeeID.map(JSONValue.string),
                "externalUserId": externalUserID.map(JSONValue.string),
                "networkType": kind.hasNetworkType ? "Voip" : nil,
                "success": capabilities == nil ? nil : "1",
                "attendeeCapabilities": capabilities?.eventJSON,
                "mediaPipelineId": pipelineID.map(JSONValue.string), "mediaRegion": .string(mediaRegion),
            ],
        ]
    }
}

/// The newest events, in the order in which they happened.
struct EventLog: Sendable {
    /// Enough for the tests of one run to look back; older events are forgotten.
    static let eventsMax = 10_000

    private var ring: [ChimeEvent] = []
    /// The number of the newest event; the first one ever has number 1.
    private(set) var last = 0

    mutating func append(_ event: ChimeEvent) {
        if ring.count < Self.eventsMax {
            ring.append(event)
        } else {
            ring[last % Self.eventsMax] = event
        }
        last += 1
    }

    /// The events numbered above `after`, oldest first, at most `limit`; those already forgotten are missing.
    func events(after: Int, limit: Int) -> [(sequence: Int, event: ChimeEvent)] {
        let first = max(after, last - ring.count, 0)
        guard first < last else { return [] }
        return (first..<min(last, first + limit)).map { ($0 + 1, ring[$0 % Self.eventsMax]) }
    }
}
