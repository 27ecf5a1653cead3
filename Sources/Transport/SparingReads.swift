/// Takes turns among a loop's connections that are new or whose calls are refused: all of them together are read a
/// little in each tick, so that they do not delay others, however many they are.
///
/// Isolation: the loop.
final class SparingReads {
    /// Bytes per tick for all of them: some thirty calls, about half a millisecond of work.
    private static let bytesOfTick = 8 << 10
    /// Bytes per read for each of them.
    private static let bytesOfRead = 4 << 10
    /// The minimum that a read counts.
    private static let bytesCountedMin = 512

    /// In the order in which their bytes were noticed; those before `next` have had their turn.
    private var waiting: [HTTP2Connection] = []
    private var next = 0
    private var tick: UInt64 = 0
    private var bytesLeft = 0

    /// The poll found bytes of `wire`. What does not fit this tick is found again in the next, in the same turn.
    func noticed(_ wire: HTTP2Connection, in tick: UInt64) {
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

    /// A closed wire no longer waits.
    func forget(_ wire: HTTP2Connection) {
        guard wire.waitsForSparingRead, let index = waiting[next...].firstIndex(where: { $0 === wire }) else { return }
        wire.waitsForSparingRead = false
        waiting.remove(at: index)
    }

    /// Moves the rest to the front occasionally, not with every turn.
    private func forgetThoseDone() {
        guard next == waiting.count || next > 1024 else { return }
        waiting.removeFirst(next)
        next = 0
    }
}
