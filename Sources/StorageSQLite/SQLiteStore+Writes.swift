internal import Storage
public import TelehealthEngine
public import TelehealthModel
public import TelehealthRules

extension SQLiteStore {
    public func apply(_ decision: Decision) async throws(StoreError) -> ApplyResult {
        let result = await withCheckedContinuation { done in
            if let refusal = writer.queue.submit(.apply(decision, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        return try result.get()
    }

    public func record(_ entry: AuditEntry) async throws(StoreError) {
        let error = await withCheckedContinuation { done in
            record(entry) { done.resume(returning: $0) }
        }
        if let error { throw error }
    }

    public func record(_ entry: AuditEntry, then done: @escaping @Sendable (StoreError?) -> Void) {
        if let refusal = writer.queue.submit(.record(entry, done)) { done(refusal) }
    }

    /// In small steps between other writes.
    public func prune(
        requestsBefore: Timestamp, eventsBefore: Timestamp, effectsBefore: Timestamp,
        earlyCancellationsBefore: Timestamp
    ) async throws(StoreError) {
        let pruning = Pruning(
            requestsBefore: requestsBefore, eventsBefore: eventsBefore, effectsBefore: effectsBefore,
            earlyCancellationsBefore: earlyCancellationsBefore)
        let result = await withCheckedContinuation { done in
            if let refusal = writer.queue.submit(.prune(pruning, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        try result.get()
    }
}
