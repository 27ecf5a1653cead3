internal import TelehealthModel

// The bodies of the meetings API. Property names are the wire's with a small first letter (see WireJSON);
// members that Chime may leave out or send as null are optional.

struct WireCapabilities: Codable {
    var audio: String
    var video: String
    var content: String

    init(_ capabilities: MediaCapabilities) {
        audio = capabilities.audio.rawValue
        video = capabilities.video.rawValue
        content = capabilities.content.rawValue
    }

    /// nil for values that Chime does not define.
    var value: MediaCapabilities? {
        typealias Direction = MediaCapabilities.Direction
        guard let audio = Direction(rawValue: audio), let video = Direction(rawValue: video),
            let content = Direction(rawValue: content)
        else { return nil }
        return MediaCapabilities(audio: audio, video: video, content: content)
    }
}

struct WireAttendeeRequest: Encodable {
    var externalUserId: String
    var capabilities: WireCapabilities

    init(_ request: AttendeeRequest) {
        externalUserId = request.externalUserID
        capabilities = WireCapabilities(request.capabilities)
    }
}

struct WireCapabilitiesBody: Encodable {
    var capabilities: WireCapabilities
}

struct WireMeetingRequest: Encodable {
    struct Features: Encodable {
        struct Audio: Encodable { var echoReduction: String }
        struct Resolution: Encodable { var maxResolution: String }
        struct Attendee: Encodable { var maxCount: Int }

        var audio: Audio
        var video: Resolution
        var content: Resolution
        var attendee: Attendee
    }

    var clientRequestToken: String
    var mediaRegion: String
    var externalMeetingId: String
    var meetingFeatures: Features
    /// Only in CreateMeetingWithAttendees.
    var attendees: [WireAttendeeRequest]?

    init(_ request: MeetingRequest, _ configuration: ChimeConfiguration) {
        clientRequestToken = request.clientRequestToken
        mediaRegion = request.mediaRegion
        externalMeetingId = request.externalMeetingID
        meetingFeatures = Features(
            audio: .init(echoReduction: configuration.echoReduction.rawValue),
            video: .init(maxResolution: configuration.videoResolution.rawValue),
            content: .init(maxResolution: configuration.contentResolution.rawValue),
            attendee: .init(maxCount: configuration.attendeesMax))
        attendees = request.attendees.isEmpty ? nil : request.attendees.map(WireAttendeeRequest.init)
    }
}

struct WireMeetingAnswer: Decodable {
    struct Meeting: Decodable {
        struct Placement: Decodable {
            var audioHostUrl: String?
            var audioFallbackUrl: String?
            var signalingUrl: String?
            var turnControlUrl: String?
            var screenDataUrl: String?
            var screenViewingUrl: String?
            var screenSharingUrl: String?
            var eventIngestionUrl: String?
        }

        var meetingId: String
        var meetingArn: String
        var mediaRegion: String
        var mediaPlacement: Placement?
    }

    var meeting: Meeting
    /// CreateMeetingWithAttendees only.
    var attendees: [WireAttendee]?
    var errors: [WireAttendeeFailure]?

    var value: ChimeMeeting {
        var placement = MediaPlacement()
        placement.audioHostURL = meeting.mediaPlacement?.audioHostUrl
        placement.audioFallbackURL = meeting.mediaPlacement?.audioFallbackUrl
        placement.signalingURL = meeting.mediaPlacement?.signalingUrl
        placement.turnControlURL = meeting.mediaPlacement?.turnControlUrl
        placement.screenDataURL = meeting.mediaPlacement?.screenDataUrl
        placement.screenViewingURL = meeting.mediaPlacement?.screenViewingUrl
        placement.screenSharingURL = meeting.mediaPlacement?.screenSharingUrl
        placement.eventIngestionURL = meeting.mediaPlacement?.eventIngestionUrl
        return ChimeMeeting(
            meetingID: meeting.meetingId, meetingARN: meeting.meetingArn, mediaRegion: meeting.mediaRegion,
            placement: placement)
    }
}

struct WireAttendee: Decodable {
    var externalUserId: String
    var attendeeId: String
    var joinToken: String
    var capabilities: WireCapabilities?

    var value: AttendeeCredentials {
        AttendeeCredentials(
            externalUserID: externalUserId, attendeeID: attendeeId, joinToken: joinToken,
            capabilities: capabilities?.value)
    }
}

struct WireAttendeeAnswer: Decodable {
    var attendee: WireAttendee
}

struct WireAttendeeFailure: Decodable {
    var externalUserId: String?
    var errorCode: String?
}

/// ListAttendees.
struct WireAttendeesAnswer: Decodable {
    var attendees: [WireAttendee]?
    var nextToken: String?
}
