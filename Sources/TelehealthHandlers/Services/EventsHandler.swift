internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthCore

/// `EventsService`: what AWS tells of meetings, forwarded by a service of the clinic's.
struct EventsHandler: Telehealth_V1_EventsServiceHandler {
    let executor: CommandExecutor

    func ingestMeetingEvents(
        _ request: Telehealth_V1_IngestMeetingEventsRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_IngestMeetingEventsResponse {
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
