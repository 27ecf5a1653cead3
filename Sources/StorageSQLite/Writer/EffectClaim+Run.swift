internal import Storage
internal import TelehealthModel

extension EffectClaim {
    func run(_ connection: SQLiteConnection) throws(SQLiteError) -> Outcome {
        // A damaged row waits for an operator; the others are not to wait with it.
        var (effects, damaged) = try connection.allSound(
            EffectRow.due, limit: limit, bind: { $0.add(now) }, read: EffectRow.read)
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
