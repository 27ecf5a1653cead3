internal import Synchronization

/// The connectivity state of a channel.
/// - Spec: gRPC doc/connectivity-semantics-and-api.md.
public enum ConnectivityState: Sendable, Hashable {
    case idle
    case connecting
    case ready
    case transientFailure
    case shutdown
}

/// The state that a channel's loop publishes and other threads read or await.
final class PublishedConnectivity: Sendable {
    private struct Waiter {
        var id: UInt64
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct Shared {
        var state = ConnectivityState.idle
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
    }

    private let shared = Mutex(Shared())

    var state: ConnectivityState { shared.withLock { $0.state } }

    func publish(_ state: ConnectivityState) {
        let waiters = shared.withLock { shared -> [Waiter] in
            guard shared.state != state else { return [] }
            shared.state = state
            defer { shared.waiters = [] }
            return shared.waiters
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    /// Waits until the state differs from `known`; returns early when the task is cancelled.
    func change(from known: ConnectivityState) async -> ConnectivityState {
        let id = shared.withLock { shared in
            shared.nextID += 1
            return shared.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = shared.withLock { shared in
                    if shared.state != known || Task.isCancelled { return true }
                    shared.waiters.append(Waiter(id: id, continuation: continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = shared.withLock { shared -> Waiter? in
                guard let index = shared.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return shared.waiters.remove(at: index)
            }
            waiter?.continuation.resume()
        }
        return state
    }
}
