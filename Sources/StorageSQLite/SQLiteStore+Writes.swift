public import Storage
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

    public func claimEffects(
        limit: Int, now: Timestamp, lease: Duration
    ) async throws(StoreError) -> [Effect] {
        let claim = EffectClaim(limit: limit, now: now, leasedUntil: now + lease)
        let result = await withCheckedContinuation { done in
            if let refusal = writer.queue.submit(.claim(claim, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        let outcome = try result.get()
        if outcome.damaged > 0 { readers.noteDamage("value in effects.due") }
        return outcome.effects
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

    /// Takes over a key ring with another current key, then seals every row with it, in small steps between
    /// other writes.
    ///
    /// Also what is to be done once after opening: then rows from before there was a ring are sealed. Returns
    /// when no row is sealed with any key but the ring's current one; nearly at once when that is so already.
    public func seal(with ring: KeyRing) async throws(StoreError) {
        let adopted = await withCheckedContinuation { done in
            if let refusal = writer.queue.submit(.adopt(ring, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        try adopted.get()
        let sealed = await withCheckedContinuation { done in
            if let refusal = writer.queue.submit(.reseal(Resealing(current: ring.currentID), done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        try sealed.get()
    }
}
