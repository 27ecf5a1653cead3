internal import Synchronization
public import TelehealthModel

/// Hands committed events to those who listen in this process, in the order of the commits.
///
/// Called by the thread that commits, so it only fills the listeners' queues and wakes their owners. Isolation: any.
public final class EventHub: Sendable {
    typealias Listener = @Sendable (ArraySlice<SessionEvent>) -> Void

    /// A place among those who listen to one session.
    struct Subscription {
        /// Small, because each watch keeps one.
        private let number: Int32

        fileprivate init(index: Int) { number = Int32(index) }

        fileprivate var index: Int { Int(number) }
    }

    private enum Subscriber {
        case listener(Listener)
        case watch(SessionWatch)
    }

    /// Who listens to one session. A seat is a word, not an entry of a table: many may watch.
    private struct Subscribers {
        var seats: [Subscriber?] = []
        var free: [Int] = []

        var isEmpty: Bool { free.count == seats.count }

        mutating func add(_ occupant: Subscriber) -> Subscription {
            if let index = free.popLast() {
                seats[index] = occupant
                return Subscription(index: index)
            }
            seats.append(occupant)
            return Subscription(index: seats.count - 1)
        }

        mutating func remove(_ seat: Subscription) {
            seats[seat.index] = nil
            free.append(seat.index)
        }
    }

    private struct State {
        var audiences: [SessionID: Subscribers] = [:]
        var watchCount = 0
    }

    private let state = Mutex(State())

    public init(following feed: some CommitFeed) {
        feed.follow { [weak self] in self?.publish($0.events) }
    }

    /// One caller at a time.
    ///
    /// - Parameter events: as of ``CommitNotice/events``.
    package func publish(_ events: [SessionEvent]) {
        if events.isEmpty { return }
        // Whoever takes a seat behind this lock reads the session afterwards, and finds these events there.
        let deliveries = state.withLock { state in
            state.audiences.isEmpty
                ? []
                : Self.runs(events).compactMap { run in
                    run.first.flatMap { state.audiences[$0.sessionID]?.seats }.map { (seats: $0, events: run) }
                }
        }
        for delivery in deliveries {
            for case let occupant? in delivery.seats {
                switch occupant {
                case .listener(let listener): listener(delivery.events)
                case .watch(let watch): watch.offer(delivery.events)
                }
            }
        }
    }

    /// The events cut where the session changes.
    private static func runs(_ events: [SessionEvent]) -> [ArraySlice<SessionEvent>] {
        var runs: [ArraySlice<SessionEvent>] = []
        var rest = events[...]
        while let session = rest.first?.sessionID {
            let run = rest.prefix { $0.sessionID == session }
            runs.append(run)
            rest = rest[run.endIndex...]
        }
        return runs
    }

    func listen(to session: SessionID, _ listener: @escaping Listener) -> Subscription {
        state.withLock { $0.audiences[session, default: Subscribers()].add(.listener(listener)) }
    }

    func add(_ watch: SessionWatch) -> Subscription {
        state.withLock { state in
            state.watchCount += 1
            return state.audiences[watch.session, default: Subscribers()].add(.watch(watch))
        }
    }

    /// Once for each seat: it may be another's afterwards.
    func remove(_ seat: Subscription, of session: SessionID) {
        // Released outside the lock: it may be the last reference to somebody who has locks as well.
        let occupant = state.withLock { state -> Subscriber? in
            guard let occupant = state.audiences[session]?.seats[seat.index] else { return nil }
            if case .watch = occupant { state.watchCount -= 1 }
            state.audiences[session]?.remove(seat)
            if state.audiences[session]?.isEmpty == true { state.audiences[session] = nil }
            return occupant
        }
        _ = occupant
    }

    /// The id as those who listen to the session already hold it: equal, and in memory once.
    func shared(_ session: SessionID) -> SessionID {
        state.withLock { state in
            state.audiences.index(forKey: session).map { state.audiences[$0].key } ?? session
        }
    }

    /// How many watches are open, for a gauge.
    public var watchCount: Int { state.withLock { $0.watchCount } }

    /// Gives every quiet watch its heartbeat and ends those whose token has expired. To be called every
    /// ``Policy/watchHeartbeatInterval`` by one timer.
    public func tick(now: Timestamp) {
        let audiences = state.withLock { Array($0.audiences.values) }
        for audience in audiences {
            for case .watch(let watch)? in audience.seats { watch.tick(now: now) }
        }
    }
}
