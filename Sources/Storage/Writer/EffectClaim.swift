package import TelehealthModel

/// A worker's wish for due effects, each leased to it under a new fence.
package struct EffectClaim: Sendable {
    package let limit: Int
    package let now: Timestamp
    package let leasedUntil: Timestamp

    package init(limit: Int, now: Timestamp, leasedUntil: Timestamp) {
        self.limit = limit
        self.now = now
        self.leasedUntil = leasedUntil
    }

    package struct Outcome: Sendable {
        package var effects: [Effect]
        /// Rows that were due and could not be read.
        package var damaged: Int

        package init(effects: [Effect], damaged: Int) {
            self.effects = effects
            self.damaged = damaged
        }
    }
}
