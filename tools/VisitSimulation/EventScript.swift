internal import TelehealthModel

/// Writes events as EventBridge delivers them.
struct EventScript {
    let meetingID: String
    let token: String
    private(set) var entries: [String] = []

    init(meetingID: String, token: String) {
        self.meetingID = meetingID
        self.token = token
    }

    init(_ meeting: MeetingGeneration) {
        meetingID = meeting.meetingID ?? ""
        token = meeting.clientRequestToken
    }

    /// - Parameter seconds: after nine o'clock of the clinic.
    @discardableResult
    mutating func add(
        _ type: String, at seconds: Double, user: String? = nil, pipeline: String? = nil, id: String? = nil
    ) -> String {
        let milliseconds = VirtualTime.nine.microseconds / 1000 + Int64(seconds * 1000)
        let kind = type.hasPrefix("MediaPipeline") ? "Chime Media Pipeline" : "Chime Meeting"
        let name = id ?? "event-\(entries.count + 1)-\(meetingID)"
        var members = [
            #""version":"0","eventType":"chime:\#(type)","timestamp":\#(milliseconds)"#,
            #""meetingId":"\#(meetingID)","externalMeetingId":"\#(token)","mediaRegion":"us-east-1""#,
        ]
        if let user {
            members.append(#""attendeeId":"a-\#(user)","externalUserId":"\#(user)","networkType":"Voip""#)
        }
        if let pipeline { members.append(#""mediaPipelineId":"\#(pipeline)""#) }
        let entry = """
            {"version":"0","id":"\(name)","detail-type":"\(kind) State Change","source":"aws.chime",\
            "account":"111122223333","time":"2026-11-22T09:00:00Z","region":"us-east-1","resources":[],\
            "detail":{\(members.joined(separator: ","))}}
            """
        entries.append(entry)
        return entry
    }
}
