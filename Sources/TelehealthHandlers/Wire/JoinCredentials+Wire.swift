internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

extension MediaGrant {
    /// Contains the join token: for the response of JoinSession only.
    var wire: Telehealth_V1_JoinCredentials {
        .with {
            $0.provider = .chime(chime)
            $0.generation = Int32(clamping: meeting.generation)
        }
    }

    private var chime: Telehealth_V1_ChimeJoinInfo {
        .with {
            $0.meetingID = meeting.meetingID ?? ""
            $0.externalMeetingID = meeting.clientRequestToken
            $0.mediaPlacement = meeting.placement?.wire
            $0.attendeeID = credentials.attendeeID
            $0.externalUserID = credentials.externalUserID
            $0.joinToken = credentials.joinToken
        }
    }
}

extension MediaPlacement {
    fileprivate var wire: Telehealth_V1_ChimeMediaPlacement {
        .with {
            $0.audioHostURL = audioHostURL ?? ""
            $0.audioFallbackURL = audioFallbackURL ?? ""
            $0.signalingURL = signalingURL ?? ""
            $0.turnControlURL = turnControlURL ?? ""
            $0.eventIngestionURL = eventIngestionURL ?? ""
        }
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
