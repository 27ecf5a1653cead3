internal import RPCModel
internal import Synchronization

/// Makes one call repeatedly over one channel, with some concurrency, as fast as possible or at a fixed rate.
///
/// At a fixed rate, latency counts from when a call was due, not from when a worker was free: a server that stalls
/// for a second then shows in every call of that second, as it would for its users.
struct RepeatedCalls: Sendable {
    let count: Int
    /// Calls per second; `nil` for as fast as possible.
    let rate: Double?
    let concurrency: Int

    /// The results so far.
    struct Tally: Sendable {
        var latencies = LatencyHistogram()
        var errors: [RPCError.Code: Int] = [:]
        /// The first failure of each code, as text.
        var examples: [RPCError.Code: String] = [:]
        var duration = Duration.zero

        var failedCount: Int { errors.values.reduce(0, +) }
        var callsPerSecond: Double { Double(latencies.count) / Swift.max(duration / .seconds(1), 1e-9) }

        mutating func record(_ error: RPCError?, after duration: Duration) {
            latencies.record(duration)
            guard let error else { return }
            errors[error.code, default: 0] += 1
            examples[error.code] = examples[error.code] ?? error.description
        }
    }

    /// - Parameter progress: called now and then while the calls run.
    func run(
        _ call: @escaping @Sendable () async throws(RPCError) -> Void,
        progress: @escaping @Sendable (Tally) -> Void
    ) async -> Tally {
        let shared = Shared()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<concurrency {
                group.addTask {
                    await work(call, shared)
                    return true
                }
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.progressInterval)) != nil {
                    progress(shared.snapshot)
                }
                return false
            }
            var working = concurrency
            while working > 0, await group.next() == true { working -= 1 }
            group.cancelAll()
        }
        return shared.snapshot
    }

    private static let progressInterval = Duration.milliseconds(250)

    /// Shared by the workers.
    private final class Shared: Sendable {
        let started = ContinuousClock.now
        let next = Atomic(0)
        let tally = Mutex(Tally())

        var snapshot: Tally {
            var copy = tally.withLock { $0 }
            copy.duration = ContinuousClock.now - started
            return copy
        }
    }

    private func work(_ call: @Sendable () async throws(RPCError) -> Void, _ shared: Shared) async {
        while !Task.isCancelled {
            let number = shared.next.add(1, ordering: .relaxed).oldValue
            guard number < count else { return }
            var begin = ContinuousClock.now
            if let rate {
                begin = shared.started + .seconds(Double(number) / rate)
                // A late worker does not wait, and the delay counts.
                try? await Task.sleep(until: begin, clock: .continuous)
            }
            var failure: RPCError?
            do throws(RPCError) {
                try await call()
            } catch {
                failure = error
            }
            let duration = ContinuousClock.now - begin
            shared.tally.withLock { $0.record(failure, after: duration) }
        }
    }
}
