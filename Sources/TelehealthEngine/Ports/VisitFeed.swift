public import TelehealthModel
public import TelehealthRules

/// Port: which visits changed since a place in the order of the commits, for those who watch many of them. What changes
/// from now on comes by the ``CommitFeed``.
///
/// A position is the number of an audit row: a decision that changes a visit has an entry of its own, rows keep their
/// numbers whatever becomes of the store around them, and each is bound to all before it. So a place in the feed
/// outlives a restart, a move to another store and a restored backup, and shows when the log before it is another one.
/// Isolation: any.
public protocol VisitFeed: Sendable {
    /// What the log holds at a position; nil when it has no such row. Position 0, before the first, is in every log.
    func feedSeal(at position: Int64) async throws(StoreError) -> FeedSeal?
    /// Where a visit changed last; 0 for one that has not changed since there is a feed, or is not there.
    func feedPosition(of id: SessionID) async throws(StoreError) -> Int64
    /// Visits that the query chooses, in ascending (start, id) order.
    func visitMarks(_ query: VisitQuery) async throws(StoreError) -> [VisitMark]
    /// Who lost sight of a visit after a position, in ascending order of position.
    ///
    /// - Parameter viewer: as of ``VisitDeparture/viewer``.
    func departures(of viewer: SubjectID?, after position: Int64, limit: Int) async throws(StoreError)
        -> [(position: Int64, departure: VisitDeparture)]
}

/// One visit whose short view may differ from before.
public struct VisitChange: Sendable, Hashable {
    public let sessionID: SessionID
    /// Those of one transaction are the same.
    public var position: Int64
    public var departures: [VisitDeparture]

    public init(sessionID: SessionID, position: Int64, departures: [VisitDeparture] = []) {
        self.sessionID = sessionID
        self.position = position
        self.departures = departures
    }
}

/// A place in the feed as the audit log holds it.
public struct FeedSeal: Sendable, Hashable {
    public let position: Int64
    /// Known to nobody outside, and different in every log that differs in this row or one before: the row's MAC.
    public let key: [UInt8]
    /// When the row was written.
    public let at: Timestamp

    public init(position: Int64, key: [UInt8], at: Timestamp) {
        self.position = position
        self.key = key
        self.at = at
    }
}

/// Which visits to mark.
public struct VisitQuery: Sendable, Hashable {
    /// By their place, with a clinician's token; nil = all visits.
    public var viewer: SubjectID?
    public var range: Range<Timestamp>
    /// Only what changed after this position; nil = all.
    public var changedAfter: Int64?
    public var limit: Int

    public init(viewer: SubjectID?, range: Range<Timestamp>, changedAfter: Int64? = nil, limit: Int) {
        self.viewer = viewer
        self.range = range
        self.changedAfter = changedAfter
        self.limit = limit
    }
}

/// A visit and where in the feed it changed last.
public struct VisitMark: Sendable, Hashable {
    public let sessionID: SessionID
    /// 0 for one that has not changed since there is a feed.
    public let position: Int64

    public init(sessionID: SessionID, position: Int64) {
        self.sessionID = sessionID
        self.position = position
    }
}
