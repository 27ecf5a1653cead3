internal import Synchronization
public import TelehealthModel

/// Hands committed events to those who listen in this process.
///
/// Commits of one session may be published out of order by the tasks that made them; ``SessionWatch`` puts
/// them right by their sequence numbers. Isolation: any.
public final class EventHub: Sendable {
    typealias Listener = @Sendable ([SessionEvent]) -> Void

    /// A place among those who listen to one session.
    struct Seat {
        fileprivate let index: Int
    }

    private enum Occupant {
        case listener(Listener)
        case watch(SessionWatch)
    }

    /// Who listens to one session. A seat is a word, not an entry of a table: many may watch.
    private struct Audience {
        var seats: [Occupant?] = []
        var free: [Int] = []

        var isEmpty: Bool { free.count == seats.count }

        mutating func add(_ occupant: Occupant) -> Seat {
            if let index = free.popLast() {
                seats[index] = occupant
                return Seat(index: index)
            }
            seats.append(occupant)
            return Seat(index: seats.count - 1)
        }

        mutating func remove(_ seat: Seat) {
            seats[seat.index] = nil
            free.append(seat.index)
        }
    }

    private struct State {
        var audiences: [SessionID: Audience] = [:]
        var watchCount = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// - Parameter events: of one or more sessions, each session's in order.
    package func publish(_ events: [SessionEvent]) {
        guard let first = events.first else { return }
        if events.allSatisfy({ $0.sessionID == first.sessionID }) {
            deliver(events, first.sessionID)
        } else {
            for (session, own) in Dictionary(grouping: events, by: \.sessionID) { deliver(own, session) }
        }
    }

    private func deliver(_ events: [SessionEvent], _ session: SessionID) {
        let seats = state.withLock { $0.audiences[session]?.seats ?? [] }
        for case let occupant? in seats {
            switch occupant {
            case .listener(let listener): listener(events)
            case .watch(let watch): watch.offer(events)
            }
        }
    }

    func listen(to session: SessionID, _ listener: @escaping Listener) -> Seat {
        state.withLock { $0.audiences[session, default: Audience()].add(.listener(listener)) }
    }

    func add(_ watch: SessionWatch) -> Seat {
        state.withLock { state in
            state.watchCount += 1
            return state.audiences[watch.session, default: Audience()].add(.watch(watch))
        }
    }

    /// Once for each seat: it may be another's afterwards.
    func remove(_ seat: Seat, of session: SessionID) {
        // Released outside the lock: it may be the last reference to somebody who has locks as well.
        let occupant = state.withLock { state -> Occupant? in
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

    /// Gives every watch its heartbeat, ends those whose token has expired and those that wait for an event
    /// that never came. To be called every ``Policy/watchHeartbeatInterval`` by one timer.
    public func tick(now: Timestamp) {
        let audiences = state.withLock { Array($0.audiences.values) }
        for audience in audiences {
            for case .watch(let watch)? in audience.seats { watch.tick(now: now) }
        }
    }
}
