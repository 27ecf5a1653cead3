public import TelehealthModel
public import TelehealthRules

/// Takes AWS's events in, from a call or a queue: each counts once by its id, in whatever order it comes.
///
/// A session's new facts and what they change are one transaction. Isolation: any.
public struct EventIntake: Sendable {
    /// Events of one session that are kept: a day of a visit with constant reconnects stays far below.
    static let factsPerSessionMax = 5000

    let store: any TelehealthStore
    let gateway: any VideoProvider & RecordingStorage
    let time: any TimeSource
    let ids: any IDSource
    let policy: Policy

    public init(
        store: any TelehealthStore, gateway: any VideoProvider & RecordingStorage, time: any TimeSource,
        ids: any IDSource,
        policy: Policy
    ) {
        self.store = store
        self.gateway = gateway
        self.time = time
        self.ids = ids
        self.policy = policy
    }

    /// - Parameter entries: EventBridge events as JSON, in any order.
    /// - Throws: `STORE_*`, `VERSION_CONFLICT`: what came before in the batch is taken in, and the whole
    ///   batch may be given again.
    public func take(_ entries: [String]) async throws(TelehealthError) -> EventIntakeReport {
        var report = EventIntakeReport()
        var bySession: [SessionID: [EventEnvelope]] = [:]
        var order: [SessionID] = []
        var owners: [MeetingReference: SessionID] = [:]
        for (index, entry) in entries.enumerated() {
            switch EventEnvelope.read(entry) {
            case .malformed(let reason): report.malformed.append(.init(index: index, reason: reason))
            case .ignored(let reason): report.note(reason)
            case .event(let event):
                guard let session = try await owner(of: event, &owners) else {
                    report.note(.meetingUnknown)
                    continue
                }
                if bySession[session] == nil { order.append(session) }
                bySession[session, default: []].append(event)
            }
        }
        for session in order { try await take(bySession[session] ?? [], of: session, &report) }
        return report
    }

    private func owner(
        of event: EventEnvelope, _ known: inout [MeetingReference: SessionID]
    ) async throws(TelehealthError) -> SessionID? {
        let references: [MeetingReference?] = [
            event.meetingID.map(MeetingReference.meeting),
            event.externalMeetingID.map(MeetingReference.token),
            event.pipelineID.map(MeetingReference.pipeline),
        ]
        for case let reference? in references {
            if let session = known[reference] { return session }
            let found: SessionID?
            do { found = try await store.owner(of: reference) } catch {
                throw TelehealthError(error)
            }
            if let found {
                known[reference] = found
                return found
            }
        }
        return nil
    }

    private func take(
        _ events: [EventEnvelope], of session: SessionID, _ report: inout EventIntakeReport
    ) async throws(TelehealthError) {
        for _ in 0..<policy.conflictRetriesMax {
            let batch: (decision: Decision, report: EventIntakeReport)
            do throws(StoreError) {
                guard let state = try await store.session(session) else { return }
                let facts = try await store.meetingFacts(of: session)
                batch = decide(events, state, facts, try await ledger(state), report)
                if batch.decision.isEmpty {
                    report = batch.report
                    return
                }
                if try await store.apply(batch.decision) == .committed {
                    report = batch.report
                    return
                }
            } catch { throw TelehealthError(error) }
        }
        throw .versionConflict
    }

    private func decide(
        _ events: [EventEnvelope], _ state: SessionState, _ known: [MeetingFact], _ ledger: ConsentLedger,
        _ before: EventIntakeReport
    ) -> (Decision, EventIntakeReport) {
        var report = before
        var facts = known
        var seen = Set(known.map(\.id))
        for event in events {
            guard !seen.contains(event.id) else {
                report.duplicates += 1
                continue
            }
            switch fact(event, state) {
            case .failure(let reason): report.note(reason)
            case .success(let fact):
                guard facts.count < Self.factsPerSessionMax else {
                    report.note(.tooMany)
                    continue
                }
                seen.insert(event.id)
                facts.append(fact)
                report.accepted += 1
            }
        }
        guard facts.count > known.count else { return (Decision(), report) }
        let timeline = MeetingTimeline(facts)
        let former = Dictionary(uniqueKeysWithValues: MeetingTimeline(known).presence.map { ($0.id, $0) })
        var draft = SessionDraft(
            state,
            RuleContext(
                now: time.now, policy: policy, ids: ids, controlRegion: gateway.controlRegion,
                recordingsBucket: gateway.recordingsBucket))
        draft.observe(timeline, ledger: ledger)
        var decision = draft.isChanged ? draft.seal(by: .system, action: "meetingEvents") : Decision()
        decision.expectations.append(.meetingFacts(state.session.id, count: known.count))
        decision.changes += facts[known.count...].map(Decision.Change.meetingFact)
        decision.changes += timeline.presence.filter { former[$0.id] != $0 }.map(Decision.Change.presence)
        return (decision, report)
    }

    private enum Reading {
        case success(MeetingFact)
        case failure(EventIntakeReport.IgnoredReason)
    }

    private func fact(_ event: EventEnvelope, _ state: SessionState) -> Reading {
        let meeting = state.meetings.first {
            $0.meetingID == event.meetingID && event.meetingID != nil
                || $0.clientRequestToken == event.externalMeetingID
        }
        let recording = state.recordings.first {
            event.pipelineID != nil
                && ($0.capturePipelineID == event.pipelineID
                    || $0.concatenationPipelineID == event.pipelineID)
        }
        guard let generation = meeting?.generation ?? recording?.generation else {
            return .failure(.meetingUnknown)
        }
        var participant: ParticipantID?
        if event.kind.isOfAttendee {
            participant = state.participants.first { $0.externalUserID == event.externalUserID }?.id
            if participant == nil { return .failure(.participantUnknown) }
        }
        return .success(
            MeetingFact(
                id: event.id, sessionID: state.session.id, generation: generation, kind: event.kind,
                at: event.at, participantID: participant,
                pipelineID: event.kind.isOfPipeline ? event.pipelineID : nil, receivedAt: time.now))
    }

    /// Everybody's consents, for the judgement of a capture that somebody walks into, and of third parties.
    private func ledger(_ state: SessionState) async throws(StoreError) -> ConsentLedger {
        guard state.activeRecording != nil || state.participants.contains(where: \.isThirdParty) else {
            return ConsentLedger()
        }
        return try await store.ledger(
            of: state.participants.filter { $0.state != .removed }.map(\.subjectID), types: policy.places.types)
    }
}
