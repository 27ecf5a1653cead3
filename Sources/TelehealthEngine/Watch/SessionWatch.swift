internal import Synchronization
public import TelehealthModel
public import TelehealthRules

/// One viewer's open watch of one session: every event after ``sequence`` once, in order, filtered for the
/// viewer.
///
/// No task waits here: `wake` is called when ``take()`` has something after having been empty, on whichever
/// thread brought it. Isolation: any.
public final class SessionWatch: Sendable {
    public enum Item: Sendable, Hashable {
        case event(SessionEvent)
        /// Nothing happened; the stream lives, and everything up to this sequence was delivered.
        case heartbeat(at: Timestamp, sequence: Int64)
        /// The session was over when the watch was opened. Nothing follows.
        case over
        /// `WATCH_LAGGING`: resume after the last event. `TOKEN_EXPIRED`: resume with a new token.
        /// `PARTICIPANT_REMOVED`, `PARTICIPANT_DENIED`: the viewer was sent away. Nothing follows.
        case ended(TelehealthError)
    }

    private struct State {
        /// The next sequence to hand out; nil while the past is still being read.
        var next: Int64?
        var hasEnded = false
        /// The viewer is here while this is open; otherwise their heartbeats say so.
        var isPresence = false
        /// Here, where it fills the rest of a word: many watches may be open.
        var seat: EventHub.Subscription?
        var ready: [Item] = []
        /// What came while the past was being read.
        var early: [SessionEvent] = []
        /// The viewer's right to watch was judged on a state that holds the events up to this one.
        var judged: Int64 = 0
        /// Events come after this one.
        var start: Int64 = 0
        var snapshot: Snapshot?
        /// nil when the watch is closed: its owner, whom this holds, holds the watch.
        var wake: (@Sendable () -> Void)?
    }

    /// Apart, because it is taken at once and watches stay open for an hour.
    private final class Snapshot: Sendable {
        let state: SessionState

        init(_ state: SessionState) { self.state = state }
    }

    // Many watches may be open: what they share is held by their useCases.
    let session: SessionID
    private let viewer: ParticipantID?
    private let expiresAt: Timestamp
    private let useCases: WatchUseCases
    private let standing: CallerMembership
    private let state: Mutex<State>

    /// Events come after this one.
    public var sequence: Int64 { state.withLock { $0.start } }

    /// - Parameters:
    ///   - expiresAt: when the viewer's right to watch has to be shown again, by resuming.
    ///   - wake: held until ``close()``.
    init(
        session: SessionID, standing: CallerMembership, viewer: ParticipantID?, expiresAt: Timestamp,
        useCases: WatchUseCases,
        wake: @escaping @Sendable () -> Void
    ) {
        self.session = session
        self.standing = standing
        self.viewer = viewer
        self.expiresAt = expiresAt
        self.useCases = useCases
        state = Mutex(State(wake: wake))
    }

    /// As of ``sequence``, as the viewer may see it; nil when the watch resumes, and when it was taken.
    public func takeSnapshot() -> SessionState? {
        state.withLock { state in
            defer { state.snapshot = nil }
            return state.snapshot?.state
        }
    }

    /// No silence of an open watch is longer.
    public var heartbeatInterval: Duration { useCases.pipeline.policy.watchHeartbeatInterval }

    /// How soon the viewer is to call Heartbeat; nil for somebody without a place, and when the watch itself is their
    /// presence.
    public var callHeartbeatWithin: Duration? {
        viewer == nil || state.withLock { $0.isPresence } ? nil : useCases.pipeline.policy.heartbeatInterval
    }

    /// Begins to keep live events, before the past is read: so nothing falls between. An event that was published
    /// before this is in what is read afterwards; one that is published later comes here, and may have been read, too.
    ///
    /// - Parameters:
    ///   - isPresence: whether the viewer counts as here while this is open; otherwise opening it is a sign of life
    ///     like any other.
    ///   - isOver: whether the session is, in which nobody is here any more.
    func open(isPresence: Bool, isOver: Bool) {
        let seat = useCases.hub.add(self)
        state.withLock {
            $0.seat = seat
            $0.isPresence = isPresence && !isOver
        }
        guard let viewer, !isOver else { return }
        let presence = useCases.presence
        isPresence ? presence.open(viewer, in: session) : presence.touch(viewer, in: session)
    }

    /// The past is read: `events` come first, then the live ones after them.
    ///
    /// - Parameter judged: the state that said the viewer may watch: of the events up to its last, none sends the
    ///   viewer away.
    func begin(snapshot: SessionState?, after sequence: Int64, events: [SessionEvent], judged: Session) {
        update { state in
            state.start = sequence
            state.snapshot = snapshot.map(Snapshot.init)
            state.next = sequence + 1
            state.judged = judged.lastEventSequence
            for event in events { accept(event, &state) }
            for event in state.early { accept(event, &state) }
            state.early = []
            // The event that ended it may be one that the viewer has seen.
            if judged.status.isTerminal, !state.hasEnded { state.ready.append(.over) }
        }
    }

    /// - Parameter events: in the order of their commits; what was read already may be among them.
    func offer(_ events: ArraySlice<SessionEvent>) {
        update { state in
            guard !state.hasEnded else { return }
            if state.next == nil {
                state.early += events
            } else {
                for event in events { accept(event, &state) }
            }
            let waiting = state.ready.count + state.early.count
            if waiting > useCases.pipeline.policy.watchQueueMax { end(.watchLagging, &state) }
        }
    }

    func tick(now: Timestamp) {
        update { state in
            guard !state.hasEnded, let next = state.next else { return }
            if now >= expiresAt {
                end(.tokenExpired, &state)
            } else if state.ready.isEmpty {
                state.ready.append(.heartbeat(at: now, sequence: next - 1))
            }
        }
    }

    /// What has come since the last call, oldest first; empty when nothing has.
    public func take() -> [Item] {
        state.withLock { state in
            defer { state.ready.removeAll() }
            return state.ready
        }
    }

    /// Ends the watch, and the presence if it was that; idempotent.
    ///
    /// - Parameter silence: for how long the viewer was not heard of: the presence ended then.
    public func close(silentFor silence: Duration = .zero) {
        let (wasPresence, seat, wake) = state.withLock { state in
            defer {
                state.isPresence = false
                state.seat = nil
                state.wake = nil
            }
            state.ready = []
            state.early = []
            state.snapshot = nil
            state.hasEnded = true
            return (state.isPresence, state.seat, state.wake)
        }
        _ = wake  // released outside the lock: it may hold the last reference to this watch's owner
        if let seat { useCases.hub.remove(seat, of: session) }
        if wasPresence, let viewer {
            useCases.presence.close(viewer, in: session, silentFor: silence)
        }
    }

    /// Changes the state, and wakes the owner when there is something to take where there was nothing.
    private func update(_ body: (inout State) -> Void) {
        let wake = state.withLock { state in
            let wasEmpty = state.ready.isEmpty
            body(&state)
            return wasEmpty && !state.ready.isEmpty ? state.wake : nil
        }
        wake?()
    }

    private func accept(_ event: SessionEvent, _ state: inout State) {
        guard !state.hasEnded, let next = state.next, event.sequence >= next else { return }
        // No store leaves one out. If one did, the viewer would read it there instead of missing it.
        guard event.sequence == next else { return end(.watchLagging, &state) }
        state.next = next + 1
        if Visibility.shows(event, to: standing, viewer: viewer) { state.ready.append(.event(event)) }
        guard let viewer, event.participantID == viewer, event.sequence > state.judged else { return }
        if event.kind == .participantRemoved { end(.participantRemoved, &state) }
        if event.kind == .participantDenied { end(.participantDenied, &state) }
    }

    private func end(_ reason: TelehealthError.Reason, _ state: inout State) {
        guard !state.hasEnded else { return }
        state.hasEnded = true
        if reason == .watchLagging { state.ready.removeAll() }
        state.early = []
        state.ready.append(.ended(TelehealthError(reason)))
    }
}
