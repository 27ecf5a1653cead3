import EventCore
import ProtobufWire
import RPCModel
import Synchronization

/// Everybody who holds `bench.Echo/Watch` open: detached calls without a task, as a service's watches are.
final class Watchers: Sendable {
    private struct State {
        var writers: [Int: ResponseWriter<EchoService.Echo>] = [:]
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var latest = 0
    }

    private let state = Mutex(State())

    func add(_ writer: ResponseWriter<EchoService.Echo>, _ context: ServerCallContext) {
        writer.detach()
        writer.sendInitialMetadata()
        let number = state.withLock { state in
            state.latest += 1
            state.writers[state.latest] = writer
            return state.latest
        }
        context.onCancel { [self] in
            state.withLock { _ = $0.writers.removeValue(forKey: number) }
            writer.finish()
        }
    }

    /// Returns at the next ``publish()``, or when the call is cancelled.
    func next(_ context: ServerCallContext) async {
        await withCheckedContinuation { continuation in
            let number = state.withLock { state in
                state.latest += 1
                state.waiters[state.latest] = continuation
                return state.latest
            }
            context.onCancel { [self] in
                state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
            }
        }
    }

    /// Tells everybody what time it is, on the clock of this machine.
    func publish() {
        let (writers, waiters) = state.withLock { state in
            defer { state.waiters = [:] }
            return (Array(state.writers.values), Array(state.waiters.values))
        }
        for waiter in waiters { waiter.resume() }
        let event = EchoService.Echo.with { event in
            event.value = withUnsafeBytes(of: MachineClock.nanoseconds) { Array($0) }
        }
        // A watcher that left in the meantime is told nothing.
        for writer in writers { _ = try? writer.writeNow(event) }
    }
}

/// A clock that all processes of a machine share, so that one can subtract another's reading from its own.
enum MachineClock {
    static var nanoseconds: UInt64 { MonotonicInstant.systemNow().nanoseconds }
}
