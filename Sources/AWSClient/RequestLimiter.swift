internal import Synchronization

/// The client-side rate limit of each operation: callers wait in a ``DeadlineQueue`` per key.
///
/// A caller sleeps until its own turn and then asks, without a thread, timer or continuation; a cancelled caller
/// withdraws its ticket.
final class RequestLimiter: Sendable {
    private struct State {
        var queues: [String: DeadlineQueue] = [:]
        var nextID: UInt64 = 1
    }

    private let limits: DeadlineQueue.Limits
    private let sources: RuntimeSources
    private let state = Mutex(State())

    init(limits: DeadlineQueue.Limits, sources: RuntimeSources) {
        self.limits = limits
        self.sources = sources
    }

    enum Refusal: Error, Hashable, Sendable {
        case overloaded(retryAfter: Duration)
        case cancelled
    }

    /// Returns when a request under `key` may be sent.
    /// - Throws: `.overloaded` at once if that is not possible before `latestStart`; `.cancelled` when the task is
    ///   cancelled.
    func admit(_ key: String, latestStart: ContinuousClock.Instant) async throws(Refusal) {
        let (id, first) = state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            let now = sources.monotonic()
            return (
                id,
                state.queues[key, default: DeadlineQueue(limits: limits, now: now)]
                    .enter(id, latestStart: latestStart, now: now)
            )
        }
        var answer = first
        while true {
            switch answer {
            case .admitted:
                return
            case .refused(let retryAfter):
                throw .overloaded(retryAfter: retryAfter)
            case .wait(let duration):
                do {
                    try await sources.sleep(duration)
                } catch {
                    state.withLock { $0.queues[key]?.leave(id) }
                    throw .cancelled
                }
                answer = state.withLock { state in
                    state.queues[key]?.poll(id, now: sources.monotonic()) ?? .admitted
                }
            }
        }
    }

    /// Callers waiting under `key`, for tests and metrics.
    func waitingCount(_ key: String) -> Int {
        state.withLock { $0.queues[key]?.waitingCount ?? 0 }
    }
}
