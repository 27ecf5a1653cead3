internal import Storage
public import TelehealthEngine
public import TelehealthModel
public import TelehealthRules

extension SQLiteStore {
    @discardableResult
    public func follow(_ follower: @escaping @Sendable (CommitNotice) -> Void) -> Int64 {
        writer.publisher.follow(follower)
    }

    public func feedSeal(at position: Int64) async throws(StoreError) -> FeedSeal? {
        if position == 0 { return FeedSeal(position: 0, key: [], at: Timestamp(microseconds: 0)) }
        return try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(
                VisitFeedRow.seal, bind: { $0.add(position) },
                read: { row in FeedSeal(position: position, key: row.bytes(), at: row.instant()) })
        }
    }

    public func feedPosition(of id: SessionID) async throws(StoreError) -> Int64 {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(
                VisitFeedRow.position, bind: { $0.add(id) }, read: { row in row.integer() }) ?? 0
        }
    }

    public func visitMarks(_ query: VisitQuery) async throws(StoreError) -> [VisitMark] {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.all(
                query.viewer == nil ? VisitFeedRow.all : VisitFeedRow.ofViewer,
                bind: { VisitFeedRow.bind(query, &$0) }, read: { row in VisitFeedRow.readMark(&row) })
        }
    }

    public func departures(of viewer: SubjectID?, after position: Int64, limit: Int) async throws(StoreError)
        -> [(position: Int64, departure: VisitDeparture)]
    {
        try readers.readOnce { (connection) throws(SQLiteError) in
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
