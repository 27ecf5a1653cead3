public import TelehealthModel
public import TelehealthRules

/// Does what time asks for: lost presence, no-shows, abandoned and overrun visits, expired consents, old
/// rows.
///
/// Isolation: any.
public final class Sweeper: Sendable {
    /// Sessions read at a time.
    private static let page = 200

    private let store: any TelehealthStore
    private let presence: PresenceTracker
    private let gateway: any VideoProvider & RecordingStorage
    private let time: any TimeSource
    private let ids: any IDSource
    private let policy: Policy
    private let notify: @Sendable (StoreError) -> Void

    /// - Parameter notify: called when the store could not serve a sweep; must not block.
    public init(
        store: any TelehealthStore, presence: PresenceTracker,
        gateway: any VideoProvider & RecordingStorage, time: any TimeSource,
        ids: any IDSource, policy: Policy,
        notify: @escaping @Sendable (StoreError) -> Void = { _ in }
    ) {
        self.store = store
        self.presence = presence
        self.gateway = gateway
        self.time = time
        self.ids = ids
        self.policy = policy
        self.notify = notify
    }

    /// Sweeps every ``Policy/sweepInterval`` until the task is cancelled.
    public func run() async {
        var prunedAt = time.uptime
        while !Task.isCancelled {
            do {
                try await sweep()
                if time.uptime - prunedAt >= policy.pruneInterval {
                    prunedAt = time.uptime
                    try await store.prune(
                        requestsBefore: time.now, eventsBefore: time.now - policy.eventRetention,
                        effectsBefore: time.now - policy.effectRetention,
                        earlyCancellationsBefore: time.now - policy.earlyCancellationRetention)
                }
            } catch { notify(error) }
            do { try await time.sleep(for: policy.sweepInterval) } catch { return }
        }
    }

    /// One round over all sessions that have not ended and whose time has come near. Those that nobody
    /// has joined are not even read before their time is over.
    ///
    /// - Returns: how many sessions changed.
    @discardableResult
    public func sweep() async throws(StoreError) -> Int {
        var changed = 0
        var last: SessionID?
        while !Task.isCancelled {
            let ids = try await store.openSessions(
                startingBefore: time.now + max(policy.earlyJoin, policy.earlyJoinStaff),
                untouchedEndingBefore: time.now - policy.lateJoin, after: last, limit: Self.page)
            for id in ids where try await sound({ () async throws(StoreError) in try await sweep(id) }) {
                changed += 1
            }
            guard let newest = ids.last, ids.count == Self.page else { break }
            last = newest
        }
        return changed + (try await retireRecordings())
    }

    /// Recordings whose time is over, a page per round: the next round has the next page.
    private func retireRecordings() async throws(StoreError) -> Int {
        var changed = 0
        let due = try await store.recordingsToDelete(before: time.now, limit: Self.page)
        for (session, recording) in due
        where try await sound({ () async throws(StoreError) in try await retire(recording, of: session) }) {
            changed += 1
        }
        return changed
    }

    private func retire(_ recording: RecordingID, of session: SessionID) async throws(StoreError) -> Bool {
        guard let state = try await store.session(session) else { return false }
        var draft = SessionDraft(state, context())
        draft.retire(recording)
        guard draft.isChanged else { return false }
        let decision = draft.seal(by: .system, action: "retireRecording", target: recording.rawValue)
        return try await store.apply(decision) == .committed
    }

    /// Passes a visit over whose rows are damaged, of which the store tells itself: the others are swept all the same.
    private func sound(_ body: () async throws(StoreError) -> Bool) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try await body()
        } catch {
            guard case .damaged = error else { throw error }
            return false
        }
    }

    private func context() -> RuleContext {
        RuleContext(
            now: time.now, policy: policy, ids: ids, controlRegion: gateway.controlRegion,
            recordingsBucket: gateway.recordingsBucket)
    }

    /// Whose media Chime says to be connected, looked up only for people of whom nothing else is heard.
    private func connectedMedia(_ state: SessionState) async throws(StoreError)
        -> Set<ParticipantID>
    {
        let id = state.session.id
        let isSilent = state.participants.contains {
            $0.state == .admitted
                && presence.silence(of: $0.id, in: id) > policy.presenceLostAfter
        }
        guard isSilent else { return [] }
        let live = state.liveMeeting?.generation
        let intervals = try await store.presence(of: id)
        return Set(intervals.filter { $0.endedAt == nil && $0.generation == live }.map(\.participantID))
    }

    /// A conflict is somebody's word coming first: the next round looks again.
    private func sweep(_ id: SessionID) async throws(StoreError) -> Bool {
        guard let state = try await store.session(id) else { return false }
        let now = time.now
        var ledger: ConsentLedger?
        if state.activeRecording != nil || state.admitted.contains(where: \.isThirdParty) {
            ledger = try await store.ledger(
                of: state.subjectsOfSweep, types: policy.places.types)
        }
        var bornOn: CivilDate?
        if state.participants.contains(where: {
            $0.role == .guardian && $0.firstJoinedAt != nil && $0.state != .removed
        }) {
            bornOn = try await store.consents(of: state.session.clientID).bornOn
        }
        let connected = try await connectedMedia(state)
        var draft = SessionDraft(state, context())
        draft.sweep(
            lastSeen: {
                connected.contains($0) ? now : now - presence.silence(of: $0, in: id)
            }, ledger: ledger, bornOn: bornOn)
        guard draft.isChanged else { return false }
        return try await store.apply(draft.seal(by: .system, action: "sweep")) == .committed
    }
}
