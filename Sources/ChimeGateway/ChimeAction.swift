internal import AWSClient

/// Every action that the gateway can ask of AWS. A call is made by naming one of these, so the list is
/// complete.
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

    /// What the key of the client-side rate limit is: each meetings operation has a quota of its own, the
    /// pipelines share one (10 a second in all), and S3's (thousands a second) is out of reach.
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
    /// The IAM actions that the caller's role needs, sorted: those the gateway calls, and those that AWS
    /// checks on the caller's behalf.
    ///
    /// `s3:ListBucket` is also what makes S3 answer 404 and not 403 for an object that is not there yet.
    ///
    /// - Note: With ``ChimeConfiguration/SinkEncryption`` set, `iam:PassRole` on the sink role and, to play
    ///   recordings, `kms:Decrypt` on the key are needed too.
    public static var requiredActions: [String] {
        let checkedForUs = [
            // CreateMediaCapturePipeline reads the sink's policy with the caller's rights.
            "s3:GetBucketPolicy"
        ]
        return (ChimeAction.allCases.map(\.rawValue) + checkedForUs).sorted()
    }
}
