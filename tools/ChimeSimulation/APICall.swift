/// A request that the router has recognized.
enum APICall: Sendable, Hashable {
    case meetings(MeetingsCall)
    case pipelines(PipelinesCall)
    case objects(ObjectCall)
    case queue(QueueCall)

    var operationName: String {
        switch self {
        case .meetings(let call): call.operationName
        case .pipelines(let call): call.operationName
        case .objects(let call): call.operationName
        case .queue(let call): call.rawValue
        }
    }

    /// The service part of the credential scope.
    var signingName: String {
        switch self {
        case .meetings, .pipelines: "chime"
        case .objects: "s3"
        case .queue: "sqs"
        }
    }

    /// - Returns: `nil` for what none of the simulated services has.
    init?(_ request: SimulatedRequest, bucket: String) {
        let segments = request.path.split(separator: "/").map { PercentCoding.decoded($0) }
        if let call = QueueCall(request) {
            self = .queue(call)
        } else if let call = ObjectCall(request, bucket: bucket) {
            self = .objects(call)
        } else if segments.first == "meetings", let call = MeetingsCall(request, Array(segments.dropFirst()))
        {
            self = .meetings(call)
        } else if let call = PipelinesCall(request.method, segments) {
            self = .pipelines(call)
        } else {
            return nil
        }
    }
}

/// The calls of the Chime SDK Meetings API (model version 2021-07-15).
enum MeetingsCall: Sendable, Hashable {
    case createMeeting
    case createMeetingWithAttendees
    case getMeeting(String)
    case deleteMeeting(String)
    case createAttendee(meeting: String)
    case batchCreateAttendee(meeting: String)
    case listAttendees(meeting: String)
    case getAttendee(meeting: String, attendee: String)
    case deleteAttendee(meeting: String, attendee: String)
    case updateAttendeeCapabilities(meeting: String, attendee: String)
    case batchUpdateAttendeeCapabilitiesExcept(meeting: String)

    static let operationNames = [
        "CreateMeeting", "CreateMeetingWithAttendees", "GetMeeting", "DeleteMeeting", "CreateAttendee",
        "BatchCreateAttendee", "ListAttendees", "GetAttendee", "DeleteAttendee", "UpdateAttendeeCapabilities",
        "BatchUpdateAttendeeCapabilitiesExcept",
    ]

    /// - Parameter segments: the decoded path after `/meetings`.
    init?(_ request: SimulatedRequest, _ segments: [String]) {
        let operation = request.queryValue("operation")
        switch (request.method, segments.count, operation) {
        case ("POST", 0, nil): self = .createMeeting
        case ("POST", 0, "create-attendees"): self = .createMeetingWithAttendees
        case ("GET", 1, nil): self = .getMeeting(segments[0])
        case ("DELETE", 1, nil): self = .deleteMeeting(segments[0])
        default:
            guard segments.count >= 2, segments[1] == "attendees" else { return nil }
            self.init(
                attendees: request.method, operation, meeting: segments[0], Array(segments.dropFirst(2)))
        }
    }

    private init?(attendees method: String, _ operation: String?, meeting: String, _ rest: [String]) {
        switch (method, rest.count, operation) {
        case ("POST", 0, nil): self = .createAttendee(meeting: meeting)
        case ("POST", 0, "batch-create"): self = .batchCreateAttendee(meeting: meeting)
        case ("GET", 0, nil): self = .listAttendees(meeting: meeting)
        case ("PUT", 1, "batch-update-except") where rest[0] == "capabilities":
            self = .batchUpdateAttendeeCapabilitiesExcept(meeting: meeting)
        case ("GET", 1, nil): self = .getAttendee(meeting: meeting, attendee: rest[0])
        case ("DELETE", 1, nil): self = .deleteAttendee(meeting: meeting, attendee: rest[0])
        case ("PUT", 2, nil) where rest[1] == "capabilities":
            self = .updateAttendeeCapabilities(meeting: meeting, attendee: rest[0])
        default: return nil
        }
    }

    var operationName: String {
        switch self {
        case .createMeeting: "CreateMeeting"
        case .createMeetingWithAttendees: "CreateMeetingWithAttendees"
        case .getMeeting: "GetMeeting"
        case .deleteMeeting: "DeleteMeeting"
        case .createAttendee: "CreateAttendee"
        case .batchCreateAttendee: "BatchCreateAttendee"
        case .listAttendees: "ListAttendees"
        case .getAttendee: "GetAttendee"
        case .deleteAttendee: "DeleteAttendee"
        case .updateAttendeeCapabilities: "UpdateAttendeeCapabilities"
        case .batchUpdateAttendeeCapabilitiesExcept: "BatchUpdateAttendeeCapabilitiesExcept"
        }
    }
}

/// The calls of the Chime SDK Media Pipelines API (model version 2021-07-15) that recordings need.
enum PipelinesCall: Sendable, Hashable {
    case createCapture
    case getCapture(String)
    case listCaptures
    case deleteCapture(String)
    case createConcatenation
    case getPipeline(String)
    case deletePipeline(String)

    static let operationNames = [
        "CreateMediaCapturePipeline", "GetMediaCapturePipeline", "ListMediaCapturePipelines",
        "DeleteMediaCapturePipeline", "CreateMediaConcatenationPipeline", "GetMediaPipeline",
        "DeleteMediaPipeline",
    ]

    init?(_ method: String, _ segments: [String]) {
        switch (method, segments.first, segments.count) {
        case ("POST", "sdk-media-capture-pipelines", 1): self = .createCapture
        case ("GET", "sdk-media-capture-pipelines", 1): self = .listCaptures
        case ("GET", "sdk-media-capture-pipelines", 2): self = .getCapture(segments[1])
        case ("DELETE", "sdk-media-capture-pipelines", 2): self = .deleteCapture(segments[1])
        case ("POST", "sdk-media-concatenation-pipelines", 1): self = .createConcatenation
        case ("GET", "sdk-media-pipelines", 2): self = .getPipeline(segments[1])
        case ("DELETE", "sdk-media-pipelines", 2): self = .deletePipeline(segments[1])
        default: return nil
        }
    }

    var operationName: String {
        switch self {
        case .createCapture: "CreateMediaCapturePipeline"
        case .getCapture: "GetMediaCapturePipeline"
        case .listCaptures: "ListMediaCapturePipelines"
        case .deleteCapture: "DeleteMediaCapturePipeline"
        case .createConcatenation: "CreateMediaConcatenationPipeline"
        case .getPipeline: "GetMediaPipeline"
        case .deletePipeline: "DeleteMediaPipeline"
        }
    }
}

/// The calls of S3 that play, check and remove a recording; the bucket is in the path or in the host name.
enum ObjectCall: Sendable, Hashable {
    case head(bucket: String, key: String)
    case get(bucket: String, key: String)
    case delete(bucket: String, key: String)
    case list(bucket: String)
    case deleteMany(bucket: String)

    static let operationNames = [
        "HeadObject", "GetObject", "DeleteObject", "ListObjectsV2", "DeleteObjects",
    ]

    /// - Parameter bucket: the bucket that exists. A request signed for S3 that names another is recognized
    ///   too, so that it can be told that its bucket does not exist.
    init?(_ request: SimulatedRequest, bucket: String) {
        let path = PercentCoding.decoded(request.path.drop { $0 == "/" })
        let name: String
        let key: String
        if let host = request.headers["host"], host.hasPrefix(bucket + ".") {
            (name, key) = (bucket, path)
        } else {
            let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == bucket || parts.count == 2 && Self.isSignedForS3(request) else { return nil }
            (name, key) = (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
        }
        guard !key.isEmpty else {
            switch request.method {
            case "GET" where request.queryValue("list-type") == "2": self = .list(bucket: name)
            case "POST" where request.queryValue("delete") != nil: self = .deleteMany(bucket: name)
            default: return nil
            }
            return
        }
        switch request.method {
        case "HEAD": self = .head(bucket: name, key: key)
        case "GET": self = .get(bucket: name, key: key)
        case "DELETE": self = .delete(bucket: name, key: key)
        default: return nil
        }
    }

    private static func isSignedForS3(_ request: SimulatedRequest) -> Bool {
        request.headers["authorization"]?.contains("/s3/aws4_request") == true
            || request.queryValue("X-Amz-Credential")?.hasSuffix("/s3/aws4_request") == true
    }

    var operationName: String {
        switch self {
        case .head: "HeadObject"
        case .get: "GetObject"
        case .delete: "DeleteObject"
        case .list: "ListObjectsV2"
        case .deleteMany: "DeleteObjects"
        }
    }
}
