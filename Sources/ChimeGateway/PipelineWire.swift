internal import TelehealthModel

// The bodies of the media pipelines API; see WireJSON for the names.

struct WireState: Encodable {
    static let enabled = WireState(state: "Enabled")
    static let disabled = WireState(state: "Disabled")

    var state: String
}

/// One composited video with sound: the only capture that can be played without editing.
struct WireCaptureRequest: Encodable {
    struct Configuration: Encodable {
        var artifactsConfiguration = Artifacts()
    }

    struct Artifacts: Encodable {
        struct Audio: Encodable { var muxType = "AudioWithCompositedVideo" }
        struct GridView: Encodable { var contentShareLayout = "PresenterOnly" }
        struct Composited: Encodable {
            var layout = "GridView"
            var resolution = "HD"
            var gridViewConfiguration = GridView()
        }

        var audio = Audio()
        var video = WireState.disabled
        var content = WireState.disabled
        var compositedVideo = Composited()
    }

    struct Encryption: Encodable { var awsKmsKeyId: String }

    var sourceType = "ChimeSdkMeeting"
    var sourceArn: String
    var sinkType = "S3Bucket"
    var sinkArn: String
    var clientRequestToken: String
    var chimeSdkMeetingConfiguration = Configuration()
    /// Requires the role.
    var sseAwsKeyManagementParams: Encryption?
    var sinkIamRoleArn: String?
}

/// All seven artifact members are required; the composited video is part of the audio artifact.
struct WireConcatenationRequest: Encodable {
    struct Source: Encodable {
        var type = "MediaCapturePipeline"
        var mediaCapturePipelineSourceConfiguration: SourceConfiguration
    }

    struct SourceConfiguration: Encodable {
        var mediaPipelineArn: String
        var chimeSdkMeetingConfiguration = MeetingConfiguration()
    }

    struct MeetingConfiguration: Encodable {
        var artifactsConfiguration = Artifacts()
    }

    struct Artifacts: Encodable {
        var audio = WireState.enabled
        var video = WireState.disabled
        var content = WireState.disabled
        var dataChannel = WireState.disabled
        var transcriptionMessages = WireState.disabled
        var meetingEvents = WireState.enabled
        var compositedVideo = WireState.disabled
    }

    struct Sink: Encodable {
        var type = "S3Bucket"
        var s3BucketSinkConfiguration: SinkConfiguration
    }

    struct SinkConfiguration: Encodable { var destination: String }

    var sources: [Source]
    var sinks: [Sink]
    var clientRequestToken: String

    init(captureARN: String, destinationARN: String, clientRequestToken: String) {
        sources = [Source(mediaCapturePipelineSourceConfiguration: .init(mediaPipelineArn: captureARN))]
        sinks = [Sink(s3BucketSinkConfiguration: .init(destination: destinationARN))]
        self.clientRequestToken = clientRequestToken
    }
}

struct WirePipeline: Decodable {
    var mediaPipelineId: String
    var mediaPipelineArn: String
    /// Absent from lists.
    var status: String?
    var sinkArn: String?

    /// nil for an unknown status.
    var value: MediaPipeline? {
        PipelineStatus(rawValue: status ?? "").map {
            MediaPipeline(id: mediaPipelineId, arn: mediaPipelineArn, status: $0)
        }
    }
}

struct WireCaptureAnswer: Decodable {
    var mediaCapturePipeline: WirePipeline
}

struct WireCaptureList: Decodable {
    var mediaCapturePipelines: [WirePipeline]?
    var nextToken: String?
}

struct WireConcatenationAnswer: Decodable {
    var mediaConcatenationPipeline: WirePipeline
}

/// GetMediaPipeline returns one member per kind of pipeline.
struct WirePipelineAnswer: Decodable {
    struct AnyKind: Decodable {
        var mediaConcatenationPipeline: WirePipeline?
    }

    var mediaPipeline: AnyKind
}
