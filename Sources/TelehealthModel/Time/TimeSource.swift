/// Port: time. Rules take `now` as an argument; only the edge asks.
public protocol TimeSource: Sendable {
    /// The wall clock.
    var now: Timestamp { get }
    /// Time since an instant that is the same for the life of the process; goes on evenly whatever is done to the wall
    /// clock. Its differences count, not its value.
    var uptime: Duration { get }
    /// Returns after `duration` of monotonic time, or throws when the task is cancelled.
    func sleep(for duration: Duration) async throws(CancellationError)
}

/// Port: fresh identifiers.
public protocol IDSource: Sendable {
    /// A random UUID (version 7: time-ordered) in lower-case text form.
    func uuid() -> String
    /// `byteCount` random bytes as lower-case hex, for pseudonyms and tokens.
    func randomHex(byteCount: Int) -> String
}
