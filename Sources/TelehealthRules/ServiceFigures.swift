public import TelehealthModel

/// What the service report is worked out from: half-open, from `from` to before `to`.
public struct ServiceFiguresQuery: Sendable, Hashable {
    public let from: Timestamp
    public let to: Timestamp
    /// What a client's coverage is judged by: one granted type of each group. At most three groups of two.
    public let joinConsents: [[ConsentType]]

    public init(from: Timestamp, to: Timestamp, joinConsents: [[ConsentType]]) {
        self.from = from
        self.to = to
        self.joinConsents = joinConsents
    }
}

/// Sums over stored rows of one period. Counts and durations only, nothing of anybody.
public struct ServiceFigures: Sendable, Hashable {
    /// By creation: sessions, and those of them that had a meeting which could not be made.
    public var sessionsCreated = 0
    public var sessionsWithFailedMeeting = 0
    /// CreateSession calls that failed through no fault of the caller.
    public var creationFailures = 0
    /// By the report's instant.
    public var joins = 0
    public var joinTotal: Duration = .zero
    /// The smallest join time that at least 95 of 100 joins did not exceed; exact.
    public var join95th: Duration = .zero
    /// By a person's first report.
    public var video: Duration = .zero
    public var videoAt720: Duration = .zero
    public var reporters = 0
    /// By an interval's begin, ended ones only: time connected, times dropped, and the time until the
    /// reconnection of those that came back.
    public var presence: Duration = .zero
    public var intervals = 0
    public var drops = 0
    public var reconnections = 0
    public var disconnected: Duration = .zero
    /// By the start of the visit: visits, and those whose client had granted every consent to join.
    public var visits = 0
    public var visitsCovered = 0
    /// By the start of the capture: recordings that ran, and those that stand on consents.
    public var recordings = 0
    public var recordingsCovered = 0

    public init() {}
}

/// One figure against its target.
public struct ServiceMeasure: Sendable, Hashable {
    /// nil when nothing was measured: then the target is neither met nor missed.
    public let value: Double?
    public let target: Double
    /// Whether a good value is below the target, as for times.
    public let isUpperBound: Bool
    /// Whether the target itself is good enough ("100 %") or has to be passed ("over 99 %").
    public let isInclusive: Bool
    /// How many of how many, or out of how many samples.
    public let count: Int
    public let total: Int

    public var isMet: Bool {
        guard let value else { return false }
        if isInclusive && value == target { return true }
        return isUpperBound ? value < target : value > target
    }
}

/// The report that GetServiceReport answers.
public struct ServiceReport: Sendable, Hashable {
    public let from: Timestamp
    public let to: Timestamp
    /// Share of sessions created, and with a meeting whenever one was wanted. Over 0.99.
    public let creationSuccess: ServiceMeasure
    /// Seconds. Under 5.
    public let averageJoin: ServiceMeasure
    public let join95th: ServiceMeasure
    /// Share of the time with video that had 720 lines or more. Over 0.5: the greater part.
    public let video720: ServiceMeasure
    /// Share of the time in which whoever was in a meeting was connected. Over 0.95.
    public let connectionStability: ServiceMeasure
    /// Share of visits whose client had granted every consent to join. 1.
    public let consentCoverage: ServiceMeasure
    /// Share of recordings that stand on consents. 1.
    public let recordingConsentCoverage: ServiceMeasure
    public let figures: ServiceFigures

    package init(_ figures: ServiceFigures, _ query: ServiceFiguresQuery) {
        from = query.from
        to = query.to
        self.figures = figures
        let attempts = figures.sessionsCreated + figures.creationFailures
        let good = figures.sessionsCreated - figures.sessionsWithFailedMeeting
        creationSuccess = Self.share(good, of: attempts, over: 0.99)
        let average =
            figures.joins == 0 ? nil : Self.seconds(figures.joinTotal) / Double(figures.joins)
        averageJoin = Self.time(average, figures.joins)
        join95th = Self.time(figures.joins == 0 ? nil : Self.seconds(figures.join95th), figures.joins)
        video720 = ServiceMeasure(
            value: figures.video > .zero
                ? Self.seconds(figures.videoAt720) / Self.seconds(figures.video) : nil,
            target: 0.5, isUpperBound: false, isInclusive: false,
            count: Int(Self.seconds(figures.videoAt720)), total: Int(Self.seconds(figures.video)))
        let wanted = figures.presence + figures.disconnected
        connectionStability = ServiceMeasure(
            value: wanted > .zero ? Self.seconds(figures.presence) / Self.seconds(wanted) : nil,
            target: 0.95, isUpperBound: false, isInclusive: false,
            count: figures.intervals - figures.drops, total: figures.intervals)
        consentCoverage = Self.share(figures.visitsCovered, of: figures.visits, over: 1, orEqual: true)
        recordingConsentCoverage = Self.share(
            figures.recordingsCovered, of: figures.recordings, over: 1, orEqual: true)
    }

    private static func share(_ count: Int, of total: Int, over target: Double, orEqual: Bool = false)
        -> ServiceMeasure
    {
        ServiceMeasure(
            value: total == 0 ? nil : Double(max(0, count)) / Double(total), target: target,
            isUpperBound: false, isInclusive: orEqual, count: max(0, count), total: total)
    }

    private static func time(_ seconds: Double?, _ samples: Int) -> ServiceMeasure {
        ServiceMeasure(
            value: seconds, target: 5, isUpperBound: true, isInclusive: false, count: samples, total: samples)
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.wholeMicroseconds) / 1_000_000
    }
}
