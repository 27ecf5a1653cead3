/// Media presence, which the control plane never sees itself: the admin interface plays the clients.
extension SimulatedChime {
    enum PresenceAction: String, Sendable {
        case join
        case leave
        case drop
        case videoStart = "video-start"
        case videoStop = "video-stop"
        case contentStart = "content-start"
        case contentStop = "content-stop"
    }

    /// - Throws: `notFound` when the attendee's token is dead (attendee deleted, meeting ended), `conflict` when
    ///   the attendee is not in a state for the action.
    mutating func act(_ action: PresenceAction, attendeeID: String, now: Timestamp) throws(ServiceError) {
        guard let meetingID = meetingIDsByAttendee[attendeeID], let meeting = meetings[meetingID],
            meeting.isLive,
            let index = meeting.index(ofAttendee: attendeeID)
        else { throw .notFound("Attendee \(attendeeID) has no live token") }
        let attendee = meeting.attendees[index]
        if action == .join {
            connect(attendeeID, in: meetingID, at: now)
            return
        }
        guard attendee.joinedAt != nil else { throw .conflict("Attendee \(attendeeID) has not joined") }
        switch action {
        case .join: break
        case .leave: disconnect(attendeeID, in: meetingID, as: .attendeeLeft, at: now)
        case .drop: disconnect(attendeeID, in: meetingID, as: .attendeeDropped, at: now)
        case .videoStart, .videoStop:
            guard attendee.capabilities.video.canSend else {
                throw .conflict("the attendee may not send video")
            }
            meetings[meetingID]?.attendees[index].hasVideo = action == .videoStart
            let kind: ChimeEvent.Kind = action == .videoStart ? .attendeeVideoStarted : .attendeeVideoStopped
            events.append(numbered(meeting.event(kind, at: now, attendee: attendee)))
        case .contentStart, .contentStop:
            guard attendee.capabilities.content.canSend else {
                throw .conflict("the attendee may not send content")
            }
            meetings[meetingID]?.attendees[index].hasContent = action == .contentStart
            let kind: ChimeEvent.Kind =
                action == .contentStart ? .attendeeContentJoined : .attendeeContentLeft
            events.append(numbered(meeting.event(kind, at: now, attendee: attendee)))
        }
    }

    /// A second connection with one token takes the place of the first; AWS reports it as an authorization.
    mutating func connect(_ attendeeID: String, in meetingID: String, at now: Timestamp) {
        guard let meeting = meetings[meetingID], let index = meeting.index(ofAttendee: attendeeID) else {
            return
        }
        let attendee = meeting.attendees[index]
        if attendee.joinedAt != nil {
            events.append(numbered(meeting.event(.attendeeAuthorized, at: now, attendee: attendee)))
            return
        }
        meetings[meetingID]?.attendees[index].joinedAt = now
        meetings[meetingID]?.silentSince = nil
        events.append(numbered(meeting.event(.attendeeJoined, at: now, attendee: attendee)))
    }

    mutating func disconnect(
        _ attendeeID: String, in meetingID: String, as kind: ChimeEvent.Kind, at now: Timestamp
    ) {
        guard let meeting = meetings[meetingID], let index = meeting.index(ofAttendee: attendeeID),
            meeting.attendees[index].joinedAt != nil
        else { return }
        meetings[meetingID]?.attendees[index].joinedAt = nil
        meetings[meetingID]?.attendees[index].hasVideo = false
        meetings[meetingID]?.attendees[index].hasContent = false
        events.append(numbered(meeting.event(kind, at: now, attendee: meeting.attendees[index])))
        let isSilent = meetings[meetingID]?.attendees.allSatisfy { $0.joinedAt == nil } ?? false
        if isSilent {
            meetings[meetingID]?.silentSince = now
            queueDeadline(ofMeeting: meetingID)
        }
    }
}
