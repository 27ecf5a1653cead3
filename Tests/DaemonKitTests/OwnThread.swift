import Foundation

/// Work that blocks, on a thread of its own: Swift's pool has as many threads as the machine has cores, and tests that
/// block them wait for each other.
struct OwnThread<Value: Sendable>: Sendable {
    private let results: AsyncStream<Value>

    /// Starts at once.
    init(_ work: @escaping @Sendable () -> Value) {
        let (results, continuation) = AsyncStream<Value>.makeStream()
        self.results = results
        Thread.detachNewThread {
            continuation.yield(work())
            continuation.finish()
        }
    }

    /// What came of it; to be asked once.
    var value: Value? {
        get async {
            var iterator = results.makeAsyncIterator()
            return await iterator.next()
        }
    }
}
