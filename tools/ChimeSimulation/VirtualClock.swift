/// The time that the simulated service lives by: the wall clock plus what tests have skipped, or a standing
/// instant.
///
/// Signatures are always checked against the wall clock, since the clients that sign do not follow the skips.
struct VirtualClock: Sendable {
    private var skipped: Duration = .zero
    private var frozenAt: Timestamp?

    var isFrozen: Bool { frozenAt != nil }

    func now(at wallClock: Timestamp) -> Timestamp { frozenAt ?? (wallClock + skipped) }

    mutating func advance(by duration: Duration) {
        if let instant = frozenAt {
            frozenAt = instant + duration
        } else {
            skipped += duration
        }
    }

    /// Time moves by `advance` alone from here on.
    mutating func freeze(at wallClock: Timestamp) {
        frozenAt = now(at: wallClock)
    }

    /// Time goes on from where it stood; it never jumps back.
    mutating func resume(at wallClock: Timestamp) {
        guard let instant = frozenAt else { return }
        skipped = instant - wallClock
        frozenAt = nil
    }
}
