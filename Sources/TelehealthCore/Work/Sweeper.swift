/// Does what time asks for: lost presence, no-shows, abandoned and overrun visits, expired consents, old
/// rows.
///
/// Isolation: any.
public final class Sweeper: Sendable {
    /// Sessions read at a time.
    private static let page = 200

    private let committer: Committer
    private let gateway: any MeetingGateway
    private let time: any TimeSource
    private let ids: any IDSource
    private let policy: Policy
    private let notify: @Sendable (StoreError) -> Void

    /// - Parameter notify: called when the store could not serve a sweep; must not block.
    public init(
        committer: Committer, gateway: any MeetingGateway, time: any TimeSource, ids: any IDSource,
        policy: Policy,
        notify: @escaping @Sendable (StoreError) -> Void = { _ in }
    ) {
        self.committer = committer
        self.gateway = gateway
        self.time = time
        self.ids = ids
        self.policy = policy
        self.notify = notify
    }

    /// Sweeps every ``Policy/sweepInterval`` until the task is cancelled.
    public func run() async {
        var prunedAt = time.now
        while !Task.isCancelled {
            do {
                try await sweep()
                if time.now - prunedAt >= policy.pruneInterval {
                    prunedAt = time.now
                    try await committer.store.prune(
                        requestsBefore: time.now, eventsBefore: time.now - policy.eventRetention)
                }
            } catch { notify(error) }
            do { try await time.sleep(for: policy.sweepInterval) } catch { return }
        }
    }

    /// One round over all sessions that have not ended and whose time has come near.
    ///
    /// - Returns: how many sessions changed.
    @discardableResult
    public func sweep() async throws(StoreError) -> Int {
        var changed = 0
        var last: SessionID?
        while !Task.isCancelled {
            let ids = try await committer.store.openSessions(
                startingBefore: time.now + max(policy.earlyJoin, policy.earlyJoinStaff), after: last,
                limit: Self.page)
            for id in ids where try await sweep(id) { changed += 1 }
            guard let newest = ids.last, ids.count == Self.page else { break }
            last = newest
        }
        return changed
    }

    /// A conflict is somebody's word coming first: the next round looks again.
    private func sweep(_ id: SessionID) async throws(StoreError) -> Bool {
        guard let state = try await committer.store.session(id) else { return false }
        let now = time.now
        let context = RuleContext(
            now: now, policy: policy, ids: ids, controlRegion: gateway.controlRegion,
            recordingsBucket: gateway.recordingsBucket)
        var ledger: ConsentLedger?
        if state.activeRecording != nil {
            ledger = try await committer.store.ledger(of: SessionDraft.subjectsOfRecording(state))
        }
        var draft = SessionDraft(state, context)
        draft.sweep(
            lastSeen: { committer.presence.lastSeen($0, in: id, now: now) }, ledger: ledger)
        guard draft.isChanged else { return false }
        return try await committer.apply(draft.seal(by: .system, action: "sweep")) == .committed
    }
}
