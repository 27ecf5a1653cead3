internal import TelehealthModel

/// When to report the progress of long work: the first message at once, changes at least a second after the last
/// message, and an unchanged message as a sign of life.
///
/// A pure value: times are of any monotonic clock.
struct ProgressPace: Sendable {
    /// Minimum interval between messages with changes.
    static let interval = Duration.seconds(1)
    /// Interval of messages without changes. Proxies end streams that are silent for a minute, some after 15 s.
    static let silenceMax = Duration.seconds(10)

    /// The progress of work that has not reported yet.
    private var latest = WorkProgress(.waiting)
    private var told: (progress: WorkProgress, at: Duration)?

    /// The work reports its progress.
    ///
    /// - Returns: what to send now.
    mutating func note(_ progress: WorkProgress, at now: Duration) -> WorkProgress? {
        latest = progress
        return told == nil ? tell(at: now) : nil
    }

    /// An ``interval`` has passed.
    ///
    /// - Returns: what to send now.
    mutating func tick(at now: Duration) -> WorkProgress? {
        guard let told else { return tell(at: now) }
        let silence = now - told.at
        let isDue = told.progress == latest ? silence >= Self.silenceMax : silence >= Self.interval
        return isDue ? tell(at: now) : nil
    }

    private mutating func tell(at now: Duration) -> WorkProgress {
        told = (latest, now)
        return latest
    }
}
