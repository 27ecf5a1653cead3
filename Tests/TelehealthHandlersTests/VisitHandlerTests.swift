import ProtobufWire
import RPCModel
import ServiceSimulation
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

@Suite("TelehealthService", .timeLimit(.minutes(3))) struct VisitHandlerTests {
    private static let check = Telehealth_V1_PreVisitCheck.with {
        $0.locationState = "CA"
        $0.locationAddress = "1 Market St, San Francisco"
        $0.emergencyContactName = "Pat"
        $0.emergencyContactPhone = "+1 (415) 555-0100 x12"
        $0.privatePlace = true
        $0.reliableConnection = true
        $0.deviceType = .tablet
    }

    /// The view that somebody has of the clinic's visit.
    private func view(_ service: SimulatedService, _ client: TelehealthClient) async throws -> Telehealth_V1_Session {
        let visit = try service.sessionID
        return try #require(try await client.sessions.get(.with { $0.key = .sessionID(visit) }).session)
    }

    private func join(
        _ service: SimulatedService, _ client: TelehealthClient,
        _ change: (inout Telehealth_V1_JoinSessionRequest) -> Void = { _ in }
    ) async throws -> Telehealth_V1_JoinSessionResponse {
        let visit = try service.sessionID
        let request = Telehealth_V1_JoinSessionRequest.with {
            $0.key = .sessionID(visit)
            change(&$0)
        }
        return try await service.working { try await client.sessions.join(request) }
    }

    // MARK: What reads leave in the audit log

    @Test func `a read whose row cannot be written is answered with an error in place of what was read`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        service.clinic.failRecording(with: .closed)
        let unavailable = Refusal(.unavailable, "AUDIT_UNAVAILABLE")
        let session = await refusal { try await service.clinician.sessions.get(.with { $0.key = .sessionID(visit) }) }
        #expect(session == unavailable)
        #expect(await refusal { try await service.clinician.sessions.list(.init()) } == unavailable)
        let appointment = await refusal {
            try await service.clinician.appointments.get(.with { $0.appointmentID = "appointment-1" })
        }
        #expect(appointment == unavailable)
        let consents = await refusal { try await service.patient.consents.list(.with { $0.personID = "client-1" }) }
        #expect(consents == unavailable)
    }

    @Test func `a read that is answered has its row in the audit log`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let visit = try service.sessionID
        for count in 1...3 {
            _ = try await service.clinician.sessions.get(.with { $0.key = .sessionID(visit) })
            #expect(service.clinic.auditEntries.count { $0.action == "GetSession" } == count)
        }
    }

    // MARK: Creating and reading

    @Test func `a session is created from its appointment, and every field of it is shown to who created it`()
        async throws
    {
        let service = try await SimulatedService(stage: .empty)
        let (start, end) = (service.now.seconds + 600, service.now.seconds + 4200)
        _ = try await service.scheduler.appointments.put(
            .with {
                ($0.appointmentID, $0.clientID, $0.clinicianID) = ("appointment-7", "client-7", "clinician-7")
                $0.guardianID = "guardian-7"
                ($0.scheduledStartTime, $0.scheduledEndTime) = (.with { $0.seconds = start }, .with { $0.seconds = end })
                ($0.timeZone, $0.sourceVersion) = ("America/New_York", 1)
            })
        let request = Telehealth_V1_CreateSessionRequest.with {
            ($0.appointmentID, $0.admissionPolicy) = ("appointment-7", .manual)
        }
        let answer = try await service.once(request) { try await service.scheduler.sessions.create($0) }
        let session = try #require(answer.session)
        let now = service.now
        #expect(
            session
                == .with {
                    $0.sessionID = session.sessionID
                    $0.appointmentID = "appointment-7"
                    $0.clientID = "client-7"
                    $0.clinicianID = "clinician-7"
                    $0.guardianID = "guardian-7"
                    $0.status = .scheduled
                    $0.view = .full
                    $0.version = 1
                    $0.lastEventSequence = 1
                    $0.scheduledStartTime = .with { $0.seconds = start }
                    $0.scheduledEndTime = .with { $0.seconds = end }
                    $0.admissionPolicy = .manual
                    $0.createTime = now
                    $0.updateTime = now
                    $0.statusUpdateTime = now
                    $0.createCaller = "scheduler"
                    $0.updateCaller = "scheduler"
                    $0.clinicianJoinURL = session.clinicianJoinURL
                    $0.clientJoinURL = session.clientJoinURL
                    $0.participants = session.participants
                    $0.meeting = session.meeting
                })
        #expect(session.participants.allSatisfy { $0.state == .expected && !$0.present })
        #expect(session.clientJoinURL.contains(session.sessionID) && session.clinicianJoinURL.contains(session.sessionID))
        let second = await refusal {
            try await service.scheduler.sessions.create(.with { $0.appointmentID = "appointment-7" })
        }
        #expect(second == Refusal(.alreadyExists, "SESSION_EXISTS", ["session_id": session.sessionID]))
        let unknown = await refusal {
            try await service.scheduler.sessions.create(.with { $0.appointmentID = "nothing" })
        }
        #expect(unknown == Refusal(.notFound, "APPOINTMENT_NOT_FOUND"))
    }

    @Test func `a session is read by its id and by its appointment, and a request that names neither is refused`()
        async throws
    {
        let service = try await SimulatedService(stage: .booked)
        let byID = try await view(service, service.clinician)
        let byAppointment = try await service.clinician.sessions.get(.with { $0.key = .appointmentID("appointment-1") })
        #expect(byAppointment.session == byID)
        let neither = await refusal { try await service.clinician.sessions.get(.init()) }
        #expect(neither == .fields("key"))
        let stranger = await refusal {
            try await service.stranger.sessions.get(.with { $0.key = .appointmentID("appointment-1") })
        }
        #expect(stranger == .noSession)
    }

    @Test func `a running visit shows its meeting, its people, its recording and its shares`() async throws {
        let service = try await SimulatedService(stage: .recording)
        _ = try await service.patient.sessions.startScreenShare(.with { $0.sessionID = try service.sessionID })
        let state = try service.visit
        let session = try await view(service, service.clinician)
        let meeting = try #require(state.meetings.last)
        #expect(session.status == .inProgress && session.startTime == state.session.startedAt?.wire)
        #expect(session.waitingRoomEnterTime == state.session.waitingRoomEnteredAt?.wire)
        #expect(session.clinicianJoinTime == state.session.clinicianArrivedAt?.wire)
        #expect(session.waitingRoomEnterTime != nil && session.clinicianJoinTime != nil)
        #expect(
            session.meeting
                == .with {
                    $0.number = 1
                    $0.state = .active
                    $0.createTime = meeting.createdAt.wire
                    $0.provider = .chime(
                        .with {
                            $0.meetingID = meeting.meetingID ?? ""
                            $0.externalMeetingID = meeting.clientRequestToken
                            $0.mediaRegion = "us-east-1"
                            $0.controlRegion = "us-east-1"
                        })
                })
        #expect(Set(session.participants.map(\.personID)) == ["client-1", "clinician-1"])
        #expect(session.recordingEnabled && session.recordingConsent)
        #expect(session.activeRecording?.state == .recording)
        #expect(session.screenSharingActive && session.screenSharingStartTime == service.now)
        #expect(session.screenShares.count == 1)
    }

    @Test func `a client sees nothing that is the staff's, in every answer`() async throws {
        let service = try await SimulatedService(stage: .recording)
        let session = try await view(service, service.patient)
        #expect(session.meeting == nil && session.clinicianJoinURL.isEmpty && session.createCaller.isEmpty)
        #expect(session.activeRecording?.consentIds == [])
        let shared = try await service.patient.sessions.leave(.with { $0.sessionID = try service.sessionID }).session
        #expect(shared?.meeting == nil && shared?.clinicianJoinURL == "")
    }

    // MARK: Listing

    @Test func `sessions are listed by planned start, page by page, without their people`() async throws {
        let service = try await SimulatedService(stage: .booked)
        for number in 2...5 { try await book(service, number) }
        let paged = try await pages { token in
            let page = try await service.scheduler.sessions.list(.with { ($0.pageSize, $0.pageToken) = (2, token) })
            return (page.sessions, page.nextPageToken)
        }
        let listed = paged.flatMap(\.self)
        #expect(listed.map(\.appointmentID) == (1...5).map { "appointment-\($0)" } && paged.map(\.count) == [2, 2, 1])
        #expect(listed.allSatisfy { $0.view == .basic && $0.participants.isEmpty })
        let token = try await service.scheduler.sessions.list(.with { $0.pageSize = 2 }).nextPageToken
        let strange = await refusal {
            try await service.scheduler.sessions.list(.with { ($0.clientID, $0.pageToken) = ("client-1", token) })
        }
        #expect(strange == .pageTokenInvalid)
    }

    @Test func `each filter of a listing chooses sessions`() async throws {
        let service = try await SimulatedService(stage: .booked)
        for number in 2...3 { try await book(service, number) }
        _ = try await service.scheduler.sessions.cancel(.with { $0.sessionID = try service.sessionID })
        func list(_ ask: (inout Telehealth_V1_ListSessionsRequest) -> Void) async throws -> [String] {
            let request = Telehealth_V1_ListSessionsRequest.with(ask)
            return try await service.scheduler.sessions.list(request).sessions.map(\.appointmentID)
        }
        let second = try await service.scheduler.appointments.get(.with { $0.appointmentID = "appointment-2" })
        let start = try #require(second.appointment?.scheduledStartTime)
        #expect(try await list { $0.clientID = "client-2" } == ["appointment-2"])
        #expect(try await list { $0.clinicianID = "clinician-3" } == ["appointment-3"])
        #expect(try await list { $0.appointmentID = "appointment-1" } == ["appointment-1"])
        #expect(try await list { $0.statuses = [.cancelled] } == ["appointment-3"])
        #expect(try await list { $0.statuses = [.scheduled, .inProgress] } == ["appointment-1", "appointment-2"])
        #expect(try await list { $0.scheduledStartTimeFrom = start } == ["appointment-2", "appointment-3"])
        #expect(try await list { $0.scheduledStartTimeBefore = start } == ["appointment-1"])
        let own = try await service.stranger.sessions.list(.init()).sessions
        #expect(own.map(\.appointmentID) == ["appointment-2"])
    }

    /// Another appointment with its session, an hour after the one before.
    private func book(_ service: SimulatedService, _ number: Int) async throws {
        let start = service.now.seconds + Int64(number) * 3600
        _ = try await service.scheduler.appointments.put(
            .with {
                ($0.appointmentID, $0.clientID, $0.clinicianID) =
                    ("appointment-\(number)", "client-\(number)", "clinician-\(number)")
                $0.scheduledStartTime = .with { $0.seconds = start }
                $0.scheduledEndTime = .with { $0.seconds = start + 1800 }
                ($0.timeZone, $0.sourceVersion) = ("America/New_York", 1)
            })
        _ = try await service.scheduler.sessions.create(.with { $0.appointmentID = "appointment-\(number)" })
    }

    // MARK: Coming

    @Test func `a client who comes is shown waiting, with every answer of the check, and gets no credentials`()
        async throws
    {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        let request = Telehealth_V1_JoinSessionRequest.with {
            $0.key = .sessionID(visit)
            $0.preVisitCheck = Self.check
            $0.preVisitCheck?.locationState = "GA"
            $0.deviceID = "device-1"
        }
        let answer = try await service.once(request) { try await service.patient.sessions.join($0) }
        var check = Self.check
        check.locationState = "GA"
        check.statementTime = service.now
        #expect(answer.outcome == .waiting && answer.credentials == nil)
        #expect(answer.participant?.preVisitCheck == check && answer.participant?.state == .waiting)
        #expect(answer.participant?.firstWaitTime == service.now && answer.participant?.waitStartTime == service.now)
        #expect(answer.session?.status == .waitingRoom && answer.session?.clientInWaitingRoom == true)
        #expect(try service.visit.session.status == .waitingRoom)
    }

    @Test func `whoever leads comes by the appointment's id, and gets what the video client needs`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let answer = try await service.working {
            try await service.clinician.sessions.join(.with { $0.key = .appointmentID("appointment-1") })
        }
        let meeting = try #require(try service.visit.meetings.last)
        let place = try #require(try service.visit.participants.first { $0.role == .clinician })
        #expect(answer.outcome == .admitted && answer.credentials?.generation == 1)
        #expect(
            answer.credentials?.chime
                == .with {
                    $0.meetingID = meeting.meetingID ?? ""
                    $0.externalMeetingID = meeting.clientRequestToken
                    $0.mediaPlacement = .init()
                    $0.attendeeID = place.attendeeID ?? ""
                    $0.externalUserID = place.externalUserID
                    $0.joinToken = "token-\(place.externalUserID)-\(meeting.meetingID ?? "")"
                })
        #expect(answer.participant?.provider == .chime(.with { $0.attendeeID = place.attendeeID ?? "" }))
    }

    @Test func `what is wrong with a check is named field by field`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        let refused = await refusal {
            try await service.patient.sessions.join(
                .with {
                    $0.key = .sessionID(visit)
                    $0.preVisitCheck = Self.check
                    $0.preVisitCheck?.locationState = "ga"
                    $0.preVisitCheck?.emergencyContactPhone = "call Pat"
                    $0.preVisitCheck?.locationAddress = " - "
                })
        }
        #expect(
            refused.map { Set($0.fields) }
                == [
                    "pre_visit_check.location_state", "pre_visit_check.emergency_contact_phone",
                    "pre_visit_check.location_address",
                ])
        let clinician = await refusal {
            try await service.clinician.sessions.join(
                .with { ($0.key, $0.preVisitCheck) = (.sessionID(visit), Self.check) })
        }
        #expect(clinician == .fields("pre_visit_check"))
        let unchecked = await refusal {
            try await service.patient.sessions.join(.with { $0.key = .sessionID(visit) })
        }
        #expect(unchecked == Refusal(.failedPrecondition, "PRE_VISIT_CHECK_REQUIRED"))
    }

    @Test func `a client without consents is told which are missing`() async throws {
        let service = try await SimulatedService(stage: .booked)
        let visit = try service.sessionID
        for consent in service.clinic.rows.consents {
            _ = try await service.patient.consents.revoke(.with { $0.consentID = consent.id.rawValue })
        }
        let refused = await refusal {
            try await service.patient.sessions.join(
                .with {
                    ($0.key, $0.preVisitCheck) = (.sessionID(visit), Self.check)
                    $0.preVisitCheck?.locationState = "GA"
                })
        }
        #expect(refused?.code == .failedPrecondition && refused?.reason == "CONSENT_MISSING")
        #expect(Set(refused?.missing ?? []) == ["georgia_telehealth of client-1", "hipaa_telehealth of client-1"])
    }

    @Test func `a video provider that fails is said to be unavailable or used up, with what it may be`() async throws {
        for (kind, expected) in [
            (GatewayError(kind: .quotaExceeded, code: "LimitExceeded"), Refusal(.resourceExhausted, "MEETING_QUOTA_EXCEEDED"))
        ] {
            let service = try await SimulatedService(stage: .booked)
            service.clinic.refuse("createMeeting", with: kind, times: 50)
            let visit = try service.sessionID
            let refused = await refusal {
                try await service.working {
                    try await service.clinician.sessions.join(.with { $0.key = .sessionID(visit) })
                }
            }
            #expect(refused == expected)
        }
    }

    @Test func `a heartbeat says how the visit stands and when the next is due`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let state = try service.visit.session
        let answer = try await service.patient.sessions.heartbeat(.with { $0.sessionID = state.id.rawValue })
        #expect(
            answer
                == .with {
                    $0.status = .inProgress
                    $0.participantState = .admitted
                    $0.sequence = state.lastEventSequence
                    $0.nextWithin = .with { $0.seconds = 15 }
                })
        let shown = try await view(service, service.clinician).participants.filter(\.present).map(\.personID)
        #expect(shown.contains("client-1"))
    }

    // MARK: Sharing

    @Test func `a screen share says whose it is, since when and until when`() async throws {
        let service = try await SimulatedService(stage: .visiting)
        let (visit, client) = (try service.sessionID, try service.participantID(.client))
        let start = Telehealth_V1_StartScreenShareRequest.with { $0.sessionID = visit }
        let begun = try #require(try await service.once(start) { try await service.patient.sessions.startScreenShare($0) }.screenShare)
        #expect(
            begun
                == .with {
                    $0.screenShareID = begun.screenShareID
                    $0.participantID = client
                    $0.startTime = service.now
                })
        let twice = await refusal { try await service.patient.sessions.startScreenShare(start) }
        #expect(twice == Refusal(.failedPrecondition, "SCREEN_SHARE_ACTIVE"))
        await service.clinic.live(for: .seconds(3))
        let stop = Telehealth_V1_StopScreenShareRequest.with { $0.sessionID = visit }
        let ended = try await service.once(stop) { try await service.patient.sessions.stopScreenShare($0) }.screenShare
        var expected = begun
        expected.endTime = service.now
        #expect(ended == expected)
        let idle = await refusal { try await service.patient.sessions.stopScreenShare(stop) }
        #expect(idle == Refusal(.failedPrecondition, "SCREEN_SHARE_NOT_ACTIVE"))
    }
}
