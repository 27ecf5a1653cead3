internal import Synchronization

/// Hands committed events to those who listen in this process.
///
/// Commits of one session may be published out of order by the tasks that made them; ``SessionWatch`` puts
/// them right by their sequence numbers. Isolation: any.
public final class EventHub: Sendable {
    typealias Listener = @Sendable ([SessionEvent]) -> Void

    private struct State {
        var nextToken = 0
        var listeners: [SessionID: [Int: Listener]] = [:]
        var watches: [Int: SessionWatch] = [:]
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
        let listeners = state.withLock { $0.listeners[session].map { Array($0.values) } ?? [] }
        for listener in listeners { listener(events) }
    }

    func listen(to session: SessionID, _ listener: @escaping Listener) -> Int {
        state.withLock { state in
            state.nextToken += 1
            state.listeners[session, default: [:]][state.nextToken] = listener
            return state.nextToken
        }
    }

    func add(_ watch: SessionWatch) -> Int {
        let token = listen(to: watch.session) { [weak watch] events in watch?.offer(events) }
        state.withLock { $0.watches[token] = watch }
        return token
    }

    func remove(_ token: Int, of session: SessionID) {
        state.withLock { state in
            state.watches[token] = nil
            state.listeners[session]?[token] = nil
            if state.listeners[session]?.isEmpty == true { state.listeners[session] = nil }
        }
    }

    /// How many watches are open, for a gauge.
    public var watchCount: Int { state.withLock { $0.watches.count } }

    /// Gives every watch its heartbeat, ends those whose token has expired and those that wait for an event
    /// that never came. To be called every ``Policy/watchHeartbeatInterval`` by one timer.
    public func tick(now: Timestamp) {
        let watches = state.withLock { Array($0.watches.values) }
        for watch in watches { watch.tick(now: now) }
    }
}
