/// What a simulated account is like. The defaults are AWS's documented quotas and timers.
public struct Configuration: Sendable {
    public var credentials: Credentials
    public var accountID = "111122223333"
    /// The only bucket there is.
    public var bucket = "telehealth-recordings"
    /// New attendees count as connected with audio at once, so that meetings live without real media.
    public var autoJoins = true
    /// `nil` takes every rate. Meetings operations have a bucket each, pipelines operations one together.
    public var throttle: ThrottleLimits? = ThrottleLimits(ratePerSecond: 10, burst: 20)
    /// Live meetings of the account.
    public var meetingsMax = 250
    /// Pipelines of the account that are neither stopped nor failed.
    public var pipelinesMax = 100
    /// A meeting without any audio connection ends after this long.
    public var silenceMax: Duration = .seconds(5 * 60)
    /// A meeting ends this long after its creation in any case.
    public var lifetimeMax: Duration = .seconds(24 * 60 * 60)
    /// How long a pipeline takes from one state to the next.
    public var pipelineStep: Duration = .seconds(1)
    /// How long CreateMeeting takes; within it, a second create with the same token meets a conflict.
    public var creationDelay: Duration = .zero
    /// Ended meetings, finished pipelines and objects that are remembered, of each.
    public var endedMax = 5000
    /// Of the identifiers that are made.
    public var seed: UInt64 = 0

    public init(credentials: Credentials) { self.credentials = credentials }
}
