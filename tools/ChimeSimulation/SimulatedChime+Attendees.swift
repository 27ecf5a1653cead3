extension SimulatedChime {
    /// One attendee that a request asks for.
    struct AttendeeOrder {
        let externalUserID: String
        let capabilities: Capabilities?

        init(_ body: JSONValue) throws(ServiceError) {
            externalUserID = try Validation.externalID(body, "ExternalUserId")
            if let capabilities = body["Capabilities"] {
                self.capabilities = try Capabilities(capabilities)
            } else {
                capabilities = nil
            }
        }
    }

    func attendeeOrders(_ body: JSONValue, countMax: Int) throws(ServiceError) -> [AttendeeOrder] {
        var orders: [AttendeeOrder] = []
        for item in try Validation.items(body, "Attendees", count: 1...countMax) {
            orders.append(try AttendeeOrder(item))
        }
        return orders
    }

    mutating func createAttendee(
        _ meetingID: String, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let order = try AttendeeOrder(try context.body())
        let meeting = try liveMeeting(meetingID, context)
        let attendee = try makeAttendee(order, in: meeting, now: context.now)
        return SimulatedResponse(status: 200, json: ["Attendee": attendee.json])
    }

    mutating func batchCreateAttendee(
        _ meetingID: String, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let orders = try attendeeOrders(try context.body(), countMax: 100)
        let meeting = try liveMeeting(meetingID, context)
        let (made, errors) = makeAttendees(orders, in: meeting.id, now: context.now)
        return SimulatedResponse(status: 200, json: ["Attendees": .array(made), "Errors": .array(errors)])
    }

    /// Makes each attendee that can be made; the others are reported one by one, as AWS's batch calls do.
    mutating func makeAttendees(
        _ orders: [AttendeeOrder], in meetingID: String, now: Timestamp
    ) -> (made: [JSONValue], errors: [JSONValue]) {
        var made: [JSONValue] = []
        var errors: [JSONValue] = []
        for order in orders {
            do throws(ServiceError) {
                guard let meeting = meetings[meetingID] else {
                    throw .notFound("Meeting \(meetingID) not found")
                }
                made.append(try makeAttendee(order, in: meeting, now: now).json)
            } catch {
                errors.append([
                    "ExternalUserId": .string(order.externalUserID), "ErrorCode": .string(error.shortCode),
                    "ErrorMessage": .string(error.message),
                ])
            }
        }
        return (made, errors)
    }

    /// The attendee of that external user: a new one, or the one that the meeting has already. The external
    /// user id is documented as the idempotency token, so the capabilities of a repeated request change
    /// nothing.
    ///
    /// A meeting that has ended still repeats its attendees to a repeated CreateMeetingWithAttendees.
    private mutating func makeAttendee(
        _ order: AttendeeOrder, in meeting: Meeting, now: Timestamp
    ) throws(ServiceError) -> Attendee {
        if let index = meeting.index(ofUser: order.externalUserID) { return meeting.attendees[index] }
        guard meeting.isLive else { throw .notFound("Meeting \(meeting.id) not found") }
        let capabilities = order.capabilities ?? .standard(in: meeting.features)
        try capabilities.check(in: meeting.features)
        guard meeting.attendees.count < meeting.features.attendeeLimit else {
            throw .limitExceeded("The meeting has \(meeting.features.attendeeLimit) attendees")
        }
        let id = identifiers.uuid()
        let token = Base64.encoded("\(id):\(identifiers.uuid())")
        let attendee = Attendee(
            id: id, externalUserID: order.externalUserID, joinToken: token, ordinal: meeting.nextOrdinal,
            createdAt: now, capabilities: capabilities)
        _ = meetings[meeting.id]?.takeOrdinal()
        meetings[meeting.id]?.attendees.append(attendee)
        meetingIDsByAttendee[id] = meeting.id
        events.append(numbered(meeting.event(.attendeeAdded, at: now, attendee: attendee)))
        if configuration.autoJoins { connect(id, in: meeting.id, at: now) }
        return attendee
    }

    mutating func listAttendees(
        _ meetingID: String, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let meeting = try liveMeeting(meetingID, context)
        let limit = try Validation.maxResults(context.request)
        let after = try pageStart(context.request)
        let rest = meeting.attendees.filter { $0.ordinal > after }
        let page = rest.prefix(limit)
        return SimulatedResponse(
            status: 200,
            json: [
                "Attendees": .array(page.map(\.json)),
                "NextToken": rest.count > limit ? page.last.map { .string("page-\($0.ordinal)") } : nil,
            ])
    }

    /// The ordinal after which a page begins: 0 for the first.
    func pageStart(_ request: SimulatedRequest) throws(ServiceError) -> Int {
        guard let token = request.queryValue("next-token") else { return 0 }
        guard token.hasPrefix("page-"), let ordinal = Int(token.dropFirst(5)) else {
            throw .badRequest("NextToken is not valid")
        }
        return ordinal
    }

    mutating func getAttendee(
        _ meetingID: String, _ attendeeID: String, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let (meeting, index) = try attendee(attendeeID, in: meetingID, context)
        return SimulatedResponse(status: 200, json: ["Attendee": meeting.attendees[index].json])
    }

    /// The attendee's token is dead from here on; a connection that it had is cut.
    mutating func deleteAttendee(
        _ meetingID: String, _ attendeeID: String, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let (meeting, index) = try attendee(attendeeID, in: meetingID, context)
        let id = meeting.attendees[index].id
        disconnect(id, in: meeting.id, as: .attendeeLeft, at: context.now)
        guard var deleted = meetings[meeting.id]?.attendees.remove(at: index) else {
            return .init(status: 204)
        }
        deleted.deletedAt = context.now
        events.append(numbered(meeting.event(.attendeeDeleted, at: context.now, attendee: deleted)))
        meetings[meeting.id]?.deletedAttendees.append(deleted)
        if meeting.deletedAttendees.count >= Meeting.deletedAttendeesMax,
            let oldest = meetings[meeting.id]?.deletedAttendees.removeFirst()
        {
            meetingIDsByAttendee[oldest.id] = nil
        }
        return SimulatedResponse(status: 204)
    }

    mutating func updateCapabilities(
        _ meetingID: String, _ attendeeID: String, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let body = try context.body()
        let capabilities = try Capabilities(try Validation.object(body, "Capabilities"))
        let (meeting, index) = try attendee(attendeeID, in: meetingID, context)
        try capabilities.check(in: meeting.features)
        setCapabilities(capabilities, in: meeting, index: index, now: context.now)
        var attendee = meeting.attendees[index]
        attendee.capabilities = capabilities
        return SimulatedResponse(status: 200, json: ["Attendee": attendee.json])
    }

    mutating func updateCapabilitiesExcept(
        _ meetingID: String, _ context: CallContext
    ) throws(ServiceError) -> SimulatedResponse {
        let body = try context.body()
        let capabilities = try Capabilities(try Validation.object(body, "Capabilities"))
        var excluded: Set<String> = []
        for item in try Validation.items(body, "ExcludedAttendeeIds", count: 1...250) {
            let id = try Validation.text(item, "AttendeeId", length: 36...36)
            excluded.insert(try Validation.guid(id, "AttendeeId"))
        }
        let meeting = try liveMeeting(meetingID, context)
        try capabilities.check(in: meeting.features)
        for (index, attendee) in meeting.attendees.enumerated() where !excluded.contains(attendee.id) {
            setCapabilities(capabilities, in: meeting, index: index, now: context.now)
        }
        return SimulatedResponse(status: 200)
    }

    private mutating func setCapabilities(
        _ capabilities: Capabilities, in meeting: Meeting, index: Int, now: Timestamp
    ) {
        meetings[meeting.id]?.attendees[index].capabilities = capabilities
        if !capabilities.video.canSend { meetings[meeting.id]?.attendees[index].hasVideo = false }
        if !capabilities.content.canSend { meetings[meeting.id]?.attendees[index].hasContent = false }
        var event = meeting.event(.attendeeCapabilitiesUpdated, at: now, attendee: meeting.attendees[index])
        event.capabilities = capabilities
        events.append(numbered(event))
    }

    private func attendee(
        _ attendeeID: String, in meetingID: String, _ context: CallContext
    ) throws(ServiceError) -> (Meeting, Int) {
        let id = try Validation.guid(attendeeID, "AttendeeId")
        let meeting = try liveMeeting(meetingID, context)
        guard let index = meeting.index(ofAttendee: id) else { throw .notFound("Attendee \(id) not found") }
        return (meeting, index)
    }
}
