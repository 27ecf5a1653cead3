package import TelehealthModel

/// The bounded queue between any caller and the writer's thread.
package final class WriterQueue: @unchecked Sendable {
    private let limit: Int
    private let recordsLimit: Int
    // Guarded by `condition`:
    private let condition = ThreadCondition()
    private var jobs: [WriterJob] = []
    private var recordCount = 0
    private var isWaiting = false
    private var isClosed = false
    private var isFinished = false
    private var refused = 0
    private var closing: [CheckedContinuation<Void, Never>] = []

    /// - Parameter recordsLimit: how many of them may be mere entries of the audit log.
    package init(limit: Int, recordsLimit: Int = .max) {
        self.limit = limit
        self.recordsLimit = recordsLimit
    }

    /// - Returns: why the job was not taken; its continuation is then the caller's to resume.
    package func submit(_ job: WriterJob) -> StoreError? {
        condition.withLock {
            if isClosed { return .closed }
            var isRecord = false
            if case .record = job { isRecord = true }
            guard jobs.count < limit, !isRecord || recordCount < recordsLimit else {
                refused += 1
                return .overloaded
            }
            if isRecord { recordCount += 1 }
            jobs.append(job)
            if isWaiting {
                isWaiting = false
                condition.wakeOne()
            }
            return nil
        }
    }

    /// Writer: swaps everything queued into `batch`, which is empty.
    /// - Parameter patience: nanoseconds to wait for something; nil = as long as it takes.
    /// - Returns: false when the queue is closed and empty.
    package func take(into batch: inout [WriterJob], patience: UInt64?) -> Bool {
        condition.withLock {
            let deadline = patience.map { MonotonicClock.nanoseconds() + $0 }
            while jobs.isEmpty && !isClosed {
                isWaiting = true
                if let deadline {
                    guard MonotonicClock.nanoseconds() < deadline else { break }
                    condition.wait(until: deadline)
                } else {
                    condition.wait()
                }
            }
            isWaiting = false
            swap(&jobs, &batch)
            recordCount = 0
            return !(batch.isEmpty && isClosed)
        }
    }

    package var counts: (queued: Int, refused: Int) { condition.withLock { (jobs.count, refused) } }

    /// Refuses new jobs; what is queued is still done.
    /// - Parameter done: resumed when the writer has ended.
    /// - Returns: false when it has ended already: `done` is then the caller's to resume.
    @discardableResult
    package func close(_ done: CheckedContinuation<Void, Never>?) -> Bool {
        condition.withLock {
            if isFinished { return false }
            isClosed = true
            if let done { closing.append(done) }
            condition.wakeAll()
            return true
        }
    }

    /// Writer: its last word.
    package func finish() {
        let waiting = condition.withLock {
            isFinished = true
            defer { closing.removeAll() }
            return closing
        }
        for done in waiting { done.resume() }
    }
}
