/// Takes turns among a loop's connections that are new or whose calls are refused: all of them together are read a
/// little in each tick, so that nobody else waits long for them, however many they are.
///
/// Isolation: the loop.
final class SparingReads {
    /// Of all of them in a tick: some thirty calls, about half a millisecond of work.
    private static let bytesOfTick = 8 << 10
    /// Of each of them at once.
    private static let bytesOfRead = 4 << 10
    /// What a read counts at least: whatever came, it was looked at.
    private static let bytesCountedMin = 512

    /// In the order in which their bytes were noticed; those before `next` have had their turn.
    private var waiting: [Wire] = []
    private var next = 0
    private var tick: UInt64 = 0
    private var bytesLeft = 0

    /// The poll found bytes of `wire`. What this tick has no room for it finds again in the next, and the turn stays.
    func noticed(_ wire: Wire, in tick: UInt64) {
        if tick != self.tick { (self.tick, bytesLeft) = (tick, Self.bytesOfTick) }
        if !wire.waitsForSparingRead {
            wire.waitsForSparingRead = true
            waiting.append(wire)
        }
        while bytesLeft > 0, next < waiting.count {
            let wire = waiting[next]
            next += 1
            wire.waitsForSparingRead = false
            bytesLeft -= max(wire.read(atMost: min(Self.bytesOfRead, bytesLeft)), Self.bytesCountedMin)
        }
        forgetThoseDone()
    }

    /// A wire that is closed waits no more.
    func forget(_ wire: Wire) {
        guard wire.waitsForSparingRead, let index = waiting[next...].firstIndex(where: { $0 === wire }) else { return }
        wire.waitsForSparingRead = false
        waiting.remove(at: index)
    }

    /// Moves the rest to the front now and then, not with every turn.
    private func forgetThoseDone() {
        guard next == waiting.count || next > 1024 else { return }
        waiting.removeFirst(next)
        next = 0
    }
}
