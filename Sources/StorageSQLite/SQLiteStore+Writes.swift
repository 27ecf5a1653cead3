public import TelehealthCore

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
        let result = await withCheckedContinuation { done in
            if let refusal = writer.queue.submit(.record(entry, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        try result.get()
    }

    public func claimEffects(
        limit: Int, now: Timestamp, lease: Duration
    ) async throws(StoreError) -> [Effect] {
        let claim = EffectClaim(limit: limit, now: now, leasedUntil: now + lease)
        let result = await withCheckedContinuation { done in
            if let refusal = writer.queue.submit(.claim(claim, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        return try result.get()
    }

    /// In small steps between other writes.
    public func prune(requestsBefore: Timestamp, eventsBefore: Timestamp) async throws(StoreError) {
        let pruning = Pruning(requestsBefore: requestsBefore, eventsBefore: eventsBefore)
        let result = await withCheckedContinuation { done in
            if let refusal = writer.queue.submit(.prune(pruning, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        try result.get()
    }
}
