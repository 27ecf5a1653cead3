/// Watches of one session, and of all visits in a time range.
///
/// A class: each open watch holds it. Isolation: the caller's.
public final class WatchUseCases: Sendable {
    let pipeline: CommandPipeline
    let hub: EventHub
    /// Notifies those who watch many visits.
    public let sessionsWatches: SessionsWatchHub
    let presence: PresenceTracker

    init(_ pipeline: CommandPipeline, hub: EventHub, presence: PresenceTracker) {
        self.pipeline = pipeline
        self.hub = hub
        self.presence = presence
        sessionsWatches = SessionsWatchHub(following: pipeline.store)
    }
}
