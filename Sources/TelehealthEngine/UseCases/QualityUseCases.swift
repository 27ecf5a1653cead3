// What AWS tells, what clients measure, and what both add up to.

public import TelehealthModel
public import TelehealthRules

/// Reports of connections and of the service.
///
/// Isolation: the caller's.
public struct QualityUseCases: Sendable {
    let pipeline: CommandPipeline
    let gateway: any VideoProvider & RecordingStorage

    /// A last report comes when a visit is over already.
    private static let lateReportMax: Duration = .seconds(10 * 60)

    static let reportPeriodMax: Duration = .seconds(366 * 24 * 60 * 60)

    /// AWS's events as somebody forwards them; audited once per call.
    ///
    /// - Throws: as ``EventIntake/take(_:)``.
    public func ingest(_ entries: [String], _ invocation: Invocation)
        async throws(TelehealthError) -> EventIntakeReport
    {
        let intake = EventIntake(
            store: pipeline.store, gateway: gateway, time: pipeline.time, ids: pipeline.ids, policy: pipeline.policy)
        let report = try await intake.take(entries)
        try await pipeline.audit.always("IngestMeetingEvents", invocation)
        return report
    }

    /// One report of the caller's client.
    ///
    /// - Returns: when the next one is welcome.
    /// - Throws: `SESSION_NOT_FOUND`, `NOT_ALLOWED` for staff, `NOT_JOINED`, `INVALID_STATE` long after the
    ///   end, `INVALID_FIELD`, `METRICS_TOO_OFTEN`, `REQUEST_ID_REUSED`.
    public func report(_ session: SessionID, _ metrics: ClientMetrics, _ invocation: Invocation)
        async throws(TelehealthError) -> Duration
    {
        try Self.validate(metrics)
        return try await pipeline.change("ReportClientMetrics", session: session, invocation) {
            _, _ throws(TelehealthError) in
            _ = try await pipeline.access.visible(session, invocation.caller)
            return pipeline.policy.clientReportInterval
        } decide: { () throws(TelehealthError) in
            let (state, _) = try await pipeline.access.visible(session, invocation.caller)
            var draft = SessionDraft(state, pipeline.context())
            let participant = try state.ownParticipant(of: invocation.caller)
            guard participant.firstJoinedAt != nil else { throw TelehealthError(.notJoined) }
            if let endedAt = state.session.endedAt, pipeline.time.now > endedAt + Self.lateReportMax {
                throw .invalidState(state.session.status)
            }
            let decision = try await note(metrics, of: participant.id, &draft)
            return CommandResult(
                decision: decision, outcome: pipeline.policy.clientReportInterval, sessionID: session,
                made: NothingMade())
        }
    }

    private func note(
        _ metrics: ClientMetrics, of participant: ParticipantID, _ draft: inout SessionDraft
    ) async throws(TelehealthError) -> Decision {
        let now = pipeline.time.now
        let session = draft.state.session.id
        let known = try await reading(await pipeline.store.quality.clientQuality(of: participant, in: session))
        // A report from later than now was timed by a clock that has been set back since: it holds nobody up.
        if let known, case let elapsed = now - known.lastReportAt,
            (.zero..<pipeline.policy.clientReportInterval).contains(elapsed)
        {
            throw TelehealthError(.metricsTooOften, retryAfter: pipeline.policy.clientReportInterval - elapsed)
        }
        var quality =
            known ?? ClientQuality(sessionID: session, participantID: participant, firstReportAt: now)
        quality.add(metrics, at: now)
        draft.tellQuality(&quality)
        var decision = Decision()
        if draft.isChanged {
            decision = draft.seal(by: .system, action: "connectionQuality", target: participant.rawValue)
        }
        decision.expectations.append(
            .clientReports(session, participant, count: known?.reportCount ?? 0))
        decision.changes.append(.clientQuality(quality))
        if let joinTime = metrics.joinTime {
            decision.changes.append(
                .joinTime(
                    JoinTime(
                        sessionID: session, participantID: participant, number: quality.joinCount, at: now,
                        duration: joinTime)))
        }
        return decision
    }

    private static func validate(_ metrics: ClientMetrics) throws(TelehealthError) {
        if let joinTime = metrics.joinTime, joinTime < .zero || joinTime > .seconds(600) {
            throw .invalid("join_duration", "must be 0 to 10 minutes")
        }
        guard metrics.window > .zero, metrics.window <= .seconds(3600) else {
            throw .invalid("window", "must be above 0 and at most an hour")
        }
        let counts = [
            ("video_height", metrics.videoHeight, 4320), ("frames_per_second", metrics.framesPerSecond, 240),
            ("drops", metrics.drops, 1000), ("poor_connections", metrics.poorConnections, 10_000),
        ]
        for (field, value, most) in counts where !(0...most).contains(value) {
            throw .invalid(field, "must be 0 to \(most)")
        }
        guard (0...100).contains(metrics.packetLossPercent) else {
            throw .invalid("packet_loss_percent", "must be 0 to 100")
        }
    }

    /// - Throws: `INVALID_FIELD`; `STORE_OVERLOADED` for a period with more rows than one read may sum.
    public func serviceReport(from: Timestamp, to: Timestamp, _ invocation: Invocation)
        async throws(TelehealthError) -> ServiceReport
    {
        guard from < to, to - from <= Self.reportPeriodMax else {
            throw .invalid("end_time", "must be after start_time, and at most 366 days after it")
        }
        let query = ServiceFiguresQuery(from: from, to: to, joinConsents: coverageConsents)
        let figures = try await reading(await pipeline.store.quality.serviceFigures(query))
        try await pipeline.audit.always("GetServiceReport", invocation)
        return ServiceReport(figures, query)
    }

    /// What the home place asks of a client who joins. A visit elsewhere may stand on the general telehealth
    /// consent instead of the place's own, so either counts for the other.
    private var coverageConsents: [[ConsentType]] {
        let either: [ConsentType] = [.telehealth, .georgiaTelehealth]
        let policy = pipeline.policy
        return policy.requirements(for: .join, in: policy.places.policy(policy.places.home)).map { asked in
            asked.types.contains(where: either.contains) ? either : Array(asked.types.prefix(2))
        }
    }
}
