public struct MeetingRequest: Sendable, Hashable {
    /// Attendees that one creation may bring along.
    public static let attendeesMax = 10

    /// Idempotency: the same token gives the same meeting, also a dead one.
    public var clientRequestToken: String
    public var externalMeetingID: String
    public var mediaRegion: String
    /// Created in the same call (CreateMeetingWithAttendees), at most ``attendeesMax``; empty = CreateMeeting.
    public var attendees: [AttendeeRequest]

    public init(
        clientRequestToken: String, externalMeetingID: String, mediaRegion: String,
        attendees: [AttendeeRequest]
    ) {
        self.clientRequestToken = clientRequestToken
        self.externalMeetingID = externalMeetingID
        self.mediaRegion = mediaRegion
        self.attendees = attendees
    }
}

public struct ChimeMeeting: Sendable, Hashable {
    public var meetingID: String
    public var meetingARN: String
    public var mediaRegion: String
    public var placement: MediaPlacement

    public init(meetingID: String, meetingARN: String, mediaRegion: String, placement: MediaPlacement) {
        self.meetingID = meetingID
        self.meetingARN = meetingARN
        self.mediaRegion = mediaRegion
        self.placement = placement
    }
}
