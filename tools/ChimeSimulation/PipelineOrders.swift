/// What CreateMediaCapturePipeline asks for, checked field by field.
struct CaptureOrder {
    let sourceARN: String
    let sinkARN: String
    let meetingConfiguration: JSONValue?
    let keyManagement: JSONValue?
    let sinkRoleARN: String?

    init(_ body: JSONValue) throws(ServiceError) {
        _ = try Validation.choice(body, "SourceType", ["ChimeSdkMeeting"])
        sourceARN = try Validation.arn(body, "SourceArn")
        _ = try Validation.choice(body, "SinkType", ["S3Bucket"])
        sinkARN = try Validation.arn(body, "SinkArn")
        try Validation.tags(body, countMax: 200)
        meetingConfiguration = body["ChimeSdkMeetingConfiguration"]
        if let artifacts = meetingConfiguration?["ArtifactsConfiguration"] { try Self.check(artifacts) }
        keyManagement = body["SseAwsKeyManagementParams"]
        sinkRoleARN = try Validation.optionalARN(body, "SinkIamRoleArn")
        if let keyManagement {
            _ = try Validation.text(keyManagement, "AwsKmsKeyId", length: 1...4096)
        }
        guard (keyManagement == nil) == (sinkRoleARN == nil) else {
            throw .badRequest("SseAwsKeyManagementParams and SinkIamRoleArn must be used together")
        }
    }

    private static func check(_ artifacts: JSONValue) throws(ServiceError) {
        let states = ["Enabled", "Disabled"]
        _ = try Validation.choice(
            Validation.object(artifacts, "Audio"), "MuxType",
            ["AudioOnly", "AudioWithActiveSpeakerVideo", "AudioWithCompositedVideo"])
        _ = try Validation.choice(Validation.object(artifacts, "Video"), "State", states)
        _ = try Validation.choice(Validation.object(artifacts, "Content"), "State", states)
        guard let composited = artifacts["CompositedVideo"] else { return }
        _ = try Validation.choice(
            Validation.object(composited, "GridViewConfiguration"), "ContentShareLayout",
            ["PresenterOnly", "Horizontal", "Vertical", "ActiveSpeakerOnly"])
        if composited["Layout"] != nil { _ = try Validation.choice(composited, "Layout", ["GridView"]) }
        if composited["Resolution"] != nil {
            _ = try Validation.choice(composited, "Resolution", ["HD", "FHD"])
        }
    }
}

/// What CreateMediaConcatenationPipeline asks for: exactly one capture and one destination.
struct ConcatenationOrder {
    let sources: JSONValue
    let sinks: JSONValue
    let captureARN: String
    let destinationARN: String

    init(_ body: JSONValue) throws(ServiceError) {
        let source = try Validation.items(body, "Sources", count: 1...1)[0]
        let sink = try Validation.items(body, "Sinks", count: 1...1)[0]
        _ = try Validation.choice(source, "Type", ["MediaCapturePipeline"])
        let capture = try Validation.object(source, "MediaCapturePipelineSourceConfiguration")
        captureARN = try Validation.arn(capture, "MediaPipelineArn")
        let meeting = try Validation.object(capture, "ChimeSdkMeetingConfiguration")
        let artifacts = try Validation.object(meeting, "ArtifactsConfiguration")
        _ = try Validation.choice(Validation.object(artifacts, "Audio"), "State", ["Enabled"])
        for name in [
            "Video", "Content", "DataChannel", "TranscriptionMessages", "MeetingEvents", "CompositedVideo",
        ] {
            _ = try Validation.choice(Validation.object(artifacts, name), "State", ["Enabled", "Disabled"])
        }
        _ = try Validation.choice(sink, "Type", ["S3Bucket"])
        destinationARN = try Validation.arn(
            Validation.object(sink, "S3BucketSinkConfiguration"), "Destination")
        try Validation.tags(body, countMax: 200)
        sources = .array([source])
        sinks = .array([sink])
    }
}
