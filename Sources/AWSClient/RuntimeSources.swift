internal import Glibc

/// Time, waiting and randomness, injected so that tests control them.
public struct RuntimeSources: Sendable {
    /// Seconds since 1970, for signatures and expiry times.
    public var wallClock: @Sendable () -> Int64
    /// The clock of deadlines.
    public var monotonic: @Sendable () -> ContinuousClock.Instant
    /// Returns after the duration, or throws when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// Uniform in 0..<1.
    public var random: @Sendable () -> Double

    public init(
        wallClock: @escaping @Sendable () -> Int64,
        monotonic: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void, random: @escaping @Sendable () -> Double
    ) {
        self.wallClock = wallClock
        self.monotonic = monotonic
        self.sleep = sleep
        self.random = random
    }

    public static let system = RuntimeSources(
        wallClock: { Int64(time(nil)) },
        monotonic: { .now },
        sleep: { try await Task.sleep(for: $0) },
        random: { .random(in: 0..<1) })
}
