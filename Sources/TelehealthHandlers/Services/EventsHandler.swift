internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthRules

/// `EventsService`: events from AWS about meetings, forwarded by one of the clinic's services.
struct EventsHandler: Telehealth_V1_EventsServiceHandler {
    let quality: QualityUseCases

    func ingestMeetingEvents(
        _ request: Telehealth_V1_IngestMeetingEventsRequest, context: ServerCallContext
    ) async throws(RPCError) -> Telehealth_V1_IngestMeetingEventsResponse {
        let invocation = try context.reading()
        let report = try await mappingDomainErrors { () async throws(TelehealthError) in
            try await quality.ingest(request.events, invocation)
        }
        return .with {
            $0.accepted = Int32(clamping: report.accepted)
            $0.duplicates = Int32(clamping: report.duplicates)
            $0.ignored = Int32(clamping: report.ignoredCount)
            $0.ignoredByReason = EventIntakeReport.IgnoredReason.allCases.compactMap { reason in
                report.ignored[reason].map { count in
                    .with {
                        $0.reason = reason.wire
                        $0.count = Int32(clamping: count)
                    }
                }
            }
            $0.malformed = report.malformed.map { entry in
                .with {
                    $0.index = Int32(clamping: entry.index)
                    $0.reason = entry.reason.wire
                }
            }
        }
    }
}

extension EventIntakeReport.IgnoredReason {
    var wire: Telehealth_V1_IgnoredMeetingEventReason {
        switch self {
        case .notChime: .notChime
        case .unknownType: .unknownType
        case .notAPerson: .notAPerson
        case .meetingUnknown: .meetingUnknown
        case .participantUnknown: .participantUnknown
        case .tooMany: .tooMany
        }
    }
}

extension EventIntakeReport.MalformedReason {
    var wire: Telehealth_V1_MalformedMeetingEventReason {
        switch self {
        case .notJSON: .notJson
        case .notAnEvent: .notAnEvent
        case .noTime: .noTime
        case .noMeeting: .noMeeting
        case .noAttendee: .noAttendee
        case .noPipeline: .noPipeline
        case .idTooLong: .idTooLong
        case .tooLong: .tooLong
        }
    }
}
