internal import EventCore
internal import Synchronization

/// Where callers of any thread leave new calls for their channel's loop: one job on the loop however many calls come
/// before it runs.
final class CallIntake: Sendable {
    private struct State {
        var calls: [ClientCall] = []
        /// No call gets in behind the job that ends the channel.
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
            // On the loop itself: once the tasks that ran before it had their turn, so that their calls leave together.
            if core.loop.isCurrent {
                core.loop.atTickEnd(core)
            } else {
                core.loop.execute { core.takeCalls() }
            }
        }
        return isTaken
    }

    /// Exchanges the calls that came since the last time, in order, for an empty array whose room is used for the next.
    func takeAll(_ calls: inout [ClientCall]) {
        state.withLock { swap(&$0.calls, &calls) }
    }

    /// Runs `body` unless the channel was shut down, and before it is.
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
