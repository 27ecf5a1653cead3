/// The interface under `/_simulator`, JSON both ways and without signatures: what tests look at and steer
/// with.
extension SimulatedChime {
    mutating func respondToAdmin(_ request: SimulatedRequest, wallClock: Timestamp) -> SimulatedResponse {
        let segments = request.path.split(separator: "/").dropFirst().map { PercentCoding.decoded($0) }
        do throws(ServiceError) {
            let body = try adminBody(request)
            switch request.method {
            case "GET": return try adminGet(segments, request, wallClock: wallClock)
            case "POST": return try adminPost(segments, body, wallClock: wallClock)
            case "DELETE": return try adminDelete(segments)
            default: throw ServiceError(405, "MethodNotAllowedException", "only GET, POST and DELETE are supported")
            }
        } catch {
            return SimulatedResponse(
                status: error.status,
                json: ["error": .string(error.shortCode), "message": .string(error.message)])
        }
    }

    private func adminBody(_ request: SimulatedRequest) throws(ServiceError) -> JSONValue {
        guard let bytes = request.body, !bytes.isEmpty else { return [:] }
        guard let body = try? JSONParser.parse(bytes), body.isObject else {
            throw .badRequest("the body is not a JSON object")
        }
        return body
    }

    private static func unknown() -> ServiceError {
        .notFound("unknown path of the admin interface; --help lists the paths")
    }

    // MARK: Looking

    private func adminGet(
        _ segments: [String], _ request: SimulatedRequest, wallClock: Timestamp
    ) throws(ServiceError) -> SimulatedResponse {
        switch (segments.first, segments.count) {
        case (nil, _), ("health", 1): return SimulatedResponse(status: 200, json: ["status": "ok"])
        case ("meetings", 1): return try listMeetings(request)
        case ("meetings", 2):
            guard let meeting = meetings[segments[1].lowercased()] else { throw Self.unknown() }
            return SimulatedResponse(status: 200, json: adminJSON(meeting))
        case ("attendees", 1): return listAllAttendees()
        case ("pipelines", 1):
            let all = pipelines.values.sorted { $0.ordinal < $1.ordinal }.map(adminJSON)
            return SimulatedResponse(status: 200, json: ["pipelines": .array(all)])
        case ("objects", 1):
            return SimulatedResponse(
                status: 200,
                json: [
                    "bucket": .string(configuration.bucket),
                    "keys": .array(objects.keys.map(JSONValue.string)),
                ])
        case ("events", 1): return try listEvents(request)
        case ("faults", 1):
            return SimulatedResponse(status: 200, json: ["faults": .array(faults.faults.map(\.json))])
        case ("counters", 1): return SimulatedResponse(status: 200, json: counters.json)
        case ("clock", 1): return clockResponse(wallClock)
        default: throw Self.unknown()
        }
    }

    private func listMeetings(_ request: SimulatedRequest) throws(ServiceError) -> SimulatedResponse {
        let state = request.queryValue("state")
        guard state == nil || state == "live" || state == "ended" else {
            throw .badRequest("state must be live or ended")
        }
        let chosen = meetings.values
            .filter { state == nil || $0.isLive == (state == "live") }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        return SimulatedResponse(
            status: 200,
            json: ["live": .integer(Int64(liveMeetingCount)), "meetings": .array(chosen.map(adminJSON))])
    }

    private func listAllAttendees() -> SimulatedResponse {
        let all = meetings.values
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            .flatMap { meeting in
                (meeting.deletedAttendees + meeting.attendees).map { adminJSON($0, in: meeting) }
            }
        return SimulatedResponse(status: 200, json: ["attendees": .array(all)])
    }

    private func listEvents(_ request: SimulatedRequest) throws(ServiceError) -> SimulatedResponse {
        let after = request.queryValue("after") ?? "0"
        let limit = request.queryValue("limit") ?? "1000"
        guard let after = Int(after), after >= 0, let limit = Int(limit),
            (1...EventLog.eventsMax).contains(limit)
        else { throw .badRequest("after must be 0 or more, limit 1 to \(EventLog.eventsMax)") }
        let page = events.events(after: after, limit: limit)
        return SimulatedResponse(
            status: 200,
            json: [
                "last": .integer(Int64(events.last)),
                "events": .array(
                    page.map { sequence, event in
                        [
                            "sequence": .integer(Int64(sequence)),
                            "event": event.json(account: configuration.accountID),
                        ]
                    }),
            ])
    }

    private func clockResponse(_ wallClock: Timestamp) -> SimulatedResponse {
        SimulatedResponse(
            status: 200,
            json: ["now": .string(clock.now(at: wallClock).iso8601), "frozen": .bool(clock.isFrozen)])
    }

    /// Without the join tokens: nobody who looks needs to join.
    private func adminJSON(_ attendee: Attendee, in meeting: Meeting) -> JSONValue {
        let state = attendee.deletedAt != nil ? "DELETED" : meeting.isLive ? "LIVE" : "ENDED"
        return [
            "attendeeId": .string(attendee.id), "meetingId": .string(meeting.id),
            "externalUserId": .string(attendee.externalUserID), "state": .string(state),
            "joined": .bool(attendee.joinedAt != nil && meeting.isLive && attendee.deletedAt == nil),
            "video": .bool(attendee.hasVideo), "content": .bool(attendee.hasContent),
            "capabilities": attendee.capabilities.json, "createdAt": .string(attendee.createdAt.iso8601),
            "deletedAt": attendee.deletedAt.map { .string($0.iso8601) },
        ]
    }

    private func adminJSON(_ meeting: Meeting) -> JSONValue {
        let attendees = (meeting.deletedAttendees + meeting.attendees).map { adminJSON($0, in: meeting) }
        return [
            "meetingId": .string(meeting.id), "externalMeetingId": .string(meeting.externalID),
            "clientRequestToken": .string(meeting.clientRequestToken),
            "state": meeting.isLive ? "LIVE" : "ENDED",
            "controlRegion": .string(meeting.controlRegion), "mediaRegion": .string(meeting.mediaRegion),
            "createdAt": .string(meeting.createdAt.iso8601),
            "endedAt": meeting.endedAt.map { .string($0.iso8601) },
            "endReason": meeting.endReason.map { .string($0.rawValue) },
            "activePipelineId": meeting.activePipelineID.map(JSONValue.string),
            "attendees": .array(attendees),
        ]
    }

    private func adminJSON(_ pipeline: MediaPipeline) -> JSONValue {
        [
            "mediaPipelineId": .string(pipeline.id), "kind": .string(pipeline.memberName),
            "status": .string(pipeline.status.rawValue),
            "meetingId": pipeline.capture.map { .string($0.meetingID) },
            "captureId": pipeline.concatenation.map { .string($0.captureID) },
            "clientRequestToken": pipeline.clientRequestToken.map(JSONValue.string),
            "objectKey": pipeline.objectKey.map(JSONValue.string),
            "createdAt": .string(pipeline.createdAt.iso8601),
            "updatedAt": .string(pipeline.updatedAt.iso8601),
        ]
    }

    // MARK: Steering

    private mutating func adminPost(
        _ segments: [String], _ body: JSONValue, wallClock: Timestamp
    ) throws(ServiceError) -> SimulatedResponse {
        let now = clock.now(at: wallClock)
        switch (segments.first, segments.count) {
        case ("meetings", 3) where segments[2] == "end":
            let id = segments[1].lowercased()
            guard meetings[id]?.isLive == true else { throw .notFound("Meeting \(id) is not live") }
            endMeeting(id, reason: .ordered, at: now)
        case ("attendees", 3):
            guard let action = PresenceAction(rawValue: segments[2]) else { throw Self.unknown() }
            try act(action, attendeeID: segments[1].lowercased(), now: now)
        case ("pipelines", 3) where segments[2] == "fail":
            try failPipeline(segments[1].lowercased(), at: now)
        case ("clock", 2):
            try setClock(segments[1], body, wallClock: wallClock)
            return clockResponse(wallClock)
        case ("faults", 1):
            return SimulatedResponse(status: 201, json: try faults.order(body).json)
        default: throw Self.unknown()
        }
        return SimulatedResponse(status: 200, json: ["status": "ok"])
    }

    private mutating func setClock(
        _ verb: String, _ body: JSONValue, wallClock: Timestamp
    ) throws(ServiceError) {
        switch verb {
        case "advance":
            let seconds: Double
            switch body["seconds"] {
            case .integer(let whole): seconds = Double(whole)
            case .number(let number): seconds = number
            default: throw .badRequest("seconds must be a number")
            }
            guard seconds >= 0, seconds <= Self.advanceSecondsMax else {
                throw .badRequest("seconds must be 0 to \(Int(Self.advanceSecondsMax))")
            }
            let duration = Duration.microseconds(Int64(seconds * 1_000_000))
            guard clock.now(at: wallClock) + duration < Self.lastInstant else {
                throw .badRequest("the clock would pass the year 9999")
            }
            clock.advance(by: duration)
            happen(until: clock.now(at: wallClock))
        case "freeze": clock.freeze(at: wallClock)
        case "resume": clock.resume(at: wallClock)
        default: throw Self.unknown()
        }
    }

    /// Ten years: longer than any retention.
    private static let advanceSecondsMax: Double = 10 * 366 * 86_400
    /// 9999-01-01T00:00:00Z: dates are written with four digits for the year.
    private static let lastInstant = Timestamp(microseconds: 253_370_764_800_000_000)

    private mutating func adminDelete(_ segments: [String]) throws(ServiceError) -> SimulatedResponse {
        if segments.first == "objects", segments.count > 1 {
            let key = segments.dropFirst().joined(separator: "/")
            guard objects.object(key) != nil else { throw Self.unknown() }
            objects.remove(key)
            return SimulatedResponse(status: 204)
        }
        switch segments {
        case ["faults"]: faults.removeAll()
        case ["counters"]: counters.removeAll()
        default: throw Self.unknown()
        }
        return SimulatedResponse(status: 204)
    }
}
