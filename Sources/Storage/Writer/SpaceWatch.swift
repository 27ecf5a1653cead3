package import TelehealthEngine

/// Judges whether the database's device has room: by writes that failed, and by what the operating system tells.
///
/// A full disk seldom refuses every write: a small one still finds a place, or a checkpoint makes some, and the next
/// one is refused again. So one success proves nothing. From the first refusal on the store counts as full until
/// ``goodLooksNeeded`` looks in a row found room for more than one write and a write of their own succeeded.
///
/// Pure: looks come in as values, what to tell goes out.
package struct SpaceWatch {
    package enum Notice: Sendable, Hashable {
        case full
        case recovered
        /// Less than the configured share is left: somebody has to make room before it is too late.
        case low(StoreSpace)
        case enough(StoreSpace)
    }

    /// Between two looks, nanoseconds: while full, and else.
    private static let pauseWhileFull: UInt64 = 250_000_000
    private static let pause: UInt64 = 5_000_000_000
    package static let goodLooksNeeded = 4
    /// Room that counts as room: a fiftieth of the device, but no less than a busy second writes and no more than an
    /// hour does.
    private static let roomMin: Int64 = 512 * 1_024
    private static let roomMax: Int64 = 64 * 1_024 * 1_024

    /// In percent of the device; 0 = no alarm.
    private let alarmPercent: Int
    package private(set) var isFull = false
    private var isLow = false
    private var goodLooks = 0
    private var nextLook: UInt64 = 0

    package init(alarmPercent: Int) { self.alarmPercent = alarmPercent }

    /// Nanoseconds until the next look.
    package func wait(now: UInt64) -> UInt64 { nextLook > now ? nextLook - now : 0 }

    /// A write met a full disk.
    package mutating func refused(now: UInt64) -> Notice? {
        goodLooks = 0
        guard !isFull else { return nil }
        isFull = true
        nextLook = now + Self.pauseWhileFull
        return .full
    }

    /// A look is due.
    ///
    /// - Parameters:
    ///   - space: nil when the operating system does not tell.
    ///   - writes: whether a small write succeeded now; says nothing unless the store counts as full.
    package mutating func look(_ space: StoreSpace?, now: UInt64, writes: Bool) -> [Notice] {
        var notices: [Notice] = []
        if let space, let notice = alarm(space) { notices.append(notice) }
        if isFull {
            let hasRoom = space.map { $0.free >= min(max($0.size / 50, Self.roomMin), Self.roomMax) } ?? true
            goodLooks = hasRoom && writes ? goodLooks + 1 : 0
            if goodLooks == Self.goodLooksNeeded {
                isFull = false
                goodLooks = 0
                notices.append(.recovered)
            }
        }
        nextLook = now + (isFull ? Self.pauseWhileFull : Self.pause)
        return notices
    }

    /// Ends a tenth above where it began, so that it does not come and go.
    private mutating func alarm(_ space: StoreSpace) -> Notice? {
        guard alarmPercent > 0, space.size > 0 else { return nil }
        let limit = space.size / 100 * Int64(alarmPercent)
        if !isLow, space.free < limit {
            isLow = true
            return .low(space)
        }
        if isLow, space.free >= limit + limit / 10 {
            isLow = false
            return .enough(space)
        }
        return nil
    }
}
