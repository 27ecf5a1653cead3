internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthCore

/// `EventsService`: what AWS tells of meetings, forwarded by a service of the clinic's.
struct EventsHandler: Telehealth_V1_EventsServiceHandler {
    /// A queue's batch is 10; this leaves room for catching up, and a call's work bounded.
    static let eventsMax = 500

    let executor: CommandExecutor

    func ingestMeetingEvents(
        _ request: Telehealth_V1_IngestMeetingEventsRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_IngestMeetingEventsResponse {
        var fields = RequestFields()
        if !(1...Self.eventsMax).contains(request.events.count) {
            fields.refuse("events", "must have 1 to \(Self.eventsMax) entries")
        }
        try fields.finish()
        let invocation = try context.reading()
        let report = try await answering { () async throws(TelehealthError) in
            try await executor.ingestMeetingEvents(request.events, invocation)
        }
        return filled {
            $0.accepted = Int32(clamping: report.accepted)
            $0.duplicates = Int32(clamping: report.duplicates)
            $0.ignored = Int32(clamping: report.ignoredCount)
            $0.ignoredByReason = MapField(report.ignored.mapValues { Int32(clamping: $0) })
            $0.malformed = report.malformed.map { entry in
                filled {
                    $0.index = Int32(clamping: entry.index)
                    $0.reason = entry.reason
                }
            }
        }
    }
}
