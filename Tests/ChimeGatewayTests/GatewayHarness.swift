import AWSClient
import ChimeGateway
import HTTPSClient
import Logging
import LoopbackHTTP
import TelehealthModel

/// A gateway whose every service is one scripted server.
struct GatewayHarness {
    static let meetingID = "1b66e8c7-16a0-436c-8c11-dd1fbfe42713"
    static let attendeeID = "dd636aef-cfa9-5401-f5ac-b4457bcfca60"
    static let pipelineID = "1a0ce85f-0f1c-4a4f-9a37-0d6a4b8f7c11"
    static let meetingARN = "arn:aws:chime:us-east-1:111122223333:meeting/\(meetingID)"
    static let pipelineARN = "arn:aws:chime:us-east-1:111122223333:media-pipeline/\(pipelineID)"

    let time = VirtualTime()
    let server: ScriptedServer
    let gateway: ChimeGateway

    init(
        _ change: (inout ChimeConfiguration) -> Void = { _ in },
        script: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply
    ) throws {
        server = ScriptedServer(script: script)
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ENDPOINT_URL": server.base,
        ]
        var configuration = ChimeConfiguration(
            controlRegion: "us-east-1", allowedMediaRegions: ["us-east-1", "us-west-2"],
            endpoints: try .init(controlRegion: "us-east-1", environment: environment))
        configuration.recordingsBucket = "visits"
        change(&configuration)
        let http = try HTTPSClient()
        let sources = RuntimeSources.virtual(time)
        gateway = try ChimeGateway(
            configuration: configuration, http: http,
            credentials: CredentialsChain(
                environment: environment, region: "us-east-1", http: http, runtime: sources),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), sources: sources)
    }

    static func meetingRequest(attendees: [AttendeeRequest] = []) -> MeetingRequest {
        MeetingRequest(
            clientRequestToken: "s-01-g1", externalMeetingID: "s-01-g1", mediaRegion: "us-east-1",
            attendees: attendees)
    }

    static func attendeeJSON(_ externalID: String, id: String = attendeeID) -> String {
        #"{"ExternalUserId":"\#(externalID)","AttendeeId":"\#(id)","JoinToken":"token-of-\#(externalID)","#
            + #""Capabilities":{"Audio":"SendReceive","Video":"SendReceive","Content":"SendReceive"}}"#
    }

    static let meetingJSON = """
        {"MeetingId":"\(meetingID)","MeetingHostId":null,"ExternalMeetingId":"s-01-g1",
         "MediaRegion":"us-east-1",
         "MediaPlacement":{"AudioHostUrl":"a:3478","AudioFallbackUrl":"wss://b","SignalingUrl":"wss://c",
         "TurnControlUrl":null,"EventIngestionUrl":"https://d"},
         "MeetingFeatures":{"Audio":{"EchoReduction":"AVAILABLE"}},
         "PrimaryMeetingId":null,"TenantIds":[],"MeetingArn":"\(meetingARN)"}
        """

    static func pipelineJSON(
        _ member: String, status: String = "InProgress", sink: String = "arn:aws:s3:::visits/rec/1"
    )
        -> String
    {
        """
        {"\(member)":{"MediaPipelineId":"\(pipelineID)","MediaPipelineArn":"\(pipelineARN)",
         "Status":"\(status)","SinkArn":"\(sink)",
         "SourceArn":"arn:aws:chime::111122223333:meeting:\(meetingID)"}}
        """
    }

    static func captureListJSON(of pipeline: String, nextToken: String? = nil) -> String {
        let next = nextToken.map { #","NextToken":"\#($0)""# } ?? ""
        return """
            {"MediaCapturePipelines":[{"MediaPipelineId":"\(pipeline)",
             "MediaPipelineArn":"arn:aws:chime:x"}]\(next)}
            """
    }

    /// A success of the documented shape for whatever is asked.
    static func success(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        let path = request.target.split(separator: "?")[0]
        if request.method == "DELETE" { return .answer(status: 204) }
        if request.method == "HEAD" {
            return .answer(status: 200, headers: ["ETag": "\"e-1\"", "Content-Length": "42"])
        }
        if path == "/sdk-media-capture-pipelines", request.method == "GET" {
            return .answer(
                status: 200,
                body:
                    captureListJSON(of: pipelineID)
            )
        }
        if path.hasPrefix("/sdk-media-capture-pipelines") {
            return .answer(
                status: request.method == "POST" ? 201 : 200, body: pipelineJSON("MediaCapturePipeline"))
        }
        if path.hasPrefix("/sdk-media-concatenation-pipelines") {
            return .answer(
                status: 201, body: pipelineJSON("MediaConcatenationPipeline", status: "Initializing"))
        }
        if path.hasPrefix("/sdk-media-pipelines") {
            return .answer(
                status: 200,
                body: #"{"MediaPipeline":\#(pipelineJSON("MediaConcatenationPipeline", status: "Stopped"))}"#)
        }
        if path == "/meetings" || path == "/meetings/\(meetingID)" {
            let attendees = [attendeeJSON("p-2", id: pipelineID), attendeeJSON("p-1")].joined(separator: ",")
            return .answer(
                status: 200, body: #"{"Meeting":\#(meetingJSON),"Attendees":[\#(attendees)],"Errors":[]}"#)
        }
        if path == "/meetings/\(meetingID)/attendees", request.method == "GET" {
            return .answer(status: 200, body: #"{"Attendees":[\#(attendeeJSON("p-1"))],"NextToken":null}"#)
        }
        return .answer(status: 200, body: #"{"Attendee":\#(attendeeJSON("p-1"))}"#)
    }
}
