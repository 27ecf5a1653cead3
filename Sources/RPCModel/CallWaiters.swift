/// The tasks that are suspended on one half of a call: one as a rule, which costs no memory of its own.
@safe struct CallWaiters: Sendable {
    // Safe to hold and to pass on: only `append` and `resume` touch what is inside.

    private var first: UnsafeContinuation<Void, Never>?
    private var others: [UnsafeContinuation<Void, Never>]

    init() {
        unsafe first = nil
        unsafe others = []
    }

    mutating func append(_ waiter: UnsafeContinuation<Void, Never>) {
        if unsafe first == nil {
            unsafe first = waiter
        } else {
            unsafe others.append(waiter)
        }
    }

    /// Whoever takes them resumes each, once, with no lock of the call held.
    mutating func takeAll() -> CallWaiters {
        defer { self = CallWaiters() }
        return self
    }

    consuming func resume() {
        unsafe first?.resume()
        for unsafe other in unsafe others { unsafe other.resume() }
    }
}
