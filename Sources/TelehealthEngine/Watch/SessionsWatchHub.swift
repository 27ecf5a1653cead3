internal import Synchronization
public import TelehealthModel
internal import TelehealthRules

/// What happened to visits, for those who watch many of them on one stream (``SessionsWatch``).
///
/// A commit only notes which visits it changed: one entry a visit, however often it changes. The notes are turned into
/// what watches need in rounds (``WatchUseCases/tellSessionsWatches()``), once for all of them, and put into lanes:
/// one for each clinician of whom a watch is open, one for those who see every visit. Each watch has a place in its
/// lane, so a commit costs the same whether nobody watches or a thousand do. Isolation: any.
public final class SessionsWatchHub: Sendable {
    /// A visit's newest change, as the watches of one lane need it.
    struct Entry: Sendable {
        let sessionID: SessionID
        let seal: FeedSeal
        /// As of ``readAt`` at least; nil when the lane's viewer may not see the visit.
        let brief: VisitBrief?
        /// Every commit up to here is in the brief.
        let readAt: Int64
        /// Where the viewer saw the visit before it went away from there.
        var departures: [Departure]

        var position: Int64 { seal.position }
    }

    struct Departure: Sendable {
        let position: Int64
        /// When the visit was planned to start.
        let formerStart: Timestamp
    }

    /// What comes next for a watch.
    enum Next: Sendable {
        /// In ascending order of position, each position whole.
        case entries([Entry])
        /// Nothing happened up to this position.
        case quiet(through: Int64)
        case ended(TelehealthError)
        /// The watch was given up.
        case left
    }

    /// A watch that takes its place again reads no more than so many at once.
    private static let takenAtOnce = 64
    /// Visits that a watch may be behind: then it reads from the store instead.
    private static let laneMax = 4096

    private struct Lane {
        /// In ascending order of position, one a visit.
        var entries: [Entry] = []
        /// Watches at a place before this one are behind.
        var droppedThrough: Int64
        var seats: Set<Int> = []

        /// The first entry after a position.
        func index(after position: Int64) -> Int {
            var (low, high) = (0, entries.count)
            while low < high {
                let middle = (low + high) / 2
                if entries[middle].position <= position { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    private struct Watch {
        let viewer: SubjectID?
        let expiresAt: Timestamp
        var position: Int64
        /// A heartbeat is due.
        var isDue = false
        var end: TelehealthError?
        var waiter: CheckedContinuation<Next, Never>?
    }

    private struct State {
        /// Of the newest commit, and of the newest that the lanes hold.
        var committed: Int64
        var told: Int64
        /// What changed after ``told``.
        var changes: [SessionID: VisitChange] = [:]
        var isInRound = false
        var lanes: [SubjectID?: Lane] = [:]
        var watches: [Int: Watch] = [:]
        var lastSeat = 0
    }

    private let state: Mutex<State>
    /// Rung when there is something for a round.
    let wake = WakeSignal()

    init(following feed: some CommitFeed) {
        state = Mutex(State(committed: 0, told: 0))
        let start = feed.follow { [weak self] in self?.note($0) }
        state.withLock { state in
            // The first notice may have come already.
            state.committed = max(state.committed, start)
            state.told = state.committed
        }
    }

    /// How many watches are open, for a gauge.
    public var watchCount: Int { state.withLock { $0.watches.count } }

    /// The position of the newest commit whose changes are noted here: whatever is read from now on holds it.
    var committed: Int64 { state.withLock { $0.committed } }

    /// On the committing thread.
    private func note(_ notice: CommitNotice) {
        let isNews = state.withLock { state in
            state.committed = notice.position
            guard !state.watches.isEmpty else { return false }
            for change in notice.changes {
                var change = change
                change.departures = (state.changes[change.sessionID]?.departures ?? []) + change.departures
                state.changes[change.sessionID] = change
            }
            return !notice.changes.isEmpty
        }
        if isNews { wake.signal() }
    }

    // MARK: Watches

    /// Everything after the returned position comes by the seat; what is before it has to be read.
    func enter(viewer: SubjectID?, expiresAt: Timestamp) -> (seat: Int, position: Int64) {
        state.withLock { state in
            state.lastSeat += 1
            let position = state.committed
            if state.watches.isEmpty { state.told = position }
            state.watches[state.lastSeat] = Watch(viewer: viewer, expiresAt: expiresAt, position: position)
            state.lanes[viewer, default: Lane(droppedThrough: position)].seats.insert(state.lastSeat)
            return (state.lastSeat, position)
        }
    }

    /// Idempotent.
    func leave(_ seat: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Next, Never>? in
            guard let watch = state.watches.removeValue(forKey: seat) else { return nil }
            state.lanes[watch.viewer]?.seats.remove(seat)
            if state.lanes[watch.viewer]?.seats.isEmpty == true { state.lanes[watch.viewer] = nil }
            if state.watches.isEmpty { state.changes = [:] }
            return watch.waiter
        }
        waiter?.resume(returning: .left)
    }

    /// Waits for what comes after the watch's place, and moves the place after it. One caller a seat at a time.
    func next(_ seat: Int) async -> Next {
        await withCheckedContinuation { continuation in
            let next = state.withLock { state -> Next? in
                if let next = Self.take(seat, &state) { return next }
                state.watches[seat]?.waiter = continuation
                return nil
            }
            if let next { continuation.resume(returning: next) }
        }
    }

    private static func take(_ seat: Int, _ state: inout State) -> Next? {
        guard let watch = state.watches[seat], let lane = state.lanes[watch.viewer] else { return .left }
        if let end = watch.end { return .ended(end) }
        if watch.position < lane.droppedThrough { return .ended(TelehealthError(.watchLagging)) }
        let first = lane.index(after: watch.position)
        guard first < lane.entries.count else {
            guard watch.isDue else { return nil }
            let through = max(watch.position, state.told)
            state.watches[seat]?.isDue = false
            state.watches[seat]?.position = through
            return .quiet(through: through)
        }
        var end = min(first + takenAtOnce, lane.entries.count)
        while end < lane.entries.count, lane.entries[end].position == lane.entries[end - 1].position { end += 1 }
        state.watches[seat]?.position = lane.entries[end - 1].position
        // What went away before was told with an earlier change of the visit.
        return .entries(
            lane.entries[first..<end].map { entry in
                var entry = entry
                entry.departures.removeAll { $0.position <= watch.position }
                return entry
            })
    }

    private static func wakeAll(_ seats: some Sequence<Int>, _ state: inout State)
        -> [(CheckedContinuation<Next, Never>, Next)]
    {
        seats.compactMap { seat in
            guard let waiter = state.watches[seat]?.waiter, let next = take(seat, &state) else { return nil }
            state.watches[seat]?.waiter = nil
            return (waiter, next)
        }
    }

    /// Heartbeats, and the end of those whose token has expired. To be called every
    /// ``Policy/watchHeartbeatInterval`` by one timer.
    public func tick(now: Timestamp) {
        let woken = state.withLock { state in
            if state.changes.isEmpty, !state.isInRound { state.told = state.committed }
            for seat in state.watches.keys {
                state.watches[seat]?.isDue = true
                if let expiresAt = state.watches[seat]?.expiresAt, now >= expiresAt {
                    state.watches[seat]?.end = TelehealthError(.tokenExpired)
                }
            }
            return Self.wakeAll(Array(state.watches.keys), &state)
        }
        for (waiter, next) in woken { waiter.resume(returning: next) }
    }

    // MARK: Rounds

    /// Takes what changed, in ascending order of position; nil when nothing did, and while a round is under way.
    func beginRound() -> (changes: [VisitChange], through: Int64)? {
        state.withLock { state in
            guard !state.isInRound, !state.changes.isEmpty else { return nil }
            state.isInRound = true
            defer { state.changes = [:] }
            return (state.changes.values.sorted { $0.position < $1.position }, state.committed)
        }
    }

    /// Whose lanes there are; nil = that of those who see every visit.
    var viewers: Set<SubjectID?> { state.withLock { Set($0.lanes.keys) } }

    /// Puts a round's entries into their lanes and wakes who waits there.
    ///
    /// - Parameter entries: by lane, in ascending order of position.
    func endRound(_ entries: [SubjectID?: [Entry]], through position: Int64) {
        let woken = state.withLock { state in
            state.isInRound = false
            state.told = max(state.told, position)
            var seats: [Int] = []
            for (viewer, entries) in entries where state.lanes[viewer] != nil {
                append(entries, to: viewer, &state)
                seats += state.lanes[viewer]?.seats ?? []
            }
            return Self.wakeAll(seats, &state)
        }
        for (waiter, next) in woken { waiter.resume(returning: next) }
    }

    /// What changed could not be read: every watch ends.
    func failRound(_ error: TelehealthError) {
        let woken = state.withLock { state in
            state.isInRound = false
            for seat in state.watches.keys { state.watches[seat]?.end = error }
            return Self.wakeAll(Array(state.watches.keys), &state)
        }
        for (waiter, next) in woken { waiter.resume(returning: next) }
    }

    private func append(_ entries: [Entry], to viewer: SubjectID?, _ state: inout State) {
        guard var lane = state.lanes.removeValue(forKey: viewer) else { return }
        let renewed = Set(entries.map(\.sessionID))
        let slowest = lane.seats.compactMap { state.watches[$0]?.position }.min() ?? .max
        lane.entries.removeFirst(lane.index(after: slowest))
        var earlier: [SessionID: [Departure]] = [:]
        lane.entries.removeAll { entry in
            guard renewed.contains(entry.sessionID) else { return false }
            earlier[entry.sessionID] = entry.departures
            return true
        }
        for entry in entries {
            var entry = entry
            entry.departures = (earlier[entry.sessionID] ?? []) + entry.departures
            lane.entries.append(entry)
        }
        let surplus = lane.entries.count - Self.laneMax
        if surplus > 0 {
            lane.droppedThrough = lane.entries[surplus - 1].position
            lane.entries.removeFirst(lane.index(after: lane.droppedThrough))
        }
        state.lanes[viewer] = lane
    }
}
