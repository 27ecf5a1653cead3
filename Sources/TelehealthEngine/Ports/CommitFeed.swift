public import TelehealthModel
public import TelehealthRules

/// Port: what this store's commits changed, in the order of the commits.
///
/// One thread at a time publishes: the one that commits, or the one that reads the commits of other processes. It
/// publishes a batch once the batch is durable and can be read, and before any caller learns that its own part was
/// committed. Nothing of a batch whose commit failed is published. So a follower never sorts, and whoever has an answer
/// knows that every follower was called. Isolation: any.
public protocol CommitFeed: Sendable {
    /// Calls the follower with every later batch, in order.
    ///
    /// - Parameter follower: called on the publishing thread, which every commit waits for: it must neither block, nor
    ///   call the store, nor do more than note the batch and wake others. Held as long as the store.
    /// - Returns: the position of the newest batch that the follower is not called with.
    @discardableResult
    func follow(_ follower: @escaping @Sendable (CommitNotice) -> Void) -> Int64
}

/// What one batch of decisions changed, for those in this process who act on it.
public struct CommitNotice: Sendable {
    /// The number of the newest audit row: all up to here is told with this notice or was told before.
    public var position: Int64
    /// Visits whose short views may differ from before, in ascending order of position.
    public var changes: [VisitChange] = []
    /// In the order of the commits: those of one session have ascending sequences without a gap, also from one notice
    /// to the next.
    public private(set) var events: [SessionEvent] = []
    /// Sessions that are over: nobody is there any more. A session may be named again, when it changes after its end.
    public private(set) var endedSessions: [SessionID] = []
    /// Whether there is new work outside the database.
    public private(set) var hasPendingEffects = false

    /// - Parameter position: as of ``position``; 0 until the batch has its rows.
    public init(position: Int64 = 0) { self.position = position }

    /// Adds a decision of the batch, behind those that were applied before it.
    ///
    /// - Parameter changes: the visits that it changed, as the store found them.
    public mutating func add(_ decision: Decision, changes: [VisitChange]) {
        self.changes += changes
        events += decision.events
        for change in decision.changes {
            if case .session(let row) = change, row.status.isTerminal { endedSessions.append(row.id) }
            if case .effect(let row) = change, row.state == .pending { hasPendingEffects = true }
        }
    }
}
