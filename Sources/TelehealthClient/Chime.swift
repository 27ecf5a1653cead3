public import TelehealthAPI

// Access to the Chime fields of a response; nil when another provider carries the media.

extension Telehealth_V1_JoinCredentials {
    /// The input of the Chime client SDK. Secret.
    public var chime: Telehealth_V1_ChimeJoinInfo? { if case .chime(let info)? = provider { info } else { nil } }
}

extension Telehealth_V1_MeetingGeneration {
    public var chime: Telehealth_V1_ChimeMeeting? { if case .chime(let meeting)? = provider { meeting } else { nil } }
}

extension Telehealth_V1_Participant {
    public var chime: Telehealth_V1_ChimeAttendee? { if case .chime(let person)? = provider { person } else { nil } }
}

extension Telehealth_V1_GetRecordingProviderDetailsResponse {
    public var chime: Telehealth_V1_ChimeCapture? { if case .chime(let capture)? = provider { capture } else { nil } }
}
