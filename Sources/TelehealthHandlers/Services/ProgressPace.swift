internal import TelehealthModel

/// When the progress of long work is told: the first word at once, what is new a second after the last one at the
/// earliest, and what is not new as a sign of life.
///
/// A pure value: times are of any clock that goes on evenly.
struct ProgressPace: Sendable {
    /// Between two words of something new.
    static let interval = Duration.seconds(1)
    /// Without anything new. Proxies end streams that are silent for a minute, some after 15 s.
    static let silenceMax = Duration.seconds(10)

    /// What is told of work that has not said a word yet.
    private var latest = WorkProgress(.waiting)
    private var told: (progress: WorkProgress, at: Duration)?

    /// The work says how far it is.
    ///
    /// - Returns: what is to be told now.
    mutating func note(_ progress: WorkProgress, at now: Duration) -> WorkProgress? {
        latest = progress
        return told == nil ? tell(at: now) : nil
    }

    /// An ``interval`` has passed.
    ///
    /// - Returns: what is to be told now.
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
