public import TelehealthModel
public import TelehealthRules

/// A visit in short, as of one read: what its viewers are shown of it follows from who they are.
public struct VisitBrief: Sendable {
    public let state: SessionState
    /// What the client's joining lacks; nil when the visit is over.
    public let joinGaps: [ConsentGap]?

    public init(state: SessionState, joinGaps: [ConsentGap]?) {
        self.state = state
        self.joinGaps = joinGaps
    }
}

/// One viewer's open watch of all their visits in a time range: what there is, then what changes.
///
/// Read by one task, which asks for one step after another; nothing is read ahead of it, so a slow reader costs a place
/// in a lane. Isolation: the reader's; ``leave`` any.
public struct SessionsWatch: Sendable {
    public enum Step: Sendable {
        /// A part of the snapshot, ascending by start. The token comes with the last.
        case visits([VisitBrief], token: String?)
        case changed(VisitBrief, token: String)
        /// The viewer's no more, or planned for another time.
        case gone(SessionID, token: String)
        /// Nothing happened; the stream lives.
        case heartbeat(token: String)
    }

    /// A change to be told that was read from the store.
    struct Due: Sendable {
        let sessionID: SessionID
        var position: Int64
        var formerStarts: [Timestamp] = []
    }

    private enum Phase {
        case snapshot(ArraySlice<VisitMark>)
        /// What happened while nobody watched; the heartbeat before says that the service is there.
        case past(ArraySlice<Due>, isGreeted: Bool)
        case live(ArraySlice<SessionsWatchHub.Entry>)
    }

    /// Visits read for one step: what a snapshot's message holds at most.
    private static let visitsAtOnce = 50

    let useCases: WatchUseCases
    let scope: SessionsWatchScope
    private let seat: Int
    private var phase: Phase
    /// Everything up to here was sent.
    private var token: String
    /// Visits that were sent in a state with later commits than their message says, and up to which commit. Changes up
    /// to that commit are not sent again.
    private var readAhead: [SessionID: Int64] = [:]
    private var readAheadMax: Int64 = 0

    /// No silence of an open watch is longer.
    public var heartbeatInterval: Duration { useCases.pipeline.policy.watchHeartbeatInterval }

    /// With a snapshot of these visits, ascending by start.
    init(
        _ useCases: WatchUseCases, _ scope: SessionsWatchScope, seat: Int, from seal: FeedSeal, visits: [VisitMark]
    ) {
        self.init(useCases, scope, seat, seal, .snapshot(visits[...]))
    }

    /// After a token, with what changed since, ascending by position.
    init(_ useCases: WatchUseCases, _ scope: SessionsWatchScope, seat: Int, from seal: FeedSeal, past: [Due]) {
        self.init(useCases, scope, seat, seal, .past(past[...], isGreeted: false))
    }

    private init(
        _ useCases: WatchUseCases, _ scope: SessionsWatchScope, _ seat: Int, _ seal: FeedSeal, _ phase: Phase
    ) {
        self.useCases = useCases
        self.scope = scope
        self.seat = seat
        self.phase = phase
        token = SessionsWatchToken(seal, scope).text
    }

    private var hub: SessionsWatchHub { useCases.sessionsWatches }

    /// Ends the watch, from whichever thread; idempotent. Whoever waits for the next step is told.
    public var leave: @Sendable () -> Void { { [hub, seat] in hub.leave(seat) } }

    /// - Returns: nil when the watch was left.
    /// - Throws: `TOKEN_EXPIRED`, `WATCH_LAGGING`, and what the store says.
    public mutating func next() async throws(TelehealthError) -> Step? {
        while true {
            switch phase {
            case .snapshot(let visits): return try await nextVisits(visits)
            case .past(let past, isGreeted: false):
                phase = .past(past, isGreeted: true)
                return .heartbeat(token: token)
            case .past(var past, isGreeted: true):
                guard let due = past.popFirst() else {
                    phase = .live([])
                    continue
                }
                phase = .past(past, isGreeted: true)
                if let step = try await step(due, isLast: past.first?.position != due.position) { return step }
            case .live(var entries):
                guard let entry = entries.popFirst() else {
                    switch await hub.next(seat) {
                    case .entries(let entries): phase = .live(entries[...])
                    case .quiet(let position): return try await heartbeat(at: position)
                    case .ended(let error): throw error
                    case .left: return nil
                    }
                    continue
                }
                phase = .live(entries)
                if let step = step(entry, isLast: entries.first?.position != entry.position) { return step }
            }
        }
    }

    private mutating func nextVisits(_ visits: ArraySlice<VisitMark>) async throws(TelehealthError) -> Step {
        let rest = visits.dropFirst(Self.visitsAtOnce)
        var briefs: [VisitBrief] = []
        for mark in visits.prefix(Self.visitsAtOnce) {
            let (brief, readAt) = try await useCases.readBrief(of: mark.sessionID)
            guard let brief, scope.shows(brief.state) else { continue }
            briefs.append(brief)
            note(mark.sessionID, readAt: readAt)
        }
        phase = rest.isEmpty ? .live([]) : .snapshot(rest)
        // Other watches go on beside a large snapshot.
        await Task.yield()
        return .visits(briefs, token: rest.isEmpty ? token : nil)
    }

    private mutating func step(_ due: Due, isLast: Bool) async throws(TelehealthError) -> Step? {
        let (brief, readAt) = try await useCases.readBrief(of: due.sessionID)
        if isLast { token = try await token(at: due.position) }
        return tell(due.sessionID, brief, due.formerStarts, readAt: readAt)
    }

    private mutating func step(_ entry: SessionsWatchHub.Entry, isLast: Bool) -> Step? {
        if isLast { token = SessionsWatchToken(entry.seal, scope).text }
        if entry.position > readAheadMax, !readAhead.isEmpty { readAhead = [:] }
        if let known = readAhead[entry.sessionID], entry.position <= known { return nil }
        return tell(
            entry.sessionID, entry.brief, entry.departures.map(\.formerStart), readAt: entry.readAt)
    }

    private mutating func tell(
        _ id: SessionID, _ brief: VisitBrief?, _ formerStarts: [Timestamp], readAt: Int64
    ) -> Step? {
        if let brief, scope.shows(brief.state) {
            note(id, readAt: readAt)
            return .changed(brief, token: token)
        }
        guard formerStarts.contains(where: scope.range.contains) else { return nil }
        note(id, readAt: readAt)
        return .gone(id, token: token)
    }

    private mutating func note(_ id: SessionID, readAt: Int64) {
        readAhead[id] = readAt
        readAheadMax = max(readAheadMax, readAt)
    }

    private mutating func heartbeat(at position: Int64) async throws(TelehealthError) -> Step {
        if position >= readAheadMax { readAhead = [:] }
        token = try await token(at: position)
        return .heartbeat(token: token)
    }

    private func token(at position: Int64) async throws(TelehealthError) -> String {
        let seal = try await reading(await useCases.pipeline.store.visitFeed.feedSeal(at: position))
        guard let seal else { throw TelehealthError(.watchLagging) }
        return SessionsWatchToken(seal, scope).text
    }
}
