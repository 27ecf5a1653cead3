internal import Glibc

/// Time, waiting and chance, injected so that tests can hold them still.
public struct RuntimeSources: Sendable {
    /// Seconds since 1970: what signatures and expiry times are counted in.
    public var wallClock: @Sendable () -> Int64
    /// What deadlines are counted in.
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
