internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

extension SessionState {
    /// - Parameters:
    ///   - now: the time at which open invitations are evaluated.
    ///   - isPresent: whether a person has an open watch or a recent heartbeat.
    func wire(for viewer: Viewer, now: Timestamp, isPresent: (ParticipantID) -> Bool = { _ in false })
        -> Telehealth_V1_Session
    {
        var wire = session.wire(for: viewer)
        wire.view = .full
        wire.meeting = viewer.isStaff ? currentMeeting?.wire : nil
        let roster = rostered
        wire.participants.reserveCapacity(roster.count)
        // By index, for no copies of people.
        for index in roster.indices where viewer.sees(roster[index]) {
            wire.participants.append(
                roster[index].wire(for: viewer, in: session, isPresent: isPresent(roster[index].id)))
        }
        wire.clientInWaitingRoom = participants.indices.contains {
            participants[$0].state == .waiting && participants[$0].isClientParty
        }
        wire.invitations = invitations.map { $0.wire(at: now) }
        let active = recordings.last { $0.state.mayCapture }
        wire.recordingEnabled = active.map { $0.state != .stopping } ?? false
        // A capture starts and continues only while every admitted person's consent is valid: the recording's state
        // shows that.
        wire.recordingConsent = active.map { $0.state != .stopping && $0.consentRevokedAt == nil } ?? false
        wire.activeRecording = active?.wire(for: viewer)
        let running = screenShares.last { $0.stoppedAt == nil }
        wire.screenSharingActive = running != nil
        wire.screenSharingStartTime = running?.startedAt.wire
        wire.screenShares = screenShares.suffix(Self.screenSharesMax).map(\.wire)
        return wire
    }

    /// A visit has a handful; the limit keeps a response small if someone toggles for hours.
    private static let screenSharesMax = 100

    private var currentMeeting: MeetingGeneration? {
        meetings.last { $0.generation == session.currentGeneration }
    }
}

extension Session {
    /// In view BASIC: without participants, meeting, recordings and screen shares, as in ListSessions.
    func wire(for viewer: Viewer) -> Telehealth_V1_Session {
        var wire = Telehealth_V1_Session()
        wire.view = .basic
        wire.sessionID = id.rawValue
        if viewer.seesIDs {
            wire.appointmentID = appointmentID.rawValue
            wire.clientID = clientID.rawValue
            wire.clinicianID = clinicianID.rawValue
            wire.guardianID = guardianID?.rawValue ?? ""
        }
        wire.scheduledStartTime = startsAt.wire
        wire.scheduledEndTime = endsAt.wire
        wire.status = status.wire
        wire.statusUpdateTime = statusUpdatedAt.wire
        wire.admissionPolicy = admissionPolicy.wire
        wire.clientJoinURL = clientJoinURL
        wire.waitingRoomEnterTime = waitingRoomEnteredAt?.wire
        wire.clinicianJoinTime = clinicianArrivedAt?.wire
        wire.startTime = startedAt?.wire
        wire.endTime = endedAt?.wire
        if let startedAt, let endedAt {
            let seconds = (endedAt - startedAt).wholeMicroseconds / 1_000_000
            wire.durationSeconds = seconds
            wire.durationMinutes = Int32(clamping: (seconds + 30) / 60)
        }
        wire.endReason = endReason?.wire ?? .unspecified
        wire.cancelReason = cancelReason?.wire ?? .unspecified
        wire.noShowParty = noShowParty?.wire ?? .unspecified
        wire.noShowUndoTime = noShowUndoneAt?.wire
        wire.lastEventSequence = lastEventSequence
        wire.version = version
        wire.createTime = createdAt.wire
        wire.updateTime = updatedAt.wire
        if viewer.isStaff {
            wire.clinicianJoinURL = clinicianJoinURL
            wire.closingNote = endNote ?? ""
            wire.createCaller = createdBy
            wire.updateCaller = lastModifiedBy
        }
        return wire
    }
}

extension Participant {
    func wire(for viewer: Viewer, in session: Session, isPresent: Bool) -> Telehealth_V1_Participant {
        var wire = Telehealth_V1_Participant()
        wire.participantID = id.rawValue
        wire.role = role.wire
        if viewer.seesIDs || viewer.isSelf(self) { wire.personID = subjectID.rawValue }
        wire.state = state.wire
        wire.present = isPresent
        if viewer.isStaff || viewer.isSelf(self), attendeeGeneration == session.currentGeneration, let attendeeID {
            wire.provider = .chime(.with { $0.attendeeID = attendeeID })
        }
        wire.firstJoinTime = firstJoinedAt?.wire
        wire.firstWaitTime = firstWaitingAt?.wire
        wire.waitStartTime = waitingSince?.wire
        wire.admitTime = admittedAt?.wire
        wire.leaveTime = leftAt?.wire
        if viewer.seesCheck(of: self) { wire.preVisitCheck = preVisitCheck?.wire }
        wire.capabilities = capabilities.wire
        wire.held = isHeld
        return wire
    }
}

extension Invitation {
    func wire(at now: Timestamp) -> Telehealth_V1_Invitation {
        var wire = Telehealth_V1_Invitation()
        wire.invitationID = id.rawValue
        wire.role = role.wire
        wire.state = state(at: now).wire
        wire.createTime = createdAt.wire
        wire.expireTime = expiresAt.wire
        wire.participantID = participantID?.rawValue ?? ""
        return wire
    }
}

extension PreVisitCheck {
    /// - Returns: the check as the request states it; the domain sets `checkedAt`.
    init(_ wire: Telehealth_V1_PreVisitCheck, _ fields: inout RequestFields) {
        let state = wire.locationState
        if !state.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) {
            fields.refuse("pre_visit_check.location_state", "must be two upper-case letters")
        }
        let phone = fields.text("pre_visit_check.emergency_contact_phone", wire.emergencyContactPhone)
        if phone.saysSomething, !Self.isPhone(phone) {
            fields.refuse(
                "pre_visit_check.emergency_contact_phone", "must be a phone number, optionally with an extension such as x12")
        }
        self.init(
            locationState: state,
            locationAddress: fields.text("pre_visit_check.location_address", wire.locationAddress),
            emergencyContactName: fields.text(
                "pre_visit_check.emergency_contact_name", wire.emergencyContactName),
            emergencyContactPhone: phone, isLocationPrivate: wire.privatePlace,
            hasReliableConnection: wire.reliableConnection,
            device: fields.choice(
                "pre_visit_check.device_type", wire.deviceType, DeviceType(wire.deviceType), default: .desktop
            ),
            checkedAt: Timestamp(microseconds: 0))
    }

    /// At least three digits, with the usual characters between and after them: "+1 (404) 555-0100 ext. 12", "555
    /// 0100#7".
    private static func isPhone(_ text: String) -> Bool {
        let digits = text.utf8.count { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        return digits >= 3
            && text.utf8.allSatisfy { byte in
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                    || phoneMarks.utf8.contains(byte)
            }
    }

    private static let phoneMarks = " +-().,;*#/"

    var wire: Telehealth_V1_PreVisitCheck {
        var wire = Telehealth_V1_PreVisitCheck()
        wire.locationState = locationState
        wire.locationAddress = locationAddress
        wire.emergencyContactName = emergencyContactName
        wire.emergencyContactPhone = emergencyContactPhone
        wire.privatePlace = isLocationPrivate
        wire.reliableConnection = hasReliableConnection
        wire.deviceType = device.wire
        wire.statementTime = checkedAt.wire
        return wire
    }
}

extension ScreenShare {
    var wire: Telehealth_V1_ScreenShare {
        var wire = Telehealth_V1_ScreenShare()
        wire.screenShareID = id.rawValue
        wire.participantID = participantID.rawValue
        wire.startTime = startedAt.wire
        wire.endTime = stoppedAt?.wire
        return wire
    }
}

extension MeetingGeneration {
    var wire: Telehealth_V1_MeetingGeneration {
        var wire = Telehealth_V1_MeetingGeneration()
        wire.number = Int32(clamping: generation)
        wire.state = state.wire
        wire.provider = .chime(
            .with {
                $0.meetingID = meetingID ?? ""
                $0.externalMeetingID = clientRequestToken
                $0.mediaRegion = mediaRegion
                $0.controlRegion = controlRegion
            })
        wire.createTime = createdAt.wire
        wire.endTime = endedAt?.wire
        return wire
    }
}
