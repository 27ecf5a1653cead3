public import TelehealthModel
public import TelehealthRules

extension WatchUseCases {
    /// Events read back at most when a watch resumes: beyond it, a fresh snapshot is the shorter way.
    private static let resumeEventsMax = 4096

    private static let resumePage = 512

    /// Opens a watch: with a snapshot, or resuming after a sequence number.
    ///
    /// - Parameter isPresence: whether the watch is the viewer's presence until ``SessionWatch/close()``; otherwise
    ///   their heartbeats are.
    /// - Parameter wake: called on any thread when the watch has something to take; must not block. Held until the
    ///   watch is closed.
    /// - Throws: `SESSION_NOT_FOUND`, `RESUME_EXPIRED`, `INVALID_FIELD`, `TOKEN_EXPIRED`,
    ///   `PARTICIPANT_REMOVED`, `PARTICIPANT_DENIED`.
    public func watchSession(
        _ id: SessionID, after: Int64?, isPresence: Bool = true, _ invocation: Invocation,
        wake: @escaping @Sendable () -> Void
    ) async throws(TelehealthError) -> SessionWatch {
        if invocation.caller.expiresAt <= pipeline.time.now { throw TelehealthError(.tokenExpired) }
        let (seen, standing) = try await pipeline.access.read("WatchSession", id, invocation)
        try await pipeline.audit.noteEmergency("WatchSession", seen, invocation)
        // Who looks in by an emergency, and has not joined, watches as staff do: without a place that counts
        // as present.
        let caller = invocation.caller
        let looksIn =
            caller.emergencyReason != nil && seen.place(of: caller) == nil
        let viewer =
            standing.isStaff || looksIn ? nil : try seen.ownParticipant(of: caller)
        // A guardian watches no longer than there is a guardian.
        let guardianshipEnd =
            standing == .participant(.guardian) ? try await pipeline.access.guardianshipEnd(seen) : nil
        let watch = SessionWatch(
            session: hub.shared(id), standing: standing, viewer: viewer?.id,
            expiresAt: min(caller.expiresAt, guardianshipEnd ?? caller.expiresAt), useCases: self, wake: wake)
        watch.open(isPresence: isPresence, isOver: seen.session.status.isTerminal)
        do {
            // Read again: whatever committed since is either in this state or reaches the open watch.
            let (state, _) = try await pipeline.access.visible(id, invocation.caller)
            if !standing.isStaff, !looksIn {
                _ = try state.ownParticipant(of: invocation.caller)
            }
            if let after {
                let events = try await past(of: id, after: after, upTo: state.session.lastEventSequence)
                watch.begin(snapshot: nil, after: after, events: events, judged: state.session)
            } else {
                watch.begin(
                    snapshot: Visibility.redact(state, for: standing),
                    after: state.session.lastEventSequence, events: [],
                    judged: state.session)
            }
            return watch
        } catch {
            watch.close()
            throw error
        }
    }

    private func past(of id: SessionID, after: Int64, upTo last: Int64) async throws(TelehealthError)
        -> [SessionEvent]
    {
        guard after >= 0, after <= last else {
            throw .invalid("after_sequence", "must be a sequence number of this session")
        }
        guard last - after <= Self.resumeEventsMax else { throw TelehealthError(.resumeExpired) }
        var events: [SessionEvent] = []
        var position = after
        while position < last {
            let from = position
            let page = try await reading(await pipeline.store.events(of: id, after: from, limit: Self.resumePage))
            guard let page, page.first?.sequence == position + 1, let newest = page.last else {
                throw TelehealthError(.resumeExpired)
            }
            events += page
            position = newest.sequence
        }
        return events
    }
}
