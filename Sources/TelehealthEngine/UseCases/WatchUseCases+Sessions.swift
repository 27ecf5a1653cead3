// Watching all visits of a time range: how a watch begins, and what open ones are told.

public import TelehealthModel
public import TelehealthRules

extension WatchUseCases {
    /// Changes read back at most when a watch resumes: beyond it, a fresh snapshot is the shorter way.
    private static let resumeChangesMax = 4096

    /// Changes gather for so long at least before watches receive more: a visit that changes ten times a second
    /// need not be read, judged and sent ten times.
    private static let roundInterval = Duration.milliseconds(100)

    /// Opens a watch of the caller's visits that are planned to start in a range: with a snapshot, or after a token.
    ///
    /// - Parameter token: of a message of an earlier watch; nil for a snapshot.
    /// - Throws: `INVALID_FIELD`, `NOT_ALLOWED`, `RESUME_EXPIRED`, `WATCH_TOO_LARGE`, `TOKEN_EXPIRED`,
    ///   `AUDIT_UNAVAILABLE`.
    public func watchSessions(
        startingFrom start: Timestamp, before end: Timestamp, behind token: String? = nil, _ invocation: Invocation
    ) async throws(TelehealthError) -> SessionsWatch {
        let caller = invocation.caller
        guard start < end else { throw .invalid("end_time", "must be after start_time") }
        guard end - start <= SessionsWatchScope.rangeMax else {
            throw .invalid("end_time", "must be at most 31 days after start_time")
        }
        if caller.expiresAt <= pipeline.time.now { throw TelehealthError(.tokenExpired) }
        guard let scope = SessionsWatchScope(caller, start..<end) else {
            let error = TelehealthError(.notAllowed)
            try await pipeline.audit.denial(error, "WatchSessions", nil, invocation)
            throw error
        }
        try await pipeline.audit.read("WatchSessions", invocation)
        let resumed: FeedSeal?
        if let token { resumed = try await seal(of: token, scope) } else { resumed = nil }
        // From here on nothing is missed; then what was before is read.
        let (seat, position) = sessionsWatches.enter(viewer: scope.viewer, expiresAt: caller.expiresAt)
        do throws(TelehealthError) {
            if let resumed {
                let past = try await past(of: scope, after: resumed.position)
                return SessionsWatch(self, scope, seat: seat, from: resumed, past: past)
            }
            let visits = try await visits(of: scope)
            let seal = try await reading(await pipeline.store.visitFeed.feedSeal(at: position))
            guard let seal else { throw TelehealthError(.storeUnavailable) }
            return SessionsWatch(self, scope, seat: seat, from: seal, visits: visits)
        } catch {
            sessionsWatches.leave(seat)
            throw error
        }
    }

    /// - Throws: `RESUME_EXPIRED` for everything but a token that this log gave this caller for this range lately.
    private func seal(of text: String, _ scope: SessionsWatchScope) async throws(TelehealthError) -> FeedSeal {
        guard let token = SessionsWatchToken(text) else { throw TelehealthError(.resumeExpired) }
        let seal = try await reading(await pipeline.store.visitFeed.feedSeal(at: token.position))
        guard let seal, token.isGood(seal, scope),
            token.position == 0 || seal.at >= pipeline.time.now - pipeline.policy.sessionsWatchTokenLife
        else { throw TelehealthError(.resumeExpired) }
        return seal
    }

    private func visits(of scope: SessionsWatchScope) async throws(TelehealthError) -> [VisitMark] {
        let query = VisitQuery(viewer: scope.viewer, range: scope.range, limit: pipeline.policy.watchedVisitsMax + 1)
        let visits = try await reading(await pipeline.store.visitFeed.visitMarks(query))
        if visits.count > pipeline.policy.watchedVisitsMax {
            throw .watchTooLarge(visitsMax: pipeline.policy.watchedVisitsMax)
        }
        return visits
    }

    /// What happened to the viewer's visits after a position, each visit once, in ascending order of position.
    private func past(of scope: SessionsWatchScope, after position: Int64) async throws(TelehealthError)
        -> [SessionsWatch.Due]
    {
        let limit = Self.resumeChangesMax + 1
        let query = VisitQuery(viewer: scope.viewer, range: scope.range, changedAfter: position, limit: limit)
        let (marks, departures) = try await reading(
            (
                await pipeline.store.visitFeed.visitMarks(query),
                await pipeline.store.visitFeed.departures(of: scope.viewer, after: position, limit: limit)
            ))
        if marks.count == limit || departures.count == limit { throw TelehealthError(.resumeExpired) }
        var dues: [SessionID: SessionsWatch.Due] = [:]
        for mark in marks { dues[mark.sessionID] = .init(sessionID: mark.sessionID, position: mark.position) }
        for (position, departure) in departures {
            var due = dues[departure.sessionID] ?? .init(sessionID: departure.sessionID, position: position)
            due.position = max(due.position, position)
            due.formerStarts.append(departure.formerStart)
            dues[departure.sessionID] = due
        }
        return dues.values.sorted { $0.position < $1.position }
    }

    /// A visit as it is now.
    ///
    /// A commit can be read a moment before it is sent, so what is sent does not say what was read: the visit's own
    /// position does, where it is the same before and after the reading.
    /// - Returns: nil for a visit that cannot be read, which the others do not suffer for; and the position up to which
    ///   every commit that changed the visit was read.
    func readBrief(of id: SessionID) async throws(TelehealthError) -> (brief: VisitBrief?, readAt: Int64) {
        var position = try await feedPosition(of: id)
        while true {
            let told = sessionsWatches.committed
            let brief = try await brief(of: id)
            let present = try await feedPosition(of: id)
            if present == position { return (brief, max(told, present)) }
            position = present
        }
    }

    private func feedPosition(of id: SessionID) async throws(TelehealthError) -> Int64 {
        try await reading(await pipeline.store.visitFeed.feedPosition(of: id))
    }

    private func brief(of id: SessionID) async throws(TelehealthError) -> VisitBrief? {
        do throws(StoreError) {
            guard let state = try await pipeline.store.session(id) else { return nil }
            guard !state.session.status.isTerminal else { return VisitBrief(state: state, joinGaps: nil) }
            let client = state.session.clientID
            let evaluation = try await pipeline.store.ledger(of: [client], types: pipeline.policy.places.types)
                .evaluateJoin(of: client, in: id, context: pipeline.context().at(placeOf: state))
            return VisitBrief(state: state, joinGaps: evaluation.missing)
        } catch {
            if case .damaged = error { return nil }
            throw TelehealthError(error)
        }
    }

    /// Tells open watches what commits changed, until the task is cancelled.
    public func tellSessionsWatches() async {
        while !Task.isCancelled {
            _ = await sessionsWatches.wake.wait(atMost: nil, pipeline.time)
            await tellSessionsWatchesOnce()
            do { try await pipeline.time.sleep(for: Self.roundInterval) } catch { return }
        }
    }

    /// One round: reads each changed visit once for all who watch it.
    func tellSessionsWatchesOnce() async {
        let hub = sessionsWatches
        guard let round = hub.beginRound() else { return }
        let viewers = hub.viewers
        var lanes: [SubjectID?: [SessionsWatchHub.Entry]] = [:]
        do throws(TelehealthError) {
            for change in round.changes {
                let (brief, readAt) = try await readBrief(of: change.sessionID)
                let seal = try await reading(await pipeline.store.visitFeed.feedSeal(at: change.position))
                guard let seal else { throw TelehealthError(.watchLagging) }
                let present: [SubjectID?] = [nil] + (brief?.state.staffViewers ?? []).map(Optional.some)
                for viewer in Set(present + change.departures.map(\.viewer)) where viewers.contains(viewer) {
                    lanes[viewer, default: []].append(
                        SessionsWatchHub.Entry(
                            sessionID: change.sessionID, seal: seal, brief: present.contains(viewer) ? brief : nil,
                            readAt: readAt,
                            departures: change.departures.filter { $0.viewer == viewer }.map {
                                .init(position: change.position, formerStart: $0.formerStart)
                            }))
                }
            }
        } catch {
            return hub.failRound(error)
        }
        hub.endRound(lanes, through: round.through)
    }
}
