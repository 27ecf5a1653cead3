/// The tasks suspended on the halves of a call: usually one reader, which needs no allocation.
@safe struct CallWaiters: Sendable {
    // Safe to hold and to pass on: only `append` and `resume` touch what is inside.

    enum Half { case inbound, outbound }

    @safe private struct Waiter {
        let half: Half
        let continuation: UnsafeContinuation<Void, Never>
    }

    private var reader: UnsafeContinuation<Void, Never>?
    /// Further readers, and writers.
    private var others: [Waiter]

    init() {
        unsafe reader = nil
        others = []
    }

    mutating func append(_ waiter: UnsafeContinuation<Void, Never>, to half: Half) {
        if half == .inbound, unsafe reader == nil {
            unsafe reader = waiter
        } else {
            unsafe others.append(Waiter(half: half, continuation: waiter))
        }
    }

    /// The caller must resume each waiter taken, once, without a lock of the call held.
    mutating func take(_ half: Half) -> CallWaiters {
        var taken = CallWaiters()
        if half == .inbound {
            unsafe taken.reader = reader
            unsafe reader = nil
        }
        if !others.isEmpty {
            taken.others = others.filter { $0.half == half }
            others.removeAll { $0.half == half }
        }
        return taken
    }

    consuming func resume() {
        unsafe reader?.resume()
        for other in others { unsafe other.continuation.resume() }
    }
}
