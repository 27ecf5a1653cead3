internal import Storage
internal import TelehealthModel

extension EffectClaim {
    func run(_ connection: SQLiteConnection) throws(SQLiteError) -> Outcome {
        // A damaged row waits for an operator; the others are not to wait with it.
        var (effects, damaged) = try connection.allSound(
            EffectRow.due,
            bind: { values in
                values.add(now)
                values.add(max(limit, 0))
            }, read: EffectRow.read)
        for index in effects.indices {
            effects[index].fence += 1
            effects[index].leasedUntil = leasedUntil
            let effect = effects[index]
            try connection.run(EffectRow.lease) { values in
                values.add(effect.id)
                values.add(effect.fence)
                values.add(effect.leasedUntil)
                values.add(EffectRow.dueAt(effect))
            }
        }
        return Outcome(effects: effects, damaged: damaged)
    }
}
