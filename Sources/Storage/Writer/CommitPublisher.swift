internal import Synchronization
package import TelehealthEngine

/// Tells followers of commits, in their order. Isolation: any; ``publish(_:)`` is the writer's thread's.
package final class CommitPublisher: Sendable {
    private struct State {
        var position: Int64
        var followers: [@Sendable (CommitNotice) -> Void] = []
    }

    private let state: Mutex<State>

    /// - Parameter position: of the newest commit there is.
    package init(from position: Int64) { state = Mutex(State(position: position)) }

    package func follow(_ follower: @escaping @Sendable (CommitNotice) -> Void) -> Int64 {
        state.withLock { state in
            state.followers.append(follower)
            return state.position
        }
    }

    /// To be called when what was committed can be read, and before any caller is answered. Followers are called under
    /// the lock, so that each hears of every commit after the one that it began with.
    package func publish(_ notice: CommitNotice) {
        state.withLock { state in
            state.position = notice.position
            for follower in state.followers { follower(notice) }
        }
    }
}
