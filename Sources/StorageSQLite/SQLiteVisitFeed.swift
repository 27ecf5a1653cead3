internal import Storage
public import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension SQLiteStore {
    @discardableResult
    public func follow(_ follower: @escaping @Sendable (CommitNotice) -> Void) -> Int64 {
        writer.publisher.follow(follower)
    }

    public var visitFeed: any VisitFeed { SQLiteVisitFeed(store: self) }
}

/// Which visits changed, by position in the audit log.
///
/// Isolation: any.
struct SQLiteVisitFeed: VisitFeed {
    let store: SQLiteStore

    func feedSeal(at position: Int64) async throws(StoreError) -> FeedSeal? {
        if position == 0 { return FeedSeal(position: 0, key: [], at: Timestamp(microseconds: 0)) }
        return try store.readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(
                VisitFeedRow.seal, bind: { $0.add(position) },
                read: { row in FeedSeal(position: position, key: row.bytes(), at: row.instant()) })
        }
    }

    func feedPosition(of id: SessionID) async throws(StoreError) -> Int64 {
        try store.readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(
                VisitFeedRow.position, bind: { $0.add(id) }, read: { row in row.integer() }) ?? 0
        }
    }

    func visitMarks(_ query: VisitQuery) async throws(StoreError) -> [VisitMark] {
        try store.readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(
                query.viewer == nil ? VisitFeedRow.all : VisitFeedRow.ofViewer,
                bind: { VisitFeedRow.bind(query, &$0) }, read: { row in VisitFeedRow.readMark(&row) })
        }
    }

    func departures(of viewer: SubjectID?, after position: Int64, limit: Int) async throws(StoreError)
        -> [(position: Int64, departure: VisitDeparture)]
    {
        try store.readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(
                VisitFeedRow.departuresAfter,
                bind: { values in
                    values.add(viewer)
                    values.add(position)
                    values.add(max(limit, 0))
                }, read: { row in VisitFeedRow.readDeparture(&row) })
        }
    }
}
