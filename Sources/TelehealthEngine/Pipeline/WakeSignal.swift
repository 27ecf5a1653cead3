internal import Synchronization
internal import TelehealthModel

/// Wakes one or more waiting tasks; a signal that nobody waits for is kept for the next wait.
///
/// Isolation: any.
final class WakeSignal: Sendable {
    private struct State {
        var isSignaled = false
        var nextTicket = 0
        var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
        /// Waits that were given up before they began to wait.
        var abandoned: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Wakes all waiters, or the next one to come.
    func signal() {
        let waiters = state.withLock { state in
            state.isSignaled = state.waiters.isEmpty
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: true) }
    }

    /// - Parameter limit: at most so long; nil = until signaled.
    /// - Returns: false when the time passed or the task was cancelled.
    func wait(atMost limit: Duration?, _ time: any TimeSource) async -> Bool {
        let ticket = state.withLock { state in
            defer { state.nextTicket += 1 }
            return state.nextTicket
        }
        // A timer or cancellation that comes after the signal leaves its mark: take it away.
        defer { state.withLock { _ = $0.abandoned.remove(ticket) } }
        guard let limit else { return await wait(ticket) }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await time.sleep(for: limit) } catch { return }
                self.giveUp(ticket)
            }
            let isSignaled = await self.wait(ticket)
            group.cancelAll()
            return isSignaled
        }
    }

    private func wait(_ ticket: Int) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.isSignaled {
                        state.isSignaled = false
                        return true
                    }
                    if state.abandoned.remove(ticket) != nil || Task.isCancelled { return false }
                    state.waiters[ticket] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            giveUp(ticket)
        }
    }

    private func giveUp(_ ticket: Int) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: ticket)
            if waiter == nil && ticket < state.nextTicket { state.abandoned.insert(ticket) }
            return waiter
        }
        waiter?.resume(returning: false)
    }
}
