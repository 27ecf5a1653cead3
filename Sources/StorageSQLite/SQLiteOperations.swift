internal import Storage
public import TelehealthEngine
internal import TelehealthModel

extension SQLiteStore {
    public var operations: any OutboundOperationStore { SQLiteOperations(store: self) }
}

/// The outbound operations of a store. New ones come with the decisions that ask for them.
///
/// Isolation: any.
struct SQLiteOperations: OutboundOperationStore {
    let store: SQLiteStore

    func claimEffects(
        limit: Int, now: Timestamp, lease: Duration
    ) async throws(StoreError) -> [Effect] {
        let claim = EffectClaim(limit: limit, now: now, leasedUntil: now + lease)
        let result = await withCheckedContinuation { done in
            if let refusal = store.writer.queue.submit(.claim(claim, done)) {
                done.resume(returning: .failure(refusal))
            }
        }
        let outcome = try result.get()
        if outcome.damaged > 0 { store.readers.noteDamage("value in effects.due") }
        return outcome.effects
    }

    func nextEffectDue() async throws(StoreError) -> Timestamp? {
        try store.readers.readOnce { (connection) throws(SQLiteError) in
            let (next, _) = try connection.allSound(EffectRow.nextDue, limit: 1, read: EffectRow.read)
            return next.first.map(EffectRow.dueAt)
        }
    }

    /// - Parameter limit: brought into 1...1000.
    func deadEffects(after: EffectID?, limit: Int) async throws(StoreError) -> [Effect] {
        let (rows, damaged) = try store.readers.readOnce { (connection) throws(SQLiteError) in
            try connection.allSound(
                EffectRow.dead, limit: min(max(limit, 1), 1000), bind: { $0.add(after?.rawValue ?? "") },
                read: EffectRow.read)
        }
        if damaged > 0 { store.readers.noteDamage("value in effects.dead") }
        return rows
    }

    func effect(_ id: EffectID) async throws(StoreError) -> Effect? {
        try store.readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(EffectRow.byID, bind: { $0.add(id) }, read: EffectRow.read)
        }
    }

    func effectCounts() async throws(StoreError) -> EffectCounts {
        try store.readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(EffectRow.counts) { row in
                EffectCounts(
                    pending: Int(row.integer()), dead: Int(row.integer()), refused: Int(row.integer()))
            } ?? EffectCounts()
        }
    }
}
