import Storage
import Testing

@testable import StorageSQLite

@Suite("Every statement finds its rows by an index") struct QueryPlanTests {
    private static let statements: [PreparedSQL] =
        [
            AppointmentRow.byID, AppointmentRow.version, AppointmentRow.bookedOfClient, EarlyCancellationRow.byID,
            EarlyCancellationRow.version, SessionRow.byID,
            SessionRow.version,
            SessionRow.lastEventSequence, SessionRow.openOfAppointment, SessionRow.latestOfAppointment,
            SessionRow.openOfSubject, SessionRow.openByStart, SessionRow.openByStartAfter,
            SessionRow.updateInPlace, ParticipantRow.update, ParticipantRow.ofSession, MeetingRow.ofSession,
            RecordingRow.byID,
            RecordingRow.ofSession, ScreenShareRow.ofSession, InvitationRow.ofSession,
            ConsentRow.byID, ConsentRow.ofSubject,
            ConsentRow.version, ConsentDocumentRow.presence, SessionEventRow.after,
            SessionEventRow.reopenPruning,
            RecordingRow.toDelete, RecordingRow.ofPipeline, MeetingRow.ownerOfMeeting,
            MeetingRow.ownerOfToken, MeetingFactRow.ofSession, MeetingFactRow.count, PresenceRow.ofSession,
            ClientQualityRow.byKey, ClientQualityRow.reportCount,
            EffectRow.fence, EffectRow.due, EffectRow.nextDue, EffectRow.lease, RequestRow.byKey,
            AuditRow.byNumber, AuditRow.from, AuditRow.ofConsent, AuditNodeRow.from,
            VisitFeedRow.all, VisitFeedRow.ofViewer, VisitFeedRow.touchOfClient, VisitFeedRow.departuresAfter,
            VisitFeedRow.seal, VisitFeedRow.position,
        ] + Pruning.statements + SessionList.statements + AuditList.statements + ServiceFiguresSums.statements

    @Test(arguments: statements.indices)
    func usesAnIndex(_ index: Int) async throws {
        let statement = Self.statements[index]
        try await withTemporaryStore { store in
            let plan = try store.readers.readOnce { (connection) throws(SQLiteError) in
                try connection.plan(of: statement)
            }
            // Walking an index in the order asked for is fine; a whole table, or sorting, is not. But an
            // appointment has one or two sessions and a person some invitations, which may be sorted.
            let maySort = ["sessions.list of appointment", "sessions.list of invited", "feed.marks of viewer"]
                .contains(statement.label)
            let bad = plan.filter {
                ($0.hasPrefix("SCAN") && !$0.contains("INDEX"))
                    || ($0.contains("USE TEMP B-TREE FOR ORDER BY") && !maySort)
            }
            #expect(bad.isEmpty, "\(statement.label): \(plan)")
        }
    }
}

extension SQLiteConnection {
    /// The fourth column of EXPLAIN QUERY PLAN, a line per step.
    fileprivate func plan(of sql: PreparedSQL) throws(SQLiteError) -> [String] {
        let explain = PreparedSQL("plan", "EXPLAIN QUERY PLAN " + sql.text)
        return try all(explain) { row in
            for _ in 0..<3 { row.skip() }
            return row.text()
        }
    }
}
