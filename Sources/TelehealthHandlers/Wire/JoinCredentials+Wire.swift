internal import TelehealthAPI
internal import TelehealthCore

extension MediaGrant {
    /// Holds the join token: for the answer of JoinSession and nothing else.
    var wire: Telehealth_V1_JoinCredentials {
        var info = Telehealth_V1_MeetingInfo()
        info.meetingID = meeting.meetingID ?? ""
        info.externalMeetingID = meeting.clientRequestToken
        info.mediaRegion = meeting.mediaRegion
        info.meetingArn = meeting.meetingARN ?? ""
        info.mediaPlacement = meeting.placement?.wire
        // What the gateway asks for at every creation.
        info.echoReduction = true
        var attendee = Telehealth_V1_AttendeeInfo()
        attendee.attendeeID = credentials.attendeeID
        attendee.externalUserID = credentials.externalUserID
        attendee.joinToken = credentials.joinToken
        attendee.capabilities = capabilities.wire
        var wire = Telehealth_V1_JoinCredentials()
        wire.meeting = info
        wire.attendee = attendee
        wire.generation = Int32(clamping: meeting.generation)
        return wire
    }
}

extension MediaPlacement {
    var wire: Telehealth_V1_MediaPlacement {
        var wire = Telehealth_V1_MediaPlacement()
        wire.audioHostURL = audioHostURL ?? ""
        wire.audioFallbackURL = audioFallbackURL ?? ""
        wire.signalingURL = signalingURL ?? ""
        wire.turnControlURL = turnControlURL ?? ""
        wire.screenDataURL = screenDataURL ?? ""
        wire.screenViewingURL = screenViewingURL ?? ""
        wire.screenSharingURL = screenSharingURL ?? ""
        wire.eventIngestionURL = eventIngestionURL ?? ""
        return wire
    }
}

extension MediaCapabilities {
    var wire: Telehealth_V1_AttendeeCapabilities {
        var wire = Telehealth_V1_AttendeeCapabilities()
        wire.audio = audio.wire
        wire.video = video.wire
        wire.content = content.wire
        return wire
    }
}
