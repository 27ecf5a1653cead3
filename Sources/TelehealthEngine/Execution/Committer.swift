internal import TelehealthModel
internal import TelehealthRules

/// The one way into the store for commands, workers and sweepers: what a commit brings about comes behind it.
///
/// Isolation: any.
public final class Committer: Sendable {
    public let store: any TelehealthStore
    public let hub: EventHub
    public let presence: PresenceBoard
    let credentials: CredentialCache
    /// What those are told who watch many visits.
    let sessionsWatches: SessionsWatchHub
    /// Rung when a commit asked for work outside the database.
    let effectBell = Doorbell()

    public init(
        store: any TelehealthStore, hub: EventHub, presence: PresenceBoard,
        credentials: CredentialCache = CredentialCache()
    ) {
        self.store = store
        self.hub = hub
        self.presence = presence
        self.credentials = credentials
        sessionsWatches = SessionsWatchHub(following: store)
    }

    /// Events are published and the worker is woken only after the transaction is durable.
    func apply(_ decision: Decision) async throws(StoreError) -> ApplyResult {
        if decision.isEmpty { return .committed }
        let result = try await store.apply(decision)
        guard result == .committed else { return result }
        var hasEffects = false
        for change in decision.changes {
            switch change {
            case .effect(let effect): hasEffects = hasEffects || effect.state == .pending
            case .session(let session) where session.status.isTerminal:
                presence.forget(session.id)
                credentials.forget(session.id)
            case .session, .appointment, .participant, .meeting, .recording, .screenShare, .consent,
                .consentVersion, .document, .birthDate, .invitation, .meetingFact, .presence, .clientQuality,
                .joinTime, .serviceFailure, .earlyCancellation:
                break
            }
        }
        hub.publish(decision.events)
        if hasEffects { effectBell.ring() }
        return result
    }
}
