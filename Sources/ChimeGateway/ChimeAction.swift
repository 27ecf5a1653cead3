internal import AWSClient

/// Every action that the gateway uses. A call is made by naming one of these, so the list is complete.
enum ChimeAction: String, CaseIterable {
    case createMeeting = "chime:CreateMeeting"
    case createMeetingWithAttendees = "chime:CreateMeetingWithAttendees"
    case getMeeting = "chime:GetMeeting"
    case deleteMeeting = "chime:DeleteMeeting"
    case createAttendee = "chime:CreateAttendee"
    case getAttendee = "chime:GetAttendee"
    case listAttendees = "chime:ListAttendees"
    case deleteAttendee = "chime:DeleteAttendee"
    case updateAttendeeCapabilities = "chime:UpdateAttendeeCapabilities"
    case createMediaCapturePipeline = "chime:CreateMediaCapturePipeline"
    case getMediaCapturePipeline = "chime:GetMediaCapturePipeline"
    case listMediaCapturePipelines = "chime:ListMediaCapturePipelines"
    case deleteMediaCapturePipeline = "chime:DeleteMediaCapturePipeline"
    case createMediaConcatenationPipeline = "chime:CreateMediaConcatenationPipeline"
    case getMediaPipeline = "chime:GetMediaPipeline"
    case getObject = "s3:GetObject"
    case listObjects = "s3:ListBucket"
    case deleteObject = "s3:DeleteObject"

    /// The key of the client-side rate limit: each meetings operation has its own quota, the pipelines share one (10
    /// per second in total), and S3's (thousands per second) is out of reach.
    var operation: AWSServiceClient.Operation {
        let name = String(rawValue.split(separator: ":").last ?? "")
        switch self {
        case .createMeeting, .createMeetingWithAttendees, .getMeeting, .deleteMeeting, .createAttendee,
            .getAttendee, .listAttendees, .deleteAttendee, .updateAttendeeCapabilities:
            return .init(name: name, limitKey: name)
        case .createMediaCapturePipeline, .getMediaCapturePipeline, .listMediaCapturePipelines,
            .deleteMediaCapturePipeline, .createMediaConcatenationPipeline, .getMediaPipeline:
            return .init(name: name, limitKey: "MediaPipelines")
        case .getObject, .listObjects, .deleteObject:
            return .init(name: name, limitKey: nil)
        }
    }
}

extension ChimeGateway {
    /// The IAM actions that the service's role needs, sorted: those that the gateway calls, and those that AWS checks
    /// on its behalf.
    ///
    /// `s3:ListBucket` also makes S3 answer 404 instead of 403 for an object that does not exist yet.
    ///
    /// - Note: With ``ChimeConfiguration/SinkEncryption`` set, `iam:PassRole` on the sink role and, to play
    ///   recordings, `kms:Decrypt` on the key are required too.
    public static var requiredActions: [String] {
        let checkedForUs = [
            // CreateMediaCapturePipeline reads the sink's policy with the caller's permissions.
            "s3:GetBucketPolicy"
        ]
        return (ChimeAction.allCases.map(\.rawValue) + checkedForUs).sorted()
    }
}
