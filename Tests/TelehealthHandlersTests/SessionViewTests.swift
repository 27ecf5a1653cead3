import ProtobufWire
import TelehealthAPI
import TelehealthModel
import Testing

@testable import TelehealthHandlers

@Suite("What a viewer is shown") struct SessionViewTests {
    static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    static func state() -> SessionState {
        var session = Session(
            id: SessionID("s"), appointmentID: AppointmentID("a"), clientID: SubjectID("client-1"),
            guardianID: nil,
            clinicianID: SubjectID("clin-1"), startsAt: now, endsAt: now + .seconds(1800),
            admissionPolicy: .onClinicianJoin, clinicianJoinURL: "https://x/clinician",
            clientJoinURL: "https://x/client",
            createdAt: now, createdBy: "scheduler")
        session.currentGeneration = 2
        session.endNote = "private"
        session.startedAt = now
        session.endedAt = now + .seconds(89)
        var client = Participant(
            id: ParticipantID("p1"), sessionID: session.id, subjectID: session.clientID, role: .client,
            externalUserID: "x1", state: .admitted)
        client.preVisitCheck = PreVisitCheck(
            locationState: "GA", locationAddress: "1 Street", emergencyContactName: "N",
            emergencyContactPhone: "1",
            isLocationPrivate: true, hasReliableConnection: true, device: .mobile, checkedAt: now)
        client.attendeeID = "attendee-1"
        client.attendeeGeneration = 2
        var clinician = Participant(
            id: ParticipantID("p2"), sessionID: session.id, subjectID: session.clinicianID, role: .clinician,
            externalUserID: "x2", state: .admitted)
        clinician.attendeeID = "attendee-2"
        clinician.attendeeGeneration = 1
        let meetings = [1, 2].map {
            MeetingGeneration(
                sessionID: session.id, generation: $0, clientRequestToken: "m-g\($0)",
                controlRegion: "us-east-1",
                mediaRegion: "us-east-1", createdAt: now)
        }
        var recording = Recording(
            id: RecordingID("r"), sessionID: session.id, segment: 1, generation: 2, purpose: .clinical,
            requestedBy: "u", requestedAt: now, consentIDs: [ConsentID("c")], controlRegion: "us-east-1",
            bucket: "b", prefix: "p")
        recording.capturePipelineID = "pipe"
        recording.objectKey = "key"
        return SessionState(
            session: session, participants: [clinician, client], meetings: meetings, recordings: [recording])
    }

    static func view(_ role: Role, client: String? = nil, clinician: String? = nil) -> Telehealth_V1_Session {
        let caller = Caller(
            subject: "x", role: role, clientID: client.map(SubjectID.init(rawValue:)),
            clinicianID: clinician.map(SubjectID.init(rawValue:)), expiresAt: now)
        return state().wire(for: Viewer(caller, in: state()), now: now) { $0 == ParticipantID("p1") }
    }

    private static func attendee(_ id: String) -> Telehealth_V1_Participant.OneOf_Provider {
        .chime(.with { $0.attendeeID = id })
    }

    @Test func `a client sees nothing that is the staff's`() {
        let view = Self.view(.client, client: "client-1")
        #expect(view.clinicianJoinURL.isEmpty && view.closingNote.isEmpty && view.createCaller.isEmpty)
        #expect(view.meeting == nil)
        #expect(view.activeRecording?.objectKey == "")
        #expect(view.activeRecording?.consentIds == [])
        #expect(view.participants.first { $0.participantID == "p1" }?.provider == Self.attendee("attendee-1"))
        #expect(view.participants.first { $0.participantID == "p2" }?.provider == nil)
        #expect(view.participants.first { $0.participantID == "p1" }?.preVisitCheck?.locationState == "GA")
        #expect(view.clientJoinURL == "https://x/client")
    }

    @Test(arguments: [Role.service, .scheduler])
    func `staff outside the treatment sees the visit but not where the client is`(role: Role) {
        let view = Self.view(role)
        #expect(view.meeting?.number == 2)
        guard case .chime(let meeting)? = view.meeting?.provider else { return #expect(Bool(false), "not Chime's") }
        #expect(meeting.externalMeetingID == "m-g2" && meeting.mediaRegion == "us-east-1")
        #expect(view.participants.allSatisfy { $0.preVisitCheck == nil })
        #expect(view.activeRecording?.objectKey == "key")
    }

    @Test func `the treating clinician and an admin see the check, another clinician does not`() {
        #expect(Self.view(.clinician, clinician: "clin-1").participants[1].preVisitCheck != nil)
        #expect(Self.view(.admin).participants[1].preVisitCheck != nil)
        #expect(Self.view(.clinician, clinician: "clin-2").participants.isEmpty)
    }

    @Test func `a guest sees others by their role, and before being let in only themself`() {
        var state = Self.state()
        let place = Participant(
            id: ParticipantID("p3"), sessionID: state.session.id, subjectID: SubjectID("guest-1"),
            role: .guest,
            externalUserID: "x3", state: .waiting, invitationID: InvitationID("i"))
        state.participants.append(place)
        let caller = Caller(
            subject: "guest-1", role: .guest,
            guest: GuestIdentity(
                sessionID: state.session.id, participantID: place.id, subjectID: place.subjectID),
            expiresAt: Self.now)
        let waiting = state.wire(for: Viewer(caller, in: state), now: Self.now)
        #expect(waiting.participants.map(\.participantID) == ["p3"])
        #expect(waiting.clientID.isEmpty && waiting.clinicianID.isEmpty && waiting.appointmentID.isEmpty)
        state.participants[2].state = .admitted
        let inside = state.wire(for: Viewer(caller, in: state), now: Self.now)
        #expect(inside.participants.map(\.personID) == ["", "", "guest-1"])
        #expect(inside.participants.map(\.role) == [.clinician, .client, .guest])
        #expect(inside.participants.allSatisfy { $0.preVisitCheck == nil })
        #expect(inside.meeting == nil && inside.closingNote.isEmpty)
    }

    @Test func `an attendee of a dead generation is not shown as current`() {
        #expect(Self.view(.admin).participants[0].provider == nil)
        #expect(Self.view(.admin).participants[1].provider == Self.attendee("attendee-1"))
    }

    @Test(arguments: [(0, 0), (29, 0), (30, 1), (89, 1), (90, 2), (3599, 60)] as [(Int64, Int32)])
    func `the visit's length is told in seconds and in rounded minutes`(seconds: Int64, minutes: Int32) {
        var session = Self.state().session
        session.endedAt = Self.now + .seconds(seconds)
        let admin = Viewer(Caller(subject: "x", role: .admin, expiresAt: Self.now))
        #expect(session.wire(for: admin).durationSeconds == seconds)
        #expect(session.wire(for: admin).durationMinutes == minutes)
        session.startedAt = nil
        #expect(session.wire(for: admin).durationSeconds == nil)
    }

    @Test func `presence comes from who is heard now`() {
        let view = Self.view(.admin)
        #expect(view.participants.map(\.present) == [false, true])
    }

    @Test(arguments: SessionEvent.Kind.allCases)
    func `each kind of event has its own message`(kind: SessionEvent.Kind) {
        let event = SessionEvent(
            sessionID: SessionID("s"), sequence: 7, at: Self.now, kind: kind, status: .inProgress,
            participantID: ParticipantID("p"), recordingID: RecordingID("r"),
            screenShareID: ScreenShareID("x"),
            generation: 3, reason: .text("WHY"))
        let kinds = SessionEvent.Kind.allCases.map { other -> Telehealth_V1_SessionEvent.OneOf_Kind? in
            SessionEvent(
                sessionID: SessionID("s"), sequence: 7, at: Self.now, kind: other, status: .inProgress,
                participantID: ParticipantID("p"), recordingID: RecordingID("r"),
                screenShareID: ScreenShareID("x"),
                generation: 3, reason: .text("WHY")
            ).wire.kind
        }
        #expect(event.wire.sequence == 7 && event.wire.status == .inProgress)
        #expect(kinds.filter { $0 == event.wire.kind }.count == 1)
    }
}
