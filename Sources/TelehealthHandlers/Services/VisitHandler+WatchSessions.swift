internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension VisitHandler {
    func watchSessions(
        _ request: Telehealth_V1_WatchSessionsRequest,
        responses: ResponseWriter<Telehealth_V1_WatchSessionsResponse>,
        context: ServerCallContext
    ) async throws(RPCError) {
        var fields = RequestFields()
        let start = fields.time("start_time", request.startTime)
        let end = fields.time("end_time", request.endTime)
        let token = fields.optionalText("resume_token", request.resumeToken)
        try fields.finish()
        let invocation = try context.reading()
        let watch = try await mappingDomainErrors(on: watchWork) { () async throws(TelehealthError) in
            try await useCases.watches.watchSessions(startingFrom: start, before: end, behind: token, invocation)
        }
        responses.detach()
        let relay = SessionsWatchRelay(
            responses: responses, caller: invocation.caller, time: views.time,
            heartbeatInterval: watch.heartbeatInterval)
        context.onCancel(watch.leave)
        // Ends with the watch, which the call's cancellation closes.
        Task(executorPreference: watchWork) { await relay.run(watch) }
    }
}

/// Sends one watch of many visits to its stream, step by step: nothing is read before the reader has room for it.
struct SessionsWatchRelay {
    typealias Response = Telehealth_V1_WatchSessionsResponse

    /// Approximate size of one message: well below any client's limit.
    private static let messageBytesMax = 64 * 1024

    let responses: ResponseWriter<Response>
    let caller: Caller
    let time: any TimeSource
    /// Maximum silence of the stream.
    let heartbeatInterval: Duration

    /// Runs until the watch or the call has ended.
    func run(_ opened: SessionsWatch) async {
        var watch = opened
        defer { watch.leave() }
        var isGreeted = false
        while true {
            let step: SessionsWatch.Step?
            do throws(TelehealthError) { step = try await watch.next() } catch {
                return responses.finish(error.asRPCError)
            }
            guard let step else { return responses.finish() }
            do throws(RPCError) {
                for var message in messages(step) {
                    if !isGreeted { message.heartbeatInterval = heartbeatInterval.wire }
                    isGreeted = true
                    try await responses.write(message)
                }
            } catch {
                return responses.finish()
            }
        }
    }

    private func messages(_ step: SessionsWatch.Step) -> [Response] {
        switch step {
        case .visits(let briefs, let token): parts(briefs, token)
        case .changed(let brief, let token):
            [.with { $0.message = .changed(brief.wire(for: caller)); $0.resumeToken = token }]
        case .gone(let id, let token):
            [.with { $0.message = .gone(.with { $0.sessionID = id.rawValue }); $0.resumeToken = token }]
        case .heartbeat(let token):
            [
                .with {
                    $0.message = .heartbeat(.with { $0.sendTime = time.now.wire })
                    $0.resumeToken = token
                    $0.heartbeatInterval = heartbeatInterval.wire
                }
            ]
        }
    }

    /// One or more parts, each within the size limit.
    private func parts(_ briefs: [VisitBrief], _ token: String?) -> [Response] {
        var parts = [Telehealth_V1_SessionsSnapshotPart()]
        var bytes = 0
        for brief in briefs {
            let summary = brief.wire(for: caller)
            bytes += summary.encodedByteCount
            if bytes > Self.messageBytesMax, parts[parts.count - 1].sessions.isEmpty == false {
                parts.append(.init())
                bytes = summary.encodedByteCount
            }
            parts[parts.count - 1].sessions.append(summary)
        }
        parts[parts.count - 1].complete = token != nil
        return parts.enumerated().map { index, part in
            .with {
                $0.message = .snapshotPart(part)
                $0.resumeToken = index == parts.count - 1 ? token ?? "" : ""
            }
        }
    }
}

extension VisitBrief {
    /// As the caller may see it, by the same rules as the session itself (``Viewer``); consents only for callers who
    /// may ask for them.
    func wire(for caller: Caller) -> Telehealth_V1_SessionSummary {
        let viewer = Viewer(caller, in: state)
        let session = state.session
        var wire = Telehealth_V1_SessionSummary()
        wire.sessionID = session.id.rawValue
        wire.status = session.status.wire
        wire.scheduledStartTime = session.startsAt.wire
        wire.scheduledEndTime = session.endsAt.wire
        wire.version = session.version
        if viewer.seesIDs {
            wire.appointmentID = session.appointmentID.rawValue
            wire.clientID = session.clientID.rawValue
            wire.clinicianID = session.clinicianID.rawValue
            wire.guardianID = session.guardianID?.rawValue ?? ""
        }
        let people = state.rostered.filter(viewer.sees)
        wire.waiting = people.filter { $0.state == .waiting }
            .sorted { ($0.waitingSince?.microseconds ?? 0) < ($1.waitingSince?.microseconds ?? 0) }
            .map { person in
                .with {
                    $0.participantID = person.id.rawValue
                    $0.role = person.role.wire
                    $0.waitStartTime = person.waitingSince?.wire
                }
            }
        wire.admitted = people.filter { $0.state == .admitted }.map { person in
            .with {
                $0.participantID = person.id.rawValue
                $0.role = person.role.wire
                $0.admitTime = person.admittedAt?.wire
            }
        }
        let checked = state.preVisitChecked
        wire.preVisitCheckComplete = checked != nil
        if let checked, viewer.seesCheck(of: checked) {
            wire.reliableConnection = checked.preVisitCheck?.hasReliableConnection
            wire.deviceType = checked.preVisitCheck?.device.wire ?? .unspecified
        }
        if let joinGaps, caller.role != .scheduler {
            wire.consentsComplete = joinGaps.isEmpty
            wire.missingConsents = joinGaps.map { $0.wire(action: .join) }
        }
        return wire
    }
}
