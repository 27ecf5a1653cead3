public enum PipelineStatus: String, Sendable, Hashable {
    case initializing = "Initializing"
    case inProgress = "InProgress"
    case failed = "Failed"
    case stopping = "Stopping"
    case stopped = "Stopped"
    case paused = "Paused"
    case notStarted = "NotStarted"
}

public struct MediaPipeline: Sendable, Hashable {
    public var id: String
    public var arn: String
    public var status: PipelineStatus

    public init(id: String, arn: String, status: PipelineStatus) {
        self.id = id
        self.arn = arn
        self.status = status
    }
}
