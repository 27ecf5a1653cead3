extension SimulatedChime {
    mutating func createMeeting(
        _ context: CallContext, withAttendees: Bool
    ) throws(ServiceError) -> SimulatedResponse {
        let body = try context.body()
        let order = try MeetingOrder(body)
        let requested = withAttendees ? try attendeeOrders(body, countMax: Self.attendeesMaxAtCreation) : []
        let tokenKey = context.controlRegion + order.clientRequestToken
        if let arrival = creationsUnderWay[tokenKey], arrival > context.now {
            throw .conflict("Multiple instances of the same request have been made simultaneously.")
        }
        let id: String
        if let known = meetingIDsByToken[tokenKey] {
            id = known
        } else {
            id = try startMeeting(order, tokenKey: tokenKey, context)
        }
        let delay = max(configuration.creationDelay, context.orderedDelay)
        if delay > .zero { rememberCreation(tokenKey, until: context.now + delay, now: context.now) }
        guard let json = meetings[id]?.json else { throw .notFound("Meeting \(id) not found") }
        var response: SimulatedResponse
        if withAttendees {
            let (made, errors) = makeAttendees(requested, in: id, now: context.now)
            response = SimulatedResponse(
                status: 200, json: ["Meeting": json, "Attendees": .array(made), "Errors": .array(errors)])
        } else {
            response = SimulatedResponse(status: 200, json: ["Meeting": json])
        }
        response.delay = configuration.creationDelay
        return response
    }

    /// CreateMeetingWithAttendees takes 1 to 20 attendees.
    static let attendeesMaxAtCreation = 20

    private mutating func startMeeting(
        _ order: MeetingOrder, tokenKey: String, _ context: CallContext
    ) throws(ServiceError) -> String {
        guard liveMeetingCount < configuration.meetingsMax else {
            throw .limitExceeded("The account has \(configuration.meetingsMax) concurrent meetings")
        }
        if let primaryID = order.primaryID, meetings[primaryID]?.isLive != true {
            throw .badRequest("PrimaryMeetingId is not a known meeting")
        }
        let id = identifiers.uuid()
        var meeting = Meeting(
            id: id, arn: "arn:aws:chime:\(context.controlRegion):\(configuration.accountID):meeting/\(id)",
            externalID: order.externalID, clientRequestToken: order.clientRequestToken,
            controlRegion: context.controlRegion, mediaRegion: order.mediaRegion, hostID: order.hostID,
            primaryID: order.primaryID, tenantIDs: order.tenantIDs, features: order.features,
            createdAt: context.now)
        meeting.silentSince = context.now
        events.append(numbered(meeting.event(.meetingStarted, at: context.now)))
        meetings[id] = meeting
        liveMeetingCount += 1
        meetingIDsByToken[tokenKey] = id
        queueDeadline(ofMeeting: id)
        return id
    }

    private mutating func rememberCreation(_ tokenKey: String, until arrival: Timestamp, now: Timestamp) {
        if creationsUnderWay.count > 1000 { creationsUnderWay = creationsUnderWay.filter { $0.value > now } }
        creationsUnderWay[tokenKey] = arrival
    }

    mutating func getMeeting(_ id: String, _ context: CallContext) throws(ServiceError) -> SimulatedResponse {
        SimulatedResponse(status: 200, json: ["Meeting": try liveMeeting(id, context).json])
    }

    mutating func deleteMeeting(_ id: String, _ context: CallContext) throws(ServiceError)
        -> SimulatedResponse
    {
        endMeeting(try liveMeeting(id, context).id, reason: .deleted, at: context.now)
        return SimulatedResponse(status: 204)
    }

    /// - Throws: `notFound` for a meeting that never was, has ended, or belongs to another control region.
    func liveMeeting(_ id: String, _ context: CallContext) throws(ServiceError) -> Meeting {
        let id = try Validation.guid(id, "MeetingId")
        guard let meeting = meetings[id], meeting.isLive, meeting.controlRegion == context.controlRegion
        else {
            throw .notFound("Meeting \(id) not found")
        }
        return meeting
    }
}

/// What CreateMeeting and CreateMeetingWithAttendees ask for, checked field by field.
private struct MeetingOrder {
    let clientRequestToken: String
    let externalID: String
    let mediaRegion: String
    let hostID: String?
    let primaryID: String?
    let tenantIDs: [String]
    let features: MeetingFeatures

    init(_ body: JSONValue) throws(ServiceError) {
        guard let token = try Validation.optionalRequestToken(body) else {
            throw .badRequest("ClientRequestToken is required")
        }
        clientRequestToken = token
        mediaRegion = try Validation.mediaRegion(body)
        externalID = try Validation.externalID(body, "ExternalMeetingId")
        hostID = try Validation.optionalExternalID(body, "MeetingHostId")
        primaryID = try Validation.optionalText(body, "PrimaryMeetingId", length: 2...64)?.lowercased()
        tenantIDs = try Validation.tenantIDs(body)
        if let features = body["MeetingFeatures"] {
            self.features = try MeetingFeatures(features)
        } else {
            features = MeetingFeatures()
        }
        if let notifications = body["NotificationsConfiguration"] {
            for name in ["LambdaFunctionArn", "SnsTopicArn", "SqsQueueArn"] {
                _ = try Validation.optionalARN(notifications, name)
            }
        }
        if body["MediaPlacementNetworkType"] != nil {
            _ = try Validation.choice(body, "MediaPlacementNetworkType", ["Ipv4Only", "DualStack"])
        }
        try Validation.tags(body, countMax: 50)
    }
}
