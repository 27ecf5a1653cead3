/// A media pipeline: a capture writes a meeting's media in chunks, a concatenation makes one file of them.
struct MediaPipeline: Sendable {
    enum Status: String, Sendable {
        case initializing = "Initializing"
        case inProgress = "InProgress"
        case stopping = "Stopping"
        case stopped = "Stopped"
        case failed = "Failed"

        var isFinal: Bool { self == .stopped || self == .failed }
    }

    struct Capture: Sendable {
        let meetingID: String
        let sourceARN: String
        let sinkARN: String
        let meetingConfiguration: JSONValue?
        let keyManagement: JSONValue?
        let sinkRoleARN: String?
    }

    struct Concatenation: Sendable {
        let captureID: String
        let sources: JSONValue
        let sinks: JSONValue
        /// Path of the destination in the bucket, without slashes at its ends; empty for the bucket itself.
        let prefix: String
        let kmsKeyID: String?
    }

    /// How a concatenation ends when a test says so.
    enum Outcome: String, Sendable { case failed, noObject }

    enum Work: Sendable {
        case capture(Capture)
        case concatenation(Concatenation)
    }

    let id: String
    let arn: String
    let controlRegion: String
    let mediaRegion: String
    let clientRequestToken: String?
    let ordinal: Int
    let work: Work
    let createdAt: Timestamp
    var status: Status = .initializing
    var updatedAt: Timestamp
    /// When the next step happens by itself; `nil` while the pipeline waits for something else.
    var dueAt: Timestamp?
    var outcome: Outcome?

    var capture: Capture? {
        guard case .capture(let capture) = work else { return nil }
        return capture
    }

    var concatenation: Concatenation? {
        guard case .concatenation(let concatenation) = work else { return nil }
        return concatenation
    }

    /// The object that a concatenation leaves behind. Spec: Chime SDK developer guide, "folder structure".
    var objectKey: String? {
        guard let concatenation else { return nil }
        return "\(concatenation.prefix.isEmpty ? id : concatenation.prefix)/audio/\(id).mp4"
    }

    var json: JSONValue {
        switch work {
        case .capture(let capture):
            [
                "MediaPipelineId": .string(id), "MediaPipelineArn": .string(arn),
                "SourceType": "ChimeSdkMeeting",
                "SourceArn": .string(capture.sourceARN), "Status": .string(status.rawValue),
                "SinkType": "S3Bucket",
                "SinkArn": .string(capture.sinkARN), "CreatedTimestamp": .string(createdAt.iso8601),
                "UpdatedTimestamp": .string(updatedAt.iso8601),
                "ChimeSdkMeetingConfiguration": capture.meetingConfiguration,
                "SseAwsKeyManagementParams": capture.keyManagement,
                "SinkIamRoleArn": capture.sinkRoleARN.map(JSONValue.string),
            ]
        case .concatenation(let concatenation):
            [
                "MediaPipelineId": .string(id), "MediaPipelineArn": .string(arn),
                "Sources": concatenation.sources,
                "Sinks": concatenation.sinks, "Status": .string(status.rawValue),
                "CreatedTimestamp": .string(createdAt.iso8601),
                "UpdatedTimestamp": .string(updatedAt.iso8601),
            ]
        }
    }

    /// `MediaCapturePipeline` or `MediaConcatenationPipeline`: the member that holds it in a response.
    var memberName: String { capture == nil ? "MediaConcatenationPipeline" : "MediaCapturePipeline" }
}
