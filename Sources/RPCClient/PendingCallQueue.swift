internal import EventCore
internal import Synchronization

/// Where callers on any thread leave new calls for their channel's loop: one job on the loop for all calls that
/// arrive before it runs.
final class PendingCallQueue: Sendable {
    private struct State {
        var calls: [ClientCall] = []
        /// No call is accepted after the job that ends the channel.
        var isClosed = false
    }

    private let state = Mutex(State())

    /// - Returns: `false` when the channel was shut down.
    func take(_ call: ClientCall, for core: ChannelCore) -> Bool {
        let (isTaken, isFirst) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.calls.append(call)
            return (true, state.calls.count == 1)
        }
        if isFirst {
            // On the loop itself: wait for the tasks that are already scheduled, so that their calls are sent
            // together.
            if core.loop.isCurrent {
                core.loop.atTickEnd(core)
            } else {
                core.loop.execute { core.takeCalls() }
            }
        }
        return isTaken
    }

    /// Swaps the calls that have arrived, in order, for an empty array whose storage is reused.
    func takeAll(_ calls: inout [ClientCall]) {
        state.withLock { swap(&$0.calls, &calls) }
    }

    /// Runs `body` unless the channel was shut down, and before a shutdown.
    func whileOpen(_ body: () -> Void) {
        state.withLock { if !$0.isClosed { body() } }
    }

    /// - Returns: whether it was open.
    func close() -> Bool {
        state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }
}
